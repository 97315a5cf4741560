from collections.abc import Callable, Collection, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from common.metrics import SECONDS
from ingest.errors import FieldError, FieldErrorReason


class IngestMetrics:
    """The metrics of ingest."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        events = Counter(
            "churn_ingest_events_total",
            "Events by what became of them; unknown: not acknowledged, the sender was told to repeat them.",
            ("outcome",),
            registry=registry,
        )
        self._accepted = events.labels("accepted")
        self._rejected = events.labels("rejected")
        self._unknown = events.labels("unknown")
        self._not_standard = Counter(
            "churn_ingest_events_not_standard_total",
            "Accepted events whose name the event catalogue does not have.",
            registry=registry,
        )
        self._followed = Counter(
            "churn_ingest_events_followed_total",
            "Events of merged accounts that were filed under the accounts that these go on as.",
            registry=registry,
        )
        errors = Counter(
            "churn_ingest_faults_total",
            "Faults found in rejected events.",
            ("reason",),
            registry=registry,
        )
        self._errors = {reason: errors.labels(reason.value) for reason in FieldErrorReason}
        requests = Counter(
            "churn_ingest_requests_total", "Requests to post events.", ("status_class",), registry=registry
        )
        self._requests = {family: requests.labels(f"{family}xx") for family in (2, 4, 5)}
        self._publish_seconds = Histogram(
            "churn_ingest_publish_seconds",
            "From handing a request's events to the log until all are acknowledged or given up.",
            buckets=SECONDS,
            registry=registry,
        )

    def answered(self, status: int) -> None:
        self._requests[status // 100].inc()

    def refused(self, errors: Collection[Sequence[FieldError]]) -> None:
        """Counts refused events, given the errors of each. Whether the others are acknowledged is not known yet."""
        if errors:
            self._rejected.inc(len(errors))
        for of_one in errors:
            for error in of_one:
                self._errors[error.reason].inc()

    def followed(self, events: int) -> None:
        """Counts events of merged accounts. Whether they are acknowledged is not known yet."""
        self._followed.inc(events)

    def published(self, seconds: float) -> None:
        """The duration of a publish, acknowledged or not."""
        self._publish_seconds.observe(seconds)

    def acknowledged(self, events: int, *, not_standard: int) -> None:
        self._accepted.inc(events)
        if not_standard:
            self._not_standard.inc(not_standard)

    def not_acknowledged(self, events: int) -> None:
        self._unknown.inc(events)

    def watch_aliases(self, *, known: Callable[[], float], age: Callable[[], float]) -> None:
        """As `watch`."""
        self._register(
            ("churn_ingest_aliases", "Merged accounts in memory, of 100,000 at most.", known),
            ("churn_ingest_aliases_age_seconds", "Since the aliases were read; grows while they cannot be.", age),
        )

    def watch(self, *, held_bytes: Callable[[], float], keys: Callable[[], float], age: Callable[[], float]) -> None:
        """Registers gauges that are read when Prometheus scrapes."""
        self._register(
            ("churn_ingest_pending_bytes", "Bytes of the bodies that are being worked on.", held_bytes),
            ("churn_ingest_keys", "Active keys in memory.", keys),
            ("churn_ingest_keys_age_seconds", "Since the keys were read; grows while they cannot be.", age),
        )

    def _register(self, *gauges: tuple[str, str, Callable[[], float]]) -> None:
        for name, text, source in gauges:
            Gauge(name, text, registry=self._registry).set_function(source)
