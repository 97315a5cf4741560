"""The list of accounts: SQL filters and orders it, the core computes each row as of now."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct

from scoring.api import answers, rendering, rounding
from scoring.api.account_reader import AccountReader, UnreadableState
from scoring.api.cohorts import CohortAccounts, accounts_among
from scoring.api.cursor import Cursor, encode_cursor
from scoring.api.listed_fields import FACT_FIELDS, AccountFields, ListedField, fields_only
from scoring.api.parameters import AccountListParameters
from scoring.api.snapshot_reader import SnapshotReader
from scoring.api.trends import Trends
from scoring.health.moments import to_datetime
from scoring.postgres.snapshot import ListRow, Ranking, TableSnapshot
from scoring.postgres.sort_orders import NO_RANKING, Order, Sort

# Accounts read before the event loop may serve others: a few milliseconds.
_SLICE = 25


class _RowParts(Struct, frozen=True):
    """What has to be read and computed for the fields that were asked for."""

    state: bool
    forecast: bool
    trend: bool


class Listing:
    def __init__(self, snapshots: SnapshotReader, cohorts: CohortAccounts) -> None:
        self._snapshots = snapshots
        self._cohorts = cohorts

    async def accounts(self, asked: AccountListParameters) -> answers.Accounts | AccountFields:
        cursor = asked.decoded_cursor()
        parts = _row_parts(asked)
        among = await accounts_among(asked, self._cohorts)
        async with self._snapshots.open() as (reader, snapshot):
            filters = asked.account_filter(today=reader.today, among=among)
            total = await snapshot.count(filters)
            ranking = await _ranking(snapshot, asked.sort, cursor)
            order = Order(asked.sort, NO_RANKING if ranking is None else ranking.ranking_id)
            after = None if cursor is None else cursor.place
            found = await snapshot.page(order, filters, after=after, limit=asked.limit + 1, matching=total)
            page = found[: asked.limit]
            ids = [place.account_id for place in page]
            rows = await snapshot.rows(ids, states=parts.state) if page else {}
            first = reader.today - timedelta(days=asked.trend_days) if parts.trend else None
            days = await snapshot.day_scores(ids, first=first) if page and first is not None else {}
        trends = None if first is None else Trends(first, days)
        listed = await self._listed(reader, [rows[place.account_id] for place in page], trends, parts)
        answer = answers.Accounts(
            accounts=listed if asked.exact else tuple(map(rounding.listed, listed)),
            total=total,
            limit=asked.limit,
            next_cursor=encode_cursor(Cursor(order, page[-1])) if len(found) > len(page) else None,
            as_of=min((row.as_of for row in listed), default=to_datetime(reader.earliest)),
            ordered_as_of=None if ranking is None else to_datetime(ranking.as_of),
            held=reader.find_delay(*(rows[place.account_id].stored for place in page)),
        )
        return fields_only(answer, asked.fields) if asked.fields else answer

    async def _listed(
        self, reader: AccountReader, rows: Sequence[ListRow], trends: Trends | None, parts: _RowParts
    ) -> tuple[answers.Listed, ...]:
        if not parts.state:
            return tuple(
                rendering.without_health(row.stored.account_id, facts=row.facts, as_of=reader.moment(row.stored))
                for row in rows
            )
        listed = []
        for begin in range(0, len(rows), _SLICE):
            listed += [self._list_row(reader, row, trends, parts) for row in rows[begin : begin + _SLICE]]
            await asyncio.sleep(0)
        self._snapshots.metrics.accounts_read(len(listed))
        return tuple(listed)

    def _list_row(self, reader: AccountReader, row: ListRow, trends: Trends | None, parts: _RowParts) -> answers.Listed:
        """With an error if the account cannot be read: it must not hide the others."""
        account_id = row.stored.account_id
        try:
            reading = reader.read_row(row.stored, ahead=parts.forecast, today=trends is not None)
            trend = None if trends is None else trends.of(account_id, reading)
            return rendering.listed(account_id, reading.summary, facts=row.facts, card=reader.scorer.card, trend=trend)
        except UnreadableState as error:
            self._snapshots.report(error)
            moment = reader.moment(row.stored)
            return rendering.without_health(account_id, facts=row.facts, as_of=moment, error=str(error))


def _row_parts(asked: AccountListParameters) -> _RowParts:
    fields = frozenset(asked.fields or ListedField)
    return _RowParts(
        state=not fields <= FACT_FIELDS,
        forecast=ListedField.FORECAST in fields,
        trend=ListedField.TREND in fields and asked.trend_days > 0,
    )


async def _ranking(snapshot: TableSnapshot, sort: Sort, cursor: Cursor | None) -> Ranking | None:
    """The ranking that the walk began with, as long as it exists."""
    if sort.by is not Sort.SCORE:
        return None
    if cursor is None:
        return await snapshot.ranking()
    # A walk that began before the first ranking goes on by account id: its cursor has no place in a ranking.
    return None if cursor.order.ranking_id == NO_RANKING else await snapshot.ranking(cursor.order.ranking_id)
