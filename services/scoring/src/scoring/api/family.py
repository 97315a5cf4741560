"""Reads the accounts below one: up to 1,000 as of now, more than that as sums by the last ranking."""

import asyncio
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from scoring.api import answers
from scoring.api.account_reader import AccountReader, UnreadableState
from scoring.api.roll_up import RollUpOrigin, group_of, roll_up, worst_first
from scoring.api.snapshot_reader import SnapshotReader
from scoring.health.moments import to_datetime
from scoring.postgres.family import MOST_COUNTED, MOST_EXACT, WORST
from scoring.postgres.queries import AccountStatus
from scoring.postgres.snapshot import Below, FamilyGroup, FamilyMember, ListRow, TableSnapshot
from scoring.postgres.sort_orders import NO_RANKING

# So many accounts are read, in a few milliseconds, before the event loop may serve others.
_SLICE: Final = 25


class Found(Struct, frozen=True, kw_only=True):
    """What the tables have of the accounts below one: the rows of all, or sums by the ranking of a moment."""

    below: Below
    rows: tuple[ListRow, ...] = ()
    groups: Sequence[FamilyGroup] = ()
    worst: Sequence[FamilyMember] = ()
    ranked_at: float = 0.0


class Family:
    def __init__(self, snapshots: SnapshotReader) -> None:
        self._snapshots = snapshots

    async def find(self, snapshot: TableSnapshot, account_id: str) -> Found | None:
        """None if nothing is below the account. To be asked within the snapshot of the answer."""
        below = await snapshot.below(account_id, most=MOST_EXACT)
        if not (below.customers or below.churned or below.cycle or below.more):
            return None
        if not below.more:
            rows = await snapshot.rows(below.customers) if below.customers else {}
            return Found(below=below, rows=tuple(rows.values()))
        ranking = await snapshot.ranking()
        groups, worst = await snapshot.family(account_id, NO_RANKING if ranking is None else ranking.ranking_id)
        ranked_at = 0.0 if ranking is None else ranking.as_of
        return Found(below=below, groups=groups, worst=worst, ranked_at=ranked_at)

    async def roll_up(self, reader: AccountReader, found: Found, at: float | None = None) -> answers.Children:
        """As of now or, in silence, of a later moment `at`; of more than 1,000 accounts by the last ranking."""
        return _by_ranking(found) if found.below.more else await self._as_of_now(reader, found, at)

    async def _as_of_now(self, reader: AccountReader, found: Found, at: float | None) -> answers.Children:
        members: list[FamilyMember] = []
        moments: list[float] = []
        for place, row in enumerate(found.rows):
            if place % _SLICE == 0:
                await asyncio.sleep(0)
            account_id, facts, score, band = row.stored.account_id, row.facts, None, None
            try:
                health, moment = reader.health(row.stored, at)
                score, band = health.score, health.band
                moments.append(moment)
            except UnreadableState as error:
                self._snapshots.report(error)
            members.append(FamilyMember(account_id, facts.name, facts.arr, band, score))
        self._snapshots.metrics.accounts_read(len(members))
        members.sort(key=worst_first)
        origin = RollUpOrigin(
            churned=found.below.churned,
            unreadable=sum(member.score is None for member in members),
            exact=True,
            complete=not found.below.deeper,
            cycle=found.below.cycle,
            as_of=to_datetime(min(moments, default=reader.earliest)),
        )
        return roll_up([group_of(member) for member in members], members[:WORST], origin)


def _by_ranking(found: Found) -> answers.Children:
    here = [group for group in found.groups if not group.root and not group.deep]
    deep = any(group.deep for group in found.groups)
    origin = RollUpOrigin(
        churned=sum(group.accounts for group in here if group.status is AccountStatus.CHURNED),
        unreadable=0,
        exact=False,
        complete=not deep and sum(group.accounts for group in found.groups) < MOST_COUNTED,
        cycle=any(group.root for group in found.groups),
        as_of=to_datetime(found.ranked_at),
    )
    customers = [group for group in here if group.status not in (AccountStatus.CHURNED, AccountStatus.MERGED)]
    return roll_up(customers, found.worst, origin)
