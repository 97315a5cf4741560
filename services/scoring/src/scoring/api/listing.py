"""Many accounts at a glance: filtered by what is stored, ordered by rankings and indexes, shown as they are now."""

import asyncio
from collections.abc import Sequence

from scoring.api import answers, telling
from scoring.api.cursor import Cursor, encode_cursor
from scoring.api.account_reader import Eye, Unreadable
from scoring.api.snapshot_reader import Lookout
from scoring.postgres.orders import NO_RANKING, Order, Sort
from scoring.api.parameters import ListParameters
from scoring.postgres.snapshot import Ranking, Row, Snapshot
from scoring.health.moments import to_datetime

# So many looks take a few milliseconds; then others have their turn.
_SLICE = 25


class Listing:
    def __init__(self, lookout: Lookout) -> None:
        self._lookout = lookout

    async def accounts(self, asked: ListParameters) -> answers.Accounts:
        reached = asked.reached()
        async with self._lookout.open() as (eye, snapshot):
            wanted = asked.wanted(today=eye.today, default_stage=eye.scorer.card.default_stage)
            total = await snapshot.count(wanted)
            ranking = await _ranking(snapshot, asked.sort, reached)
            order = Order(asked.sort, NO_RANKING if ranking is None else ranking.ranking_id)
            after = None if reached is None else reached.place
            found = await snapshot.page(order, wanted, after=after, limit=asked.limit + 1, matching=total)
            page = found[: asked.limit]
            rows = await snapshot.rows([place.account_id for place in page]) if page else {}
        listed = await self._listed(eye, [rows[place.account_id] for place in page])
        return answers.Accounts(
            accounts=listed,
            total=total,
            limit=asked.limit,
            next_cursor=encode_cursor(Cursor(order, page[-1])) if len(found) > len(page) else None,
            as_of=min((row.as_of for row in listed), default=to_datetime(eye.earliest)),
            ordered_as_of=None if ranking is None else to_datetime(ranking.as_of),
            held=eye.held(*(rows[place.account_id].stored for place in page)),
        )

    async def _listed(self, eye: Eye, rows: Sequence[Row]) -> tuple[answers.Listed, ...]:
        listed = []
        for begin in range(0, len(rows), _SLICE):
            listed += [self._one(eye, row) for row in rows[begin : begin + _SLICE]]
            await asyncio.sleep(0)
        self._lookout.metrics.looked(len(listed))
        return tuple(listed)

    def _one(self, eye: Eye, row: Row) -> answers.Listed:
        """One account that cannot be read hides no other."""
        account_id = row.stored.account_id
        try:
            return telling.listed(account_id, eye.look(row.stored), facts=row.facts, card=eye.scorer.card)
        except Unreadable as error:
            self._lookout.report(error)
            return telling.unreadable(account_id, facts=row.facts, error=str(error), as_of=eye.moment(row.stored))


async def _ranking(snapshot: Snapshot, sort: Sort, reached: Cursor | None) -> Ranking | None:
    """The one that the walk began with, as long as it is kept."""
    if sort.by is not Sort.SCORE:
        return None
    if reached is None:
        return await snapshot.ranking()
    # A walk that began before there was a ranking goes on by account id: in a ranking its place is none.
    return None if reached.order.ranking_id == NO_RANKING else await snapshot.ranking(reached.order.ranking_id)
