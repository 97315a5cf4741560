"""Answers questions about KPIs from the entries that this process holds."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

import numpy as np
import structlog
from msgspec import Struct

from common.database_errors import DatabaseUnavailable
from common.problems import Problem, unavailable
from common.query_parameters import bad_parameter
from common.stopping import stopped_within
from scoring.api.account_reader import AccountReader
from scoring.api.active_card import ActiveCardReader
from scoring.api.kpi_answers import KpiDefinitions, KpiGroup, Kpis, KpiSpan, definition
from scoring.api.kpi_metrics import KpiMetrics
from scoring.api.kpi_parameters import KpiParameters
from scoring.api.snapshot_reader import SnapshotReader
from scoring.health.moments import day_number, to_date, to_datetime
from scoring.kpis.entry_log import Floats
from scoring.kpis.entry_source import EntrySource
from scoring.kpis.entry_view import EntryView
from scoring.kpis.kpi import Kpi
from scoring.kpis.kpi_list import kpis_of
from scoring.kpis.kpi_report import GroupFigures, report
from scoring.kpis.kpi_rules import KpiRules, kpi_rules
from scoring.kpis.span_figures import SpanFigures

_log = structlog.get_logger()
# Spans of the gauges and of their shares: a year.
_GAUGE_DAYS = 365


class KpiPace(Struct, frozen=True, kw_only=True):
    """Entries are read `every` seconds, or so late after that reading takes at most `share` of the time.

    Until a first reading succeeds, it is tried again after `retry` seconds, and a request waits `first` seconds for it.
    """

    every: float = 10.0
    retry: float = 1.0
    share: float = 0.1
    first: float = 5.0


class KpiQueries:
    """Raises a 503 until the entries were read for the first time."""

    def __init__(
        self,
        source: EntrySource,
        snapshots: SnapshotReader,
        active_card: ActiveCardReader,
        *,
        metrics: KpiMetrics,
        pace: KpiPace,
        steady: Callable[[], float],
    ) -> None:
        """`steady` is seconds, and never goes back."""
        self._source = source
        self._snapshots = snapshots
        self._active_card = active_card
        self._metrics = metrics
        self._pace = pace
        self._steady = steady
        self._database_away = False
        self._was_read = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Reads entries until told to stop."""
        pause = 0.0
        while not await stopped_within(pause, stop):
            begun = self._steady()
            try:
                await self.refresh()
                self._database_away = False
            except (Problem, DatabaseUnavailable) as error:
                if not self._database_away and isinstance(error, DatabaseUnavailable):
                    _log.warning("kpi_entries.unreadable", reason=str(error))
                self._database_away = True
            except Exception:  # of any kind: the next one may succeed, and the former view still answers
                _log.exception("kpi_entries.failed")
            least = self._pace.every if self._was_read.is_set() else min(self._pace.retry, self._pace.every)
            pause = max(least, (self._steady() - begun) * (1.0 / self._pace.share - 1.0))

    async def refresh(self) -> None:
        """Reads what is new, and sets the gauges. Raises `Problem` before scoring has begun, `DatabaseUnavailable`."""
        active_card = self._active_card.active_card()
        found = await self._source.refresh(active_card.partitions)
        view = self._source.view
        if view is None:
            return
        self._was_read.set()
        self._metrics.read(found)
        async with self._snapshots.open() as (reader, _):
            last = day_number(reader.today)
        kpis, rules = kpis_of(active_card.scorer.card), kpi_rules(active_card.scorer.card)
        figures = await asyncio.to_thread(_whole, SpanFigures(view, rules, last - _GAUGE_DAYS + 1, last), kpis)
        self._metrics.show(figures)

    def definitions(self) -> KpiDefinitions:
        """Raises a 503 while there is no card."""
        return KpiDefinitions(tuple(map(definition, kpis_of(self._active_card.active_card().scorer.card))))

    async def accounts_of(self, cohorts: Collection[str]) -> Collection[str]:
        """As `CohortAccounts`, by the entries that were read last."""
        view, _ = await self._newest()
        return await asyncio.to_thread(_accounts_of, view, frozenset(cohorts))

    async def kpis(self, asked: KpiParameters) -> Kpis:
        card = self._active_card.active_card().scorer.card
        chosen = _chosen(kpis_of(card), asked.kpi)
        view, read_at = await self._newest()
        async with self._snapshots.open() as (reader, snapshot):
            spans = asked.spans(today=reader.today)
            ends_today = asked.known_at is None and spans[-1][1] >= day_number(reader.today)
            ranking = await snapshot.ranking() if ends_today else None
            scores = {} if ranking is None else await snapshot.scores(ranking.ranking_id)
        known_until = asked.known_until()
        if known_until is not None:
            view = await self._source.view_at(known_until) or view
        found = await asyncio.to_thread(_answers, view, kpi_rules(card), asked, chosen, spans, scores)
        return self._answer(asked, chosen, found, reader, read_at)

    async def _newest(self) -> tuple[EntryView, float]:
        """With the moment of reading. Waits a moment for the first one: of few accounts it takes less than a second."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._was_read.wait(), self._pace.first)
        view, read_at = self._source.view, self._source.read_at
        if view is None or read_at is None:
            raise unavailable("not_read", "the entries of KPIs are being read: ask again")
        return view, read_at

    def _answer(
        self,
        asked: KpiParameters,
        chosen: Sequence[Kpi],
        found: Sequence[KpiSpan],
        reader: AccountReader,
        read_at: float,
    ) -> Kpis:
        known_until = asked.known_until()
        return Kpis(
            kpis=tuple(map(definition, chosen)),
            spans=tuple(found),
            by=asked.by,
            known_at=None if known_until is None else to_datetime(known_until),
            read_at=to_datetime(read_at),
            as_of=to_datetime(reader.earliest),
            held=reader.find_delay(),
        )


def _accounts_of(view: EntryView, cohorts: Collection[str]) -> list[str]:
    names, number = view.cohorts
    # Who never became a customer has the number -1, and so the last one of these.
    wanted = np.array([*(name in cohorts for name in names), False])
    return [view.table.accounts[account] for account in np.flatnonzero(wanted[number]).tolist()]


def _chosen(kpis: Sequence[Kpi], names: Sequence[str]) -> Sequence[Kpi]:
    """Raises a 422 for a name that no KPI has."""
    known = {kpi.name: kpi for kpi in kpis}
    for name in names:
        if name not in known:
            raise bad_parameter("query.kpi", "unknown", f"`{name}` is none of {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)] or kpis


def _answers(
    view: EntryView,
    rules: KpiRules,
    asked: KpiParameters,
    kpis: Sequence[Kpi],
    spans: Sequence[tuple[int, int]],
    scores: dict[str, float],
) -> list[KpiSpan]:
    found = []
    live = _live_scores(view, scores) if scores else None
    for number, (first, last) in enumerate(spans, 1):
        span = SpanFigures(view, rules, first, last, live_scores=live if number == len(spans) else None)
        groups, more = report(span, kpis, filters=asked.filters(), by=asked.by, most_groups=asked.groups)
        found.append(KpiSpan(to_date(first), to_date(last), tuple(map(_group, groups)), more))
    return found


def _whole(span: SpanFigures, kpis: Sequence[Kpi]) -> GroupFigures:
    """Over all accounts."""
    return report(span, kpis, filters={}, by=None, most_groups=1)[0][0]


def _group(group: GroupFigures) -> KpiGroup:
    return KpiGroup(group.group, group.accounts, group.figures)


def _live_scores(view: EntryView, scores: dict[str, float]) -> Floats:
    nothing = float("nan")
    return np.array([scores.get(account_id, nothing) for account_id in view.table.accounts])
