"""The worker's metrics."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from common.contracts.dead_letters import DeadReason
from common.contracts.signals import Band, Kind
from common.erasures.erasure_spans import ErasureReason
from common.errors import Doubt, Fenced, Unreachable
from common.metrics import LATENCY, SECONDS
from scoring.core_form_metric import register_core_form
from scoring.health import RetractionResult
from scoring.partition.cache import CacheBound
from scoring.partition.commit import AnnouncementOutcome, BatchReport, Commit
from scoring.partition.event_use import UnusableKey, UseCount
from scoring.worker.cause import Cause

AGES = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)


# What `to` is called of a kind whose names nothing bounds.
_OPEN_NAMES = {Kind.MILESTONE_MISSED: "step", Kind.RETRACTED: "withdrawn"}


class WorkerMetrics:
    """Built once per process. Labels: outcomes and reasons from closed sets, and the partition number."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"churn_scoring_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"churn_scoring_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...] = SECONDS, *labels: str) -> Histogram:
            return Histogram(f"churn_scoring_{name}", text, labels, buckets=buckets, registry=registry)

        self._events = counter("events_total", "Event records read, by what became of them.", "outcome")
        self._erased = counter("events_erased_total", "Records that were left out, for somebody was erased.", "reason")
        self._other_content = counter(
            "event_ids_reused_total", "Duplicates with other content than the event that was counted under their id."
        )
        self._of_merged = counter(
            "merged_account_events_total", "Events counted for accounts that had been merged before: nothing is told."
        )
        self._unusable = counter(
            "unusable_values_total", "Values of counted events that a metric could not use.", "metric", "reason"
        )
        self._retractions = counter("retractions_total", "Retractions of events, by what became of them.", "result")
        self._dead = counter("dead_letters_total", "Records set aside on the dead topic.", "reason")
        self._signals = counter("signals_total", "Signals told.", "kind", "to")
        self._timers = counter("timers_fired_total", "Timers that came due.")
        self._ticks = counter("ticks_read_total", "Ticks read.")
        self._announcements = counter(
            "announcements_read_total", "Records about everybody that were read, by what became of them.", "outcome"
        )
        self._commits = counter("commits_total", "Transactions written.")
        self._mismatches = counter(
            "receipt_mismatches_total", "Receipts that did not add up (one step: over 1e-9; sums: over 1e-6)."
        )
        self._doubts = counter("partition_reopened_total", "Times a partition's memory was dropped.", "reason")
        self._recovered = counter("doubtful_commits_found_total", "Commits in doubt that had gone through.")
        self._partitions = gauge("partitions", "Partitions of the topics.")
        self._owned = gauge("partitions_owned", "Partitions assigned to this worker.")
        self._open = gauge("partitions_open", "Of those, the ones that are open, whose records it scores.")
        self._lag = gauge(
            "lag_seconds",
            "Age of the oldest record not read at the most, 0 if there is none (wall mode).",
            "partition",
        )
        self._overdue = gauge("timer_overdue_seconds", "How long a timer has been due (wall mode).", "partition")
        self._outbox = gauge("outbox_rows", "Rows waiting for the log's ack.", "partition")
        self._oldest = gauge("outbox_oldest_seconds", "Age of the oldest of them (wall mode).", "partition")
        self._window = gauge("dedupe_window_seconds", "How far back event ids are remembered.", "partition")
        self._used = gauge("dedupe_used_ratio", "Event ids remembered, of the most that may be.", "partition")
        self._stopped = gauge(
            "partition_stopped",
            "1 if it stopped: a newer version wrote a record, or ERASURE_KEY is not the right one.",
            "partition",
        )
        self._paused = gauge(
            "feeds_paused",
            "Sources whose silence holds back what is told of accounts, until some hours later.",
            "partition",
        )
        self._cached = gauge("accounts_cached", "Accounts kept in memory, by their form.", "form")
        self._cache_bytes = gauge("accounts_cached_bytes", "Bytes that these take, estimated.")
        self._cache_limit = gauge(
            "accounts_cached_limit_bytes", "The most that they may take: what SCORING_ACCOUNTS_MB leaves."
        )
        self._loaded = counter("accounts_loaded_total", "Accounts decoded to be scored, by where they were.", "source")
        self._commit_seconds = histogram("commit_seconds", "One transaction, from statement to answer.")
        self._batch_seconds = histogram("batch_seconds", "One run of records, from the poll to the commit.")
        self._age = histogram("signal_age_seconds", "Newest record's time to its commit (wall mode).", AGES)
        self._event_to_signal = histogram(
            "event_to_signal_seconds", "A signal's moment to the log's ack, both by its clock (wall mode).",
            LATENCY, "cause",
        )  # fmt: skip
        register_core_form(registry)
        self._show_zeros()

    def _show_zeros(self) -> None:
        """A series that begins with its first count hides that count from `rate`, so each begins with 0."""
        for outcome in ("counted", "duplicate"):
            self._events.labels(outcome)
        for result in RetractionResult:
            self._retractions.labels(result.value)
        for erased in ErasureReason:
            self._erased.labels(erased.value)
        for reason in DeadReason:
            self._dead.labels(reason.value)
        for told in AnnouncementOutcome:
            self._announcements.labels(told.value)
        for band in Band:
            self._signals.labels(Kind.BAND.value, band.value)
            self._signals.labels(Kind.FIRST_LOOK.value, band.value)
        for doubt in (Doubt, Fenced, Unreachable):
            self._doubts.labels(doubt.__name__.lower())
        for source in ("memory", "database"):
            self._loaded.labels(source)
        for cause in Cause:
            self._event_to_signal.labels(cause.value)

    def committed(self, commit: Commit, report: BatchReport, *, commit_seconds: float, batch_seconds: float) -> None:
        self._commits.inc()
        self._events.labels("counted").inc(report.events)
        self._events.labels("duplicate").inc(report.duplicates)
        self._other_content.inc(report.other_content)
        for erased, count in report.erased.items():
            self._erased.labels(erased.value).inc(count)
        self._of_merged.inc(report.of_merged)
        self._timers.inc(report.fired)
        self._ticks.inc(report.ticks)
        for outcome, count in report.announced.items():
            self._announcements.labels(outcome.value).inc(count)
        self._mismatches.inc(report.mismatches)
        for result, count in report.retractions.items():
            self._retractions.labels(result.value).inc(count)
        for reason in report.dead:
            self._dead.labels(reason.value).inc()
        for signal in commit.signals:
            # Flags and outcomes are named by the card, so the set is closed by it; steps may be named by anybody, and
            # any of these may be withdrawn.
            to = _OPEN_NAMES.get(signal.kind, signal.to)
            self._signals.labels(signal.kind.value, to).inc()
        self._commit_seconds.observe(commit_seconds)
        self._batch_seconds.observe(batch_seconds)

    def unusable(self, values: Mapping[UnusableKey, UseCount]) -> None:
        for key, count in values.items():
            self._unusable.labels(key.metric, key.reason.value).inc(count.count)

    def signal_age(self, age: float) -> None:
        """A run that made signals was committed; `age` is that of its newest record, in seconds."""
        self._age.observe(age)

    def signal_sent(self, cause: Cause, seconds: float) -> None:
        self._event_to_signal.labels(cause.value).observe(seconds)

    def doubted(self, doubt: Doubt) -> None:
        self._doubts.labels(type(doubt).__name__.lower()).inc()

    def recovered(self) -> None:
        self._recovered.inc()

    def partitions(self, count: int) -> None:
        self._partitions.set(count)

    def watch_caches(self, bound: CacheBound) -> None:
        """The caches of all partitions are measured when the metrics are scraped."""
        self._cache_limit.set_function(bound.room)
        self._cache_bytes.set_function(lambda: sum(cache.size() for cache in bound.caches))
        self._cached.labels("decoded").set_function(lambda: sum(cache.decoded for cache in bound.caches))
        self._cached.labels("packed").set_function(lambda: sum(cache.packed for cache in bound.caches))

    def loaded(self, *, cached: int, stored: int) -> None:
        """Accounts decoded from bytes that were in memory, and from PostgreSQL."""
        self._loaded.labels("memory").inc(cached)
        self._loaded.labels("database").inc(stored)

    def count_open(self, opened: Callable[[], float]) -> None:
        self._open.set_function(opened)

    def owned(self, count: int) -> None:
        self._owned.set(count)

    def watch(
        self,
        partition: int,
        *,
        lag: Callable[[], float],
        overdue: Callable[[], float],
        outbox: Callable[[], float],
        oldest: Callable[[], float],
        window: Callable[[], float],
        used: Callable[[], float],
        stopped: Callable[[], float],
        paused: Callable[[], float],
    ) -> None:
        """Each function is called when the metrics are scraped, until the partition is lost."""
        sources = (lag, overdue, outbox, oldest, window, used, stopped, paused)
        for gauge, source in zip(self._by_partition, sources, strict=True):
            gauge.labels(str(partition)).set_function(source)

    def lost(self, partition: int) -> None:
        """The new owner reports this partition from now on."""
        for gauge in self._by_partition:
            gauge.remove(str(partition))

    @property
    def _by_partition(self) -> tuple[Gauge, ...]:
        return (
            self._lag,
            self._overdue,
            self._outbox,
            self._oldest,
            self._window,
            self._used,
            self._stopped,
            self._paused,
        )
