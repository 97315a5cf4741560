"""What the worker counts; the names that operators watch."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from common.contracts.signals import Kind
from common.metrics import SECONDS
from scoring.batch import Report
from scoring.commit import Commit
from scoring.errors import Doubt

AGES = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)


class WorkerMetrics:
    """Built once per process. Labels: outcomes and reasons from closed sets, and the partition number."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"churn_scoring_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"churn_scoring_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...] = SECONDS) -> Histogram:
            return Histogram(f"churn_scoring_{name}", text, buckets=buckets, registry=registry)

        self._events = counter("events_total", "Event records read, by what became of them.", "outcome")
        self._dead = counter("dead_letters_total", "Records set aside on the dead topic.", "reason")
        self._signals = counter("signals_total", "Signals told.", "kind", "to")
        self._timers = counter("timers_fired_total", "Timers that came due.")
        self._ticks = counter("ticks_read_total", "Ticks read.")
        self._commits = counter("commits_total", "Transactions written.")
        self._mismatches = counter("receipt_mismatches_total", "Receipts that missed their score by over 1e-9.")
        self._doubts = counter("partition_reopened_total", "Times a partition's memory was dropped.", "reason")
        self._recovered = counter("doubtful_commits_found_total", "Commits in doubt that had gone through.")
        self._owned = gauge("partitions_owned", "Partitions assigned to this worker.")
        self._lag = gauge("lag_seconds", "Age of the oldest record not yet read; 0 if there is none.", "partition")
        self._overdue = gauge("timer_overdue_seconds", "How long the earliest timer has been due.", "partition")
        self._outbox = gauge("outbox_rows", "Rows waiting for the log's ack.", "partition")
        self._window = gauge("dedupe_window_seconds", "How far back event ids are remembered.", "partition")
        self._commit_seconds = histogram("commit_seconds", "One transaction, from statement to answer.")
        self._batch_seconds = histogram("batch_seconds", "One run of records, from the poll to the commit.")
        self._age = histogram("signal_age_seconds", "Newest record's time to its commit (wall mode).", AGES)

    def committed(self, commit: Commit, report: Report, *, commit_seconds: float, batch_seconds: float) -> None:
        self._commits.inc()
        self._events.labels("counted").inc(report.events)
        self._events.labels("duplicate").inc(report.duplicates)
        self._timers.inc(report.fired)
        self._ticks.inc(report.ticks)
        self._mismatches.inc(report.mismatches)
        for reason in report.dead:
            self._dead.labels(reason.value).inc()
        for signal in commit.signals:
            # Flags and outcomes are named by the card, so the set is closed by it; steps may be named by anybody.
            to = "step" if signal.kind is Kind.MILESTONE_MISSED else signal.to
            self._signals.labels(signal.kind.value, to).inc()
        self._commit_seconds.observe(commit_seconds)
        self._batch_seconds.observe(batch_seconds)

    def told(self, age: float) -> None:
        self._age.observe(age)

    def doubted(self, doubt: Doubt) -> None:
        self._doubts.labels(type(doubt).__name__.lower()).inc()

    def recovered(self) -> None:
        self._recovered.inc()

    def owned(self, count: int) -> None:
        self._owned.set(count)

    def looked(self, partition: int, *, lag: float, overdue: float, outbox: int, window: float) -> None:
        label = str(partition)
        self._lag.labels(label).set(lag)
        self._overdue.labels(label).set(overdue)
        self._outbox.labels(label).set(outbox)
        self._window.labels(label).set(window)

    def lost(self, partition: int) -> None:
        """What another worker owns now is its to report."""
        for gauge in (self._lag, self._overdue, self._outbox, self._window):
            gauge.remove(str(partition))
