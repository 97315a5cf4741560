"""Many accounts at a glance: filtered by what is stored, ordered by rankings and indexes, shown as they are now."""

import asyncio
from collections.abc import Sequence

from scoring.api import answers, rendering
from scoring.api.account_reader import AccountReader, UnreadableState
from scoring.api.cursor import Cursor, encode_cursor
from scoring.api.parameters import AccountListParameters
from scoring.api.snapshot_reader import SnapshotReader
from scoring.health.moments import to_datetime
from scoring.postgres.orders import NO_RANKING, Order, Sort
from scoring.postgres.snapshot import ListRow, Ranking, TableSnapshot

# So many looks take a few milliseconds; then others have their turn.
_SLICE = 25


class Listing:
    def __init__(self, snapshots: SnapshotReader) -> None:
        self._snapshots = snapshots

    async def accounts(self, asked: AccountListParameters) -> answers.Accounts:
        reached = asked.reached()
        async with self._snapshots.open() as (reader, snapshot):
            wanted = asked.wanted(today=reader.today, default_stage=reader.scorer.card.default_stage)
            total = await snapshot.count(wanted)
            ranking = await _ranking(snapshot, asked.sort, reached)
            order = Order(asked.sort, NO_RANKING if ranking is None else ranking.ranking_id)
            after = None if reached is None else reached.place
            found = await snapshot.page(order, wanted, after=after, limit=asked.limit + 1, matching=total)
            page = found[: asked.limit]
            rows = await snapshot.rows([place.account_id for place in page]) if page else {}
        listed = await self._listed(reader, [rows[place.account_id] for place in page])
        return answers.Accounts(
            accounts=listed,
            total=total,
            limit=asked.limit,
            next_cursor=encode_cursor(Cursor(order, page[-1])) if len(found) > len(page) else None,
            as_of=min((row.as_of for row in listed), default=to_datetime(reader.earliest)),
            ordered_as_of=None if ranking is None else to_datetime(ranking.as_of),
            held=reader.held(*(rows[place.account_id].stored for place in page)),
        )

    async def _listed(self, reader: AccountReader, rows: Sequence[ListRow]) -> tuple[answers.Listed, ...]:
        listed = []
        for begin in range(0, len(rows), _SLICE):
            listed += [self._one(reader, row) for row in rows[begin : begin + _SLICE]]
            await asyncio.sleep(0)
        self._snapshots.metrics.looked(len(listed))
        return tuple(listed)

    def _one(self, reader: AccountReader, row: ListRow) -> answers.Listed:
        """One account that cannot be read hides no other."""
        account_id = row.stored.account_id
        try:
            return rendering.listed(account_id, reader.look(row.stored), facts=row.facts, card=reader.scorer.card)
        except UnreadableState as error:
            self._snapshots.report(error)
            return rendering.unreadable(account_id, facts=row.facts, error=str(error), as_of=reader.moment(row.stored))


async def _ranking(snapshot: TableSnapshot, sort: Sort, reached: Cursor | None) -> Ranking | None:
    """The one that the walk began with, as long as it is kept."""
    if sort.by is not Sort.SCORE:
        return None
    if reached is None:
        return await snapshot.ranking()
    # A walk that began before there was a ranking goes on by account id: in a ranking its place is none.
    return None if reached.order.ranking_id == NO_RANKING else await snapshot.ranking(reached.order.ranking_id)
