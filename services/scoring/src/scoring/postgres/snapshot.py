"""The tables as the read API reads them: each answer from one snapshot, so that its parts agree."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Select, TextClause
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.contracts.signals import Band, Facts, Signal
from common.database import connected
from scoring.health import Day, FeedPause, Pauses
from scoring.kpis.entry_source import EntryPlace
from scoring.partition.event_use import UnusableKey, UnusableReason, UseCount, UseSample
from scoring.partition.origin import Origin
from scoring.postgres import account_entries, family, people, portfolio, queries, sort_orders
from scoring.postgres.people import PersonOfAccount, PersonPlace
from scoring.postgres.queries import AccountFilter, AccountStatus
from scoring.postgres.sort_orders import CursorPlace, Order
from scoring.worker.heartbeat import PartitionStatus

_said = msgspec.json.Decoder(dict[str, Any])
_day = msgspec.json.Decoder(Day)
_signal = msgspec.json.Decoder(Signal)
_NO_CUSTOMERS = (AccountStatus.CHURNED, AccountStatus.MERGED)


class StateRow(Struct, frozen=True):
    """An account's stored state; `body` is None if all its records became dead letters."""

    account_id: str
    partition: int
    body: bytes | None


class Ranking(Struct, frozen=True):
    """A finished ranking: the moment of its scores, and when it was begun. Seconds since the epoch."""

    ranking_id: int
    as_of: float
    begun: float


class ListRow(Struct, frozen=True):
    """An account's state and facts."""

    stored: StateRow
    facts: Facts


class Below(Struct, frozen=True):
    """The accounts below one: the ids of customers, and how many accounts have left. Merged ones are neither.

    `cycle` if the account is below itself, `deeper` if there are accounts beyond the depth that is looked at. `more` if
    there are more than were asked for: then the fields are about the first ones.
    """

    customers: tuple[str, ...]
    churned: int
    cycle: bool
    deeper: bool
    more: bool


class FamilyGroup(Struct, frozen=True):
    """Sums over accounts below one that are alike in the first five fields.

    `root` is the account itself, in a cycle; `deep` are beyond the depth that is looked at; `unknown` is their ARR.
    `scored` are in the ranking, and `scored_arr`, `points` (scores) and `points_by_arr` (score times ARR) are theirs.
    """

    root: bool
    deep: bool
    status: AccountStatus
    band: Band | None
    unknown: bool
    accounts: int
    scored: int
    arr: float
    scored_arr: float
    points: float
    points_by_arr: float


class FamilyMember(Struct, frozen=True):
    account_id: str
    name: str | None
    arr: float | None
    band: Band | None
    score: float | None


class SumsByBand(Struct, frozen=True):
    """`unknown` have no known ARR."""

    band: Band | None
    accounts: int
    arr: float
    unknown: int = 0


class GroupSums(Struct, frozen=True):
    key: str | None
    name: str | None
    accounts: int
    arr: float
    arr_at_risk: float
    bands: dict[Band, int]


class MovedAccount(Struct, frozen=True):
    """`signal` is the one with which the band changed last."""

    account_id: str
    name: str | None
    owner: str | None
    arr: float | None
    band: Band | None
    signal: Signal


class DayScores(Struct, frozen=True):
    """The scores before and at the end of a day; `since` is the last record before it, in seconds since the epoch."""

    day: date
    since: float
    before: float
    after: float


class StoredAccountEntry(Struct, frozen=True):
    """An entry of one account; moments are seconds since the epoch. `retracted_at` is None if it stands."""

    name: str
    at: float
    known_at: float
    person: bytes | None
    said: dict[str, Any]
    words: str | None
    place: EntryPlace
    retracted_at: float | None


