"""The metrics of alerts."""

from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from alerts.errors import Failure
from common.metrics import LATENCY

# One attempt: a channel answers within tens of milliseconds, or the attempt times out.
ATTEMPT = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
# From the event to its message: a second if all is well, a day after an outage.
EVENT_TO_SENT = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0)


class RecordOutcome(StrEnum):
    """What became of a record of the signals topic."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    UNREADABLE = "unreadable"
    ERASED = "erased"  # of an erased account


class QueueDepth(Struct, frozen=True, kw_only=True):
    """How many messages and signals the tables hold, of all replicas.

    `gathered` are first looks that wait to be told with others. `failed` were given up in the last seven days with no
    way left: their receiver was not told.
    """

    unsent: int
    held: int
    gathered: int
    waiting: int
    failed: int


class AlertsMetrics:
    """Built once per process. Labels: channels, outcomes and reasons from closed sets, and the partition number."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"churn_alerts_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"churn_alerts_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"churn_alerts_{name}", text, labels, buckets=buckets, registry=registry)

        self._signals = counter("signals_total", "Records of the signals topic, by what became of them.", "outcome")
        self._unreadable = counter("rows_unreadable_total", "Stored rows that deciding left out: they cannot be read.")
        self._decided = counter("decided_total", "Every yes and no, by its reason.", "reason")
        self._fired = counter(
            "timers_fired_total", "Timers that were due: accounts decided again, people told what was gathered."
        )
        self._reopened = counter("partition_reopened_total", "Times a partition was opened again for doubt.", "reason")
        self._sent = counter("notifications_sent_total", "Messages that a channel took.", "channel")
        self._failed = counter("deliveries_failed_total", "Attempts that failed.", "channel", "reason")
        self._given_up = counter(
            "notifications_given_up_total", "Messages whose way was given up for good.", "channel", "reason"
        )
        self._attempt = histogram("attempt_seconds", "One attempt, to the channel's answer.", ATTEMPT, "channel")
        self._event_to_sent = histogram(
            "event_to_sent_seconds",
            "From a signal's moment, or the end of its hold, to its message (wall mode).",
            EVENT_TO_SENT,
        )
        self._signal_to_sent = histogram(
            "signal_to_sent_seconds",
            "From a signal's record, or the end of its hold, to its message (wall mode).",
            LATENCY,
            "channel",
        )
        self._unsent = gauge("unsent", "Messages that are still to be sent.")
        self._oldest = gauge("oldest_unsent_seconds", "Since the oldest of them was first due.")
        self._held = gauge("held", "Messages that wait for a timer: recoveries that have to last, and relapses.")
        self._gathered = gauge("gathered", "First looks that wait to be told, one message a person.")
        self._waiting = gauge("waiting", "Late signals that wait for word that scoring has caught up.")
        self._lost = gauge("failed", "Messages given up in the last seven days with no way left.")
        self._age = gauge("tables_age_seconds", "Since these six were read; grows while the database is away.")
        self._lag = gauge(
            "lag_seconds",
            "Age of the oldest record not read at the most, 0 if there is none (wall mode).",
            "partition",
        )
        self._owned = gauge("partitions_owned", "Partitions assigned to this replica.")
        self._open = gauge("partitions_open", "Of those, the ones read to the end, whose messages it sends.")
        self._show_zeros()

    def _show_zeros(self) -> None:
        """Prometheus' rate() misses the first count of a series that did not exist before."""
        for outcome in RecordOutcome:
            self._signals.labels(outcome.value)
        for reason in DecisionReason:
            self._decided.labels(reason.value)
        for doubt in ("fenced", "unreachable"):
            self._reopened.labels(doubt)
        for channel in Channel:
            self._sent.labels(channel.value)
            self._attempt.labels(channel.value)
            self._signal_to_sent.labels(channel.value)
            for failure in Failure:
                self._failed.labels(channel.value, failure.value)
                self._given_up.labels(channel.value, failure.value)

    def took(self, outcome: RecordOutcome, records: int = 1) -> None:
        self._signals.labels(outcome.value).inc(records)

    def unreadable(self) -> None:
        """One stored row was left out of a decision."""
        self._unreadable.inc()

    def decided(self, reason: DecisionReason) -> None:
        self._decided.labels(reason.value).inc()

    def fired(self, timers: int) -> None:
        self._fired.inc(timers)

    def reopened(self, reason: str) -> None:
        """`reason` is fenced or unreachable."""
        self._reopened.labels(reason).inc()

    def attempted(self, channel: Channel, seconds: float) -> None:
        self._attempt.labels(channel.value).observe(seconds)

    def sent(self, channel: Channel, seconds_from_event: float | None, seconds_from_signal: float | None) -> None:
        """None where those moments are not of this clock (stream mode)."""
        self._sent.labels(channel.value).inc()
        if seconds_from_event is not None:
            self._event_to_sent.observe(seconds_from_event)
        if seconds_from_signal is not None:
            self._signal_to_sent.labels(channel.value).observe(max(0.0, seconds_from_signal))

    def failed(self, channel: Channel, failure: Failure, *, final: bool) -> None:
        """One attempt; `final` if the message's way is given up."""
        self._failed.labels(channel.value, failure.value).inc()
        if final:
            self._given_up.labels(channel.value, failure.value).inc()

    def measured(self, depth: QueueDepth) -> None:
        self._unsent.set(depth.unsent)
        self._held.set(depth.held)
        self._gathered.set(depth.gathered)
        self._waiting.set(depth.waiting)
        self._lost.set(depth.failed)

    def watch(self, *, tables_age: Callable[[], float], oldest_unsent: Callable[[], float]) -> None:
        """Both are called at every scrape and return seconds."""
        self._age.set_function(tables_age)
        self._oldest.set_function(oldest_unsent)

    def owned(self, partitions: int) -> None:
        self._owned.set(partitions)

    def count_open(self, opened: Callable[[], float]) -> None:
        self._open.set_function(opened)

    def watch_partition(self, partition: int, *, lag: Callable[[], float]) -> None:
        """`lag` is called at every scrape and returns seconds, until the partition is lost."""
        self._lag.labels(str(partition)).set_function(lag)

    def lost(self, partition: int) -> None:
        """Its new owner reports it from now on."""
        self._lag.remove(str(partition))
