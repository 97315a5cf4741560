"""The queries about one account: its health now, its history, its receipts."""

from datetime import date, tzinfo

from common.problems import Problem
from common.query_parameters import bad_parameter
from scoring.api import answers, rendering, rounding
from scoring.api.account_reader import MAX_AHEAD, AccountReader, AccountReading, MomentOutOfRange, UnreadableState
from scoring.api.cursor import encode_entry_cursor, encode_person_cursor
from scoring.api.family import Family
from scoring.api.parameters import (
    AccountParameters,
    EntryParameters,
    HistoryParameters,
    PeopleParameters,
    ReceiptParameters,
    TicketParameters,
)
from scoring.api.snapshot_reader import SnapshotReader
from scoring.api.ticket_answers import AccountTickets, tickets_of
from scoring.health import Day
from scoring.health.moments import day_number, end_of_day, local_day, local_midnight, to_date, to_datetime, zone_named
from scoring.postgres.people import PersonPlace
from scoring.postgres.snapshot import ListRow, TableSnapshot

# Moments of signals are no finer.
_MICROSECOND = 1e-6
# Of one account, the newest: an answer takes a bounded time.
_TICKET_ENTRIES = 5_000


class AccountQueries:
    """Raises a 404 for an unknown account, a 500 for one whose state cannot be read."""

    def __init__(self, snapshots: SnapshotReader) -> None:
        self._snapshots = snapshots
        self._family = Family(snapshots)

    async def account(self, account_id: str, asked: AccountParameters) -> answers.Account | answers.NamedParent:
        async with self._snapshots.open() as (reader, snapshot):
            row = (await snapshot.rows([account_id])).get(account_id)
            below = await self._family.find(snapshot, account_id)
        if row is None and below is None:
            raise _unknown_account()
        children = None if below is None else await self._family.roll_up(reader, below, asked.as_of)
        if children is not None and not asked.exact:
            children = rounding.children(children)
        if row is None and children is not None:
            return answers.NamedParent(
                account_id=account_id, children=children, as_of=children.as_of, held=reader.find_delay()
            )
        assert row is not None
        reading = self._read(reader, row, asked.as_of)
        scorer = reader.scorer
        answer = rendering.account(
            account_id,
            reading,
            facts=row.facts,
            card=scorer.card,
            card_id=scorer.card_id,
            delay=reader.find_delay(row.stored),
            children=children,
        )
        return answer if asked.exact else rounding.account(answer)

    async def state(self, account_id: str) -> answers.StateExport:
        """For an export: nothing of the accounts below it, and nothing rounded."""
        async with self._snapshots.open() as (reader, snapshot):
            row = await _find_row(snapshot, account_id)
        reading = self._read(reader, row)
        scorer = reader.scorer
        return answers.StateExport(
            health=rendering.account(
                account_id,
                reading,
                facts=row.facts,
                card=scorer.card,
                card_id=scorer.card_id,
                delay=reader.find_delay(row.stored),
                children=None,
            ),
            level=rendering.level(reading.view.level),
            facts_learned={name: to_datetime(moment) for name, moment in reading.facts_learned.items()},
        )

    async def people(self, account_id: str, asked: PeopleParameters) -> answers.AccountPeople:
        after = asked.after()
        async with self._snapshots.open() as (_, snapshot):
            await _find_row(snapshot, account_id)
            found = await snapshot.people(account_id, after=after, limit=asked.limit + 1)
        shown = found[: asked.limit]
        last = shown[-1] if len(found) > asked.limit else None
        return answers.AccountPeople(
            account_id=account_id,
            people=shown,
            next_cursor=None if last is None else encode_person_cursor(PersonPlace(last.last_seen, last.user_id)),
        )

    async def entries(self, account_id: str, asked: EntryParameters) -> answers.AccountEntries:
        before = asked.before()
        async with self._snapshots.open() as (_, snapshot):
            await _find_row(snapshot, account_id)
            found = await snapshot.account_entries(account_id, names=asked.name, before=before, limit=asked.limit + 1)
        shown = found[: asked.limit]
        return answers.AccountEntries(
            account_id=account_id,
            entries=tuple(rendering.account_entry(one) for one in shown),
            next_cursor=encode_entry_cursor(shown[-1].place) if len(found) > len(shown) else None,
        )

    async def tickets(self, account_id: str, asked: TicketParameters) -> AccountTickets:
        async with self._snapshots.open() as (_, snapshot):
            await _find_row(snapshot, account_id)
            found = await snapshot.ticket_entries(account_id, limit=_TICKET_ENTRIES + 1)
        more = len(found) > _TICKET_ENTRIES
        return tickets_of(account_id, found[:_TICKET_ENTRIES], limit=asked.limit, more=more)

    async def history(self, account_id: str, asked: HistoryParameters) -> answers.History:
        async with self._snapshots.open() as (reader, snapshot):
            row = await _find_row(snapshot, account_id)
            zone = zone_named(row.facts.time_zone)
            first, since = _lower_bounds(asked.since, zone)
            last, until = _upper_bounds(asked.until, zone)
            closed = await snapshot.days(account_id, first=first, last=last, limit=asked.limit + 1)
            signals = await snapshot.signals(account_id, since=since, until=until, limit=asked.limit + 1)
        reading = self._read(reader, row)
        days = (*_open_day(reading.today, first, last), *closed)
        answer = answers.History(
            account_id=account_id,
            days=tuple(rendering.day(day) for day in days[: asked.limit]),
            more_days=len(days) > asked.limit,
            signals=tuple(rendering.signal(one, reader.scorer.card) for one in signals[: asked.limit]),
            more_signals=len(signals) > asked.limit,
            clock=to_datetime(reading.clock),
            as_of=reading.view.at,
        )
        return answer if asked.exact else rounding.history(answer)

    async def receipts(self, account_id: str, asked: ReceiptParameters) -> answers.Receipts:
        async with self._snapshots.open() as (reader, snapshot):
            row = await _find_row(snapshot, account_id)
            signals = await snapshot.signals(account_id, since=None, until=None, limit=asked.limit + 1)
        reading = self._read(reader, row, asked.as_of)
        answer = answers.Receipts(
            account_id=account_id,
            level=rendering.level(reading.view.level),
            override=reading.view.health.override,
            on_hold=reading.view.on_hold,
            signals=tuple(rendering.receipt(one, reader.scorer.card) for one in signals[: asked.limit]),
            more_signals=len(signals) > asked.limit,
            card_id=reader.scorer.card_id,
            clock=to_datetime(reading.clock),
            as_of=reading.view.at,
        )
        return answer if asked.exact else rounding.receipts(answer)

    def _read(self, reader: AccountReader, row: ListRow, at: float | None = None) -> AccountReading:
        self._snapshots.metrics.accounts_read(1)
        try:
            return reader.read(row.stored, at)
        except MomentOutOfRange as error:
            first = to_datetime(error.soonest).isoformat()
            detail = f"must lie within {MAX_AHEAD.days} days after {first}; what was before is in the history"
            raise bad_parameter("query.as_of", "out_of_range", detail) from error
        except UnreadableState as error:
            self._snapshots.report(error)
            detail = "the account's state cannot be read by this version of scoring; it has been logged"
            raise Problem(500, "state_unreadable", detail) from error


async def _find_row(snapshot: TableSnapshot, account_id: str) -> ListRow:
    row = (await snapshot.rows([account_id])).get(account_id)
    if row is None:
        raise _unknown_account()
    return row


def _unknown_account() -> Problem:
    return Problem(404, "unknown_account", "nothing is known of an account with this id")


def _lower_bounds(asked: date | float | None, zone: tzinfo) -> tuple[date | None, float | None]:
    """The first day, and the first moment."""
    if isinstance(asked, date):
        return asked, local_midnight(day_number(asked), zone)
    return None if asked is None else to_date(local_day(asked, zone)), asked


def _upper_bounds(asked: date | float | None, zone: tzinfo) -> tuple[date | None, float | None]:
    """The last day, and the last moment."""
    if isinstance(asked, date):
        return asked, end_of_day(day_number(asked), zone) - _MICROSECOND
    return None if asked is None else to_date(local_day(asked, zone)), asked


def _open_day(day: Day | None, first: date | None, last: date | None) -> tuple[Day, ...]:
    """The open day if it lies within the bounds: the state holds it, no table does."""
    if day is None or (first is not None and day.day < first) or (last is not None and day.day > last):
        return ()
    return (day,)