class TableSnapshot:
    """The tables as they were at one moment."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def origin(self) -> Origin | None:
        """None before scoring has begun."""
        rows = await self._rows(queries.origin())
        return msgspec.convert(rows[0].origin, Origin) if rows else None

    async def statuses(self, partitions: int) -> dict[int, PartitionStatus]:
        """By partition, without those that were never begun."""
        return {
            row.partition: PartitionStatus(row.clock, row.at, bool(row.caught_up), row.lag_seconds or 0.0, row.newest)
            for row in await self._rows(queries.statuses(partitions))
        }

    async def pauses(self) -> dict[int, Pauses]:
        """Of feeds, by partition; also those that are over."""
        found: dict[int, Pauses] = {}
        for row in await self._rows(queries.pauses()):
            found[row.partition] = (*found.get(row.partition, ()), FeedPause(row.source, row.since, row.until))
        return found

    async def count(self, accounts: AccountFilter) -> int:
        return int((await self._rows(queries.count(accounts)))[0][0])

    async def ranking(self, ranking_id: int | None = None) -> Ranking | None:
        """The finished ranking of this number, or the newest if it is gone; None before the first."""
        rows = await self._rows(sort_orders.finished_ranking_or_newest(ranking_id))
        return Ranking(rows[0].ranking_id, rows[0].as_of, rows[0].begun) if rows else None

    async def scores(self, ranking_id: int) -> dict[str, float]:
        """All scores of a ranking, by account id."""
        return {row.account_id: row.score for row in await self._rows(queries.scores(ranking_id))}

    async def page(
        self, order: Order, accounts: AccountFilter, *, after: CursorPlace | None, limit: int, matching: int
    ) -> list[CursorPlace]:
        """The next accounts after that place, with their sort keys. `matching` is how many match in all."""
        conditions = queries.conditions(accounts)
        found: list[CursorPlace] = []
        if after is None or after.key is not None:
            # Where few accounts match, the window would rarely fill a page.
            if conditions and matching > sort_orders.WINDOW:
                found = await self._places(sort_orders.with_key_in_window(order, conditions, after=after, limit=limit))
            if len(found) < limit:
                found = await self._places(sort_orders.with_key(order, conditions, after=after, limit=limit))
            after = None
        if len(found) < limit:
            query = sort_orders.without_key(order, conditions, after=after, limit=limit - len(found))
            found += [CursorPlace(None, row.account_id) for row in await self._rows(query)]
        return found

    async def rows(self, account_ids: Collection[str], *, states: bool = True) -> Mapping[str, ListRow]:
        """By account id, without unknown ones. Facts alone if no `states` are asked for."""
        found = await self._rows(queries.rows(account_ids, states=states))
        return {
            row.account_id: ListRow(
                StateRow(row.account_id, row.partition, row.body),
                msgspec.convert({name: getattr(row, name) for name in Facts.__struct_fields__}, Facts),
            )
            for row in found
        }

    async def bands(self, accounts: AccountFilter) -> list[SumsByBand]:
        rows = await self._rows(portfolio.bands(accounts))
        return [SumsByBand(row.band and Band(row.band), row.accounts, row.arr, row.unknown) for row in rows]

    async def groups(self, accounts: AccountFilter, key: ColumnElement[Any], *, limit: int) -> list[GroupSums]:
        """`key` is one of `portfolio`; those with the most ARR at risk first."""
        return [
            GroupSums(
                row.key, row.name, row.accounts, row.arr, row.arr_at_risk, {band: getattr(row, band) for band in Band}
            )
            for row in await self._rows(portfolio.groups(accounts, key, limit=limit))
        ]

    async def moves(
        self, accounts: AccountFilter, *, since: float, limit: int
    ) -> tuple[list[SumsByBand], list[MovedAccount]]:
        """Those whose band has changed since then (seconds since the epoch), by the band that they have now; and the
        worst of them."""
        rows = await self._rows(portfolio.moves(accounts, since=since, limit=limit))
        sums = [row for row in rows if row.account_id is None]
        return [SumsByBand(row.moved_to and Band(row.moved_to), row.moved, row.arr_moved) for row in sums], [
            MovedAccount(
                row.account_id, row.name, row.owner, row.arr, row.band and Band(row.band), _signal.decode(row.body)
            )
            for row in rows
            if row.account_id is not None
        ]

    async def day_scores(self, account_ids: Collection[str], *, first: date) -> dict[str, list[DayScores]]:
        """Of closed days from `first` on, by account, the oldest first."""
        found: dict[str, list[DayScores]] = {}
        for row in await self._rows(portfolio.day_scores(account_ids, first=first)):
            found.setdefault(row.account_id, []).append(DayScores(row.day, row.since, row.before, row.after))
        return found

    async def below(self, account_id: str, *, most: int) -> Below:
        """The accounts below one, `most` at most."""
        rows = await self._read(family.BELOW, **family.walk(account_id, limit=most + 1))
        found = [row for row in rows if row.account_id != account_id and not row.deep]
        return Below(
            customers=tuple(row.account_id for row in found if row.status not in _NO_CUSTOMERS),
            churned=sum(row.status == AccountStatus.CHURNED for row in found),
            cycle=any(row.account_id == account_id for row in rows),
            deeper=any(row.deep for row in rows),
            more=len(rows) > most,
        )

    async def family(self, account_id: str, ranking_id: int) -> tuple[list[FamilyGroup], list[FamilyMember]]:
        """Sums over what is below an account, and the worst of those who are customers, by a ranking."""
        walk = {**family.walk(account_id, limit=family.MOST_COUNTED), "ranking_id": ranking_id}
        groups = await self._read(family.GROUPS, **walk)
        worst = await self._read(family.WORST_MEMBERS, **walk, worst=family.WORST)
        return (
            [msgspec.convert(dict(row._mapping), FamilyGroup) for row in groups],
            [msgspec.convert(dict(row._mapping), FamilyMember) for row in worst],
        )

    async def people(self, account_id: str, *, after: PersonPlace | None, limit: int) -> tuple[PersonOfAccount, ...]:
        """The next ones, those seen last first."""
        rows = await self._rows(people.page(account_id, after=after, limit=limit))
        return tuple(PersonOfAccount(*row) for row in rows)

    async def account_entries(
        self, account_id: str, *, names: Sequence[str], before: EntryPlace | None, limit: int
    ) -> tuple[StoredAccountEntry, ...]:
        """The newest in the log first; without `names` those of every name."""
        values = account_entries.values(account_id, names=names, before=before, limit=limit)
        return tuple(map(_entry, await self._read(account_entries.PAGE, **values)))

    async def ticket_entries(self, account_id: str, *, limit: int) -> tuple[StoredAccountEntry, ...]:
        """Those that stand, the newest first by event time."""
        return tuple(map(_entry, await self._read(account_entries.TICKETS, account=account_id, limit=limit)))

    async def event_names(self) -> dict[str, UseCount]:
        """By name, the most frequent first."""
        return {
            row.name: UseCount(row.count, row.last_seen, UseSample(row.account_id, row.event_id))
            for row in await self._rows(queries.event_names())
        }

    async def unusable_values(self) -> dict[UnusableKey, UseCount]:
        """Those of the last cards too, the most frequent first."""
        return {
            UnusableKey(row.metric, row.event, row.property, UnusableReason(row.reason)): UseCount(
                row.count, row.last_seen, UseSample(row.account_id, row.event_id, row.value)
            )
            for row in await self._rows(queries.unusable_values())
        }

    async def days(self, account_id: str, *, first: date | None, last: date | None, limit: int) -> tuple[Day, ...]:
        rows = await self._rows(queries.days(account_id, first=first, last=last, limit=limit))
        return tuple(_day.decode(row[0]) for row in rows)

    async def signals(
        self, account_id: str, *, since: float | None, until: float | None, limit: int
    ) -> tuple[Signal, ...]:
        rows = await self._rows(queries.signals(account_id, since=since, until=until, limit=limit))
        return tuple(_signal.decode(row[0]) for row in rows)

    async def _places(self, query: Select[Any]) -> list[CursorPlace]:
        return [CursorPlace(row.key, row.account_id) for row in await self._rows(query)]

    async def _rows(self, query: Select[Any]) -> Sequence[Any]:
        rows: Sequence[Any] = (await self._connection.execute(query)).all()
        return rows

    async def _read(self, query: TextClause, **values: Any) -> Sequence[Any]:
        rows: Sequence[Any] = (await self._connection.execute(query, values)).all()
        return rows


def _entry(row: Any) -> StoredAccountEntry:
    place = (row.seq, row.n)
    return StoredAccountEntry(
        row.name, row.at, row.known_at, row.person, _said.decode(row.body), row.words, place, row.retracted_at
    )


class SnapshotSource:
    def __init__(self, engine: AsyncEngine, *, patience: float) -> None:
        """`patience` is the most that one snapshot may be held, in seconds."""
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._patience = patience

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[TableSnapshot]:
        """Raises `DatabaseUnavailable`."""
        async with connected(self._engine, timeout=self._patience, service="scoring") as connection:
            yield TableSnapshot(connection)
