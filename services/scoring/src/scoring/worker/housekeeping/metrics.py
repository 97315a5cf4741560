"""The metrics of housekeeping."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from scoring.worker.housekeeping.rules import Table

MERGED = (Table.JOURNAL, Table.SEEN)


class HousekeepingMetrics:
    """Built once per process. Labels: the tables that would grow, and the partition number."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._merged = Counter(
            "churn_scoring_rows_merged_total",
            "Rows that another row of the same hour now stands for.",
            ["table"],
            registry=registry,
        )
        self._pruned = Counter(
            "churn_scoring_rows_pruned_total", "Rows deleted for their age.", ["table"], registry=registry
        )
        self._waiting = Gauge(
            "churn_scoring_journal_merge_waiting_seconds",
            "How long the journal's merge has waited for transactions that are older.",
            ["partition"],
            registry=registry,
        )
        for table in MERGED:
            self._merged.labels(table.value)
        for table in Table:
            self._pruned.labels(table.value)

    def merged(self, table: Table, rows: int) -> None:
        self._merged.labels(table.value).inc(rows)

    def pruned(self, table: Table, rows: int) -> None:
        self._pruned.labels(table.value).inc(rows)

    def watch(self, partition: int, waiting: Callable[[], float]) -> None:
        self._waiting.labels(str(partition)).set_function(waiting)

    def lost(self, partition: int) -> None:
        """The new owner reports this partition from now on."""
        self._waiting.remove(str(partition))
