"""Many accounts at a glance: filtered by what is stored, sorted by how they are now."""

import asyncio
from collections.abc import Sequence
from math import inf

from common.problems import Problem
from scoring.api import answers, telling
from scoring.api.eye import Eye, Unreadable
from scoring.api.lookout import Lookout
from scoring.api.parameters import ListParameters
from scoring.api.queries import Filter, Sort
from scoring.api.tables import Row, Snapshot, Stored
from scoring.health.moments import to_datetime

# So many looks take a few milliseconds; then others have their turn.
_SLICE = 25


class Listing:
    def __init__(self, lookout: Lookout, *, most_scored: int) -> None:
        """At most `most_scored` accounts are sorted by their score."""
        self._lookout = lookout
        self._most_scored = most_scored

    async def accounts(self, asked: ListParameters) -> answers.Accounts:
        """Raises the 422 for more accounts than can be sorted by score."""
        async with self._lookout.open() as (eye, snapshot):
            wanted = asked.wanted(today=eye.today, default_stage=eye.scorer.card.default_stage)
            total = await snapshot.count(wanted)
            if asked.sort.by is Sort.SCORE:
                ids = await self._by_score(eye, snapshot, asked, wanted=wanted, total=total)
            else:
                ids = await snapshot.ids(wanted, asked.sort, limit=asked.limit, offset=asked.offset)
            rows = await snapshot.rows(ids) if ids else {}
        listed = await self._listed(eye, [rows[account_id] for account_id in ids])
        shown = asked.offset + len(listed)
        return answers.Accounts(
            accounts=listed,
            total=total,
            offset=asked.offset,
            limit=asked.limit,
            next_offset=shown if listed and shown < total else None,
            as_of=min((row.as_of for row in listed), default=to_datetime(eye.earliest)),
            held=eye.held(*(rows[account_id].stored for account_id in ids)),
        )

    async def _by_score(
        self, eye: Eye, snapshot: Snapshot, asked: ListParameters, *, wanted: Filter, total: int
    ) -> list[str]:
        if total > self._most_scored:
            detail = (
                f"{total} accounts match and at most {self._most_scored} can be sorted by score: "
                "narrow the filter, or sort by band"
            )
            raise Problem(422, "too_many_accounts", detail, more={"matches": total})
        found: list[tuple[float, str]] = []
        async for stored in snapshot.states(wanted):
            for begin in range(0, len(stored), _SLICE):
                some = stored[begin : begin + _SLICE]
                found += [(_rank(eye, one, down=asked.sort.descending), one.account_id) for one in some]
                self._lookout.metrics.looked(len(some))
                await asyncio.sleep(0)
        found.sort()
        return [account_id for _, account_id in found[asked.offset : asked.offset + asked.limit]]

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


def _rank(eye: Eye, stored: Stored, *, down: bool) -> float:
    """Ascending; what cannot be read comes last either way."""
    try:
        score = eye.score(stored)
    except Unreadable:
        return inf
    return -score if down else score
