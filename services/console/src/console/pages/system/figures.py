"""Which of the numbers of the processes the page shows, and the section of docs/operations.md about each. Pure."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from math import inf
from typing import Final

from msgspec import Struct

from console.clients.processes import ProcessState
from console.errors import ServiceName


class FigureName(StrEnum):
    OUTBOX = "outbox"
    OUTBOX_AGE = "outbox_age"
    DEAD_LETTERS = "dead_letters"
    REJECTS = "rejects"
    SOURCES_AGE = "sources_age"
    ANNOUNCEMENTS = "announcements"
    RANKING_AGE = "ranking_age"
    UNSENT_AGE = "unsent_age"
    MESSAGES_FAILED = "messages_failed"
    MESSAGES_HELD = "messages_held"
    SIGNALS_WAITING = "signals_waiting"
    SIGNALS_UNREADABLE = "signals_unreadable"


class FigureSource(Struct, frozen=True):
    """Where a number comes from. `bad` says from which value on somebody has to look."""

    service: ServiceName
    metric: str
    runbook: str
    seconds: bool = False
    bad: float | None = None


# As in the alerting rules of deploy/prometheus.
SOURCES: Final[Mapping[FigureName, FigureSource]] = {
    FigureName.OUTBOX: FigureSource(ServiceName.SCORING_WORKER, "churn_scoring_outbox_rows", "scoringsignalsheldback"),
    FigureName.OUTBOX_AGE: FigureSource(
        ServiceName.SCORING_WORKER,
        "churn_scoring_outbox_oldest_seconds",
        "scoringsignalsheldback",
        seconds=True,
        bad=120.0,
    ),
    FigureName.DEAD_LETTERS: FigureSource(
        ServiceName.SCORING_WORKER, "churn_scoring_dead_letters_total", "dead-letters"
    ),
    FigureName.REJECTS: FigureSource(ServiceName.INGEST, "churn_ingest_rejects_total", "dead-letters"),
    FigureName.SOURCES_AGE: FigureSource(
        ServiceName.INGEST, "churn_ingest_sources_judged_age_seconds", "sourcesilent", seconds=True, bad=600.0
    ),
    FigureName.ANNOUNCEMENTS: FigureSource(
        ServiceName.INGEST, "churn_ingest_announcement_waiting_seconds", "announcementswait", seconds=True, bad=900.0
    ),
    FigureName.RANKING_AGE: FigureSource(
        ServiceName.SCORING, "churn_scoring_ranking_age_seconds", "scoringrankingold", seconds=True, bad=1_800.0
    ),
    FigureName.UNSENT_AGE: FigureSource(
        ServiceName.ALERTS, "churn_alerts_oldest_unsent_seconds", "alertsmessagesstuck", seconds=True, bad=600.0
    ),
    FigureName.MESSAGES_FAILED: FigureSource(ServiceName.ALERTS, "churn_alerts_failed", "alertsnobodytold", bad=1.0),
    FigureName.MESSAGES_HELD: FigureSource(ServiceName.ALERTS, "churn_alerts_held", "alertsmessagesstuck"),
    FigureName.SIGNALS_WAITING: FigureSource(ServiceName.ALERTS, "churn_alerts_waiting", "alertswaitingforword"),
    FigureName.SIGNALS_UNREADABLE: FigureSource(
        ServiceName.ALERTS, "churn_alerts_rows_unreadable_total", "alertsrowsunreadable", bad=1.0
    ),
}
PARTITION_METRICS: Final = (
    "churn_scoring_scores_age_seconds",
    "churn_scoring_heartbeat_age_seconds",
    "churn_scoring_lag_seconds",
    "churn_scoring_outbox_rows",
    "churn_alerts_lag_seconds",
    "churn_scoring_partition_stopped",
)
_OLD_SCORES: Final = 600.0
_BEHIND: Final = 300.0


class WatchedFigure(Struct, frozen=True, kw_only=True):
    """`value` is None if the process does not say; `runbook` is the section."""

    name: FigureName
    value: float | None
    seconds: bool
    bad: bool
    runbook: str


class PartitionAges(Struct, frozen=True, kw_only=True):
    """Seconds, and rows of the outbox. None where no process says it; infinite where its owner does not know."""

    partition: int
    scores: float | None
    heartbeat: float | None
    lag: float | None
    outbox: float | None
    alerts_lag: float | None
    stopped: bool

    @property
    def bad(self) -> bool:
        bounds = ((self.scores, _OLD_SCORES), (self.lag, _BEHIND), (self.alerts_lag, _BEHIND))
        return self.stopped or any(age is not None and not age < most for age, most in bounds)


def figures(states: Sequence[ProcessState]) -> tuple[WatchedFigure, ...]:
    """Of several workers the sum, or the worst of ages."""
    return tuple(_figure(name, source, states) for name, source in SOURCES.items())


def partitions(states: Sequence[ProcessState]) -> tuple[PartitionAges, ...]:
    """Every partition that any process names."""
    scores, heartbeats, lags, outbox, alerts, stopped = (_by_partition(states, name) for name in PARTITION_METRICS)
    names = sorted({*scores, *heartbeats, *lags, *outbox, *alerts})
    return tuple(
        PartitionAges(
            partition=name,
            scores=scores.get(name),
            heartbeat=heartbeats.get(name),
            lag=lags.get(name),
            outbox=outbox.get(name),
            alerts_lag=alerts.get(name),
            stopped=bool(stopped.get(name)),
        )
        for name in names
    )


def _figure(name: FigureName, source: FigureSource, states: Sequence[ProcessState]) -> WatchedFigure:
    combine: Callable[[Sequence[float]], float] = max if source.seconds else sum
    values = [
        combine([one.value for one in found])
        for state in states
        if state.service is source.service and (found := state.samples.get(source.metric))
    ]
    value = combine(values) if values else None
    # Infinite is what a process does not know yet, or not in stream mode.
    bad = value is not None and source.bad is not None and source.bad <= value < inf
    return WatchedFigure(name=name, value=value, seconds=source.seconds, bad=bad, runbook=source.runbook)


def _by_partition(states: Sequence[ProcessState], metric: str) -> Mapping[int, float]:
    """The smallest: of two workers one may not know yet that it has lost the partition."""
    found: dict[int, float] = {}
    for state in states:
        for partition, value in state.by_label(metric, "partition").items():
            number = int(partition)
            found[number] = min(value, found[number]) if number in found else value
    return found
