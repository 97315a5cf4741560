from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge

from ingest.sources.relay import FilingOutcome

# Bounds the labels: further sources are judged and listed, but have no metrics.
MOST_SOURCES: Final = 200


class SourceGauges(Struct, frozen=True):
    """`age` is seconds since the last event was received; `expected` is how many events usually come in that time."""

    source: str
    age: float
    expected: float
    silent: bool
    low: bool


class SourceMetrics:
    """Every process judges all sources, so each of them shows the same gauges."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._events = Counter(
            "churn_ingest_source_events_total",
            "Accepted live events by source, as written to PostgreSQL by this process.",
            ("source",),
            registry=registry,
        )
        self._age = self._gauge("churn_ingest_source_last_event_age_seconds", "Since a source's last live event.")
        self._expected = self._gauge(
            "churn_ingest_source_missing_events", "What a source usually sends in the time since its last event."
        )
        self._silent = self._gauge("churn_ingest_source_silent", "1: silent against its own baseline, with a key.")
        self._low = self._gauge("churn_ingest_source_low", "1: less than a quarter of the usual, for six hours.")
        filed = Counter(
            "churn_ingest_announcements_total",
            "Attempts to tell scoring that a source is silent or back.",
            ("outcome",),
            registry=registry,
        )
        self._filed = {outcome: filed.labels(outcome.value) for outcome in FilingOutcome}
        self._waiting = Gauge(
            "churn_ingest_announcement_waiting_seconds",
            "Since the oldest silence or return of a source was decided that scoring did not take yet.",
            registry=registry,
        )
        self._labelled: set[str] = set()

    def written(self, events: Mapping[str, int]) -> None:
        """Counts live events by source, once they are written."""
        for source, count in events.items():
            if source in self._labelled or len(self._labelled) < MOST_SOURCES:
                self._labelled.add(source)
                self._events.labels(source).inc(count)

    def judged(self, sources: Sequence[SourceGauges]) -> None:
        """Shows these sources, and removes all others."""
        for gauge in (self._age, self._expected, self._silent, self._low):
            gauge.clear()
        for each in sources[:MOST_SOURCES]:
            self._age.labels(each.source).set(each.age)
            self._expected.labels(each.source).set(each.expected)
            self._silent.labels(each.source).set(each.silent)
            self._low.labels(each.source).set(each.low)

    def attempted(self, outcome: FilingOutcome) -> None:
        self._filed[outcome].inc()

    def waiting(self, seconds: float) -> None:
        self._waiting.set(seconds)

    def watch(self, *, judged_age: Callable[[], float], dropped: Callable[[], float]) -> None:
        """Registers metrics that are read when Prometheus scrapes."""
        Gauge(
            "churn_ingest_sources_judged_age_seconds",
            "Since this process last judged the sources; grows while PostgreSQL does not answer.",
            registry=self._registry,
        ).set_function(judged_age)
        Gauge(
            "churn_ingest_source_counts_dropped",
            "Hours of a source whose counts had no room while PostgreSQL was away, since the start.",
            registry=self._registry,
        ).set_function(dropped)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, ("source",), registry=self._registry)
