"""What was known of the entries at a moment: values of accounts on a day, revenue by day, terms of contracts."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from scoring.health.moments import DAY
from scoring.kpis.contract_terms import TermChange, terms_of
from scoring.kpis.entry_log import CONTRACT_EVENT, ERASED, EntryColumn, EntryTable, Flags, Floats, Ints
from scoring.kpis.labels import Labels, month_labels, text_labels

# A day has its number times this in a key of (account, day); so days are kept within it, 1970 to 9999.
_DAYS: Final = 1 << 22
LAST_DAY: Final = _DAYS - 1
# Any of these makes an account a customer.
_OF_CONTRACT: Final = ("arr", "contract_start", "contract_end", CONTRACT_EVENT)
# What was learned first of these holds from the start of the contract on.
_HELD: Final = ("arr", "seats", "contract_end")
_OF_REVENUE: Final = (*_OF_CONTRACT, "status", "merged_into", "seats", ERASED)


class RevenueByDay(NamedTuple):
    """What accounts were at the end of each day on which that changed, by (account, day).

    `arr` is NaN where it is not known, and 0 for who is no customer. `end` is the day on which the contract ends, NaN
    where it is not known. `first` if no earlier row made it a customer.
    """

    account: Ints
    day: Ints
    customer: Flags
    arr: Floats
    seats: Floats
    end: Floats
    churned: Flags
    merged: Flags
    erased: Flags
    first: Flags


class Merges(NamedTuple):
    """On which day each account was merged, NaN if it was not, and into which: itself if that one is not known."""

    day: Floats
    into: Ints


class Terms(NamedTuple):
    """Terms of all accounts; `decided` is -1 while a term is open."""

    account: Ints
    due: Ints
    decided: Ints
    outcome: Ints


class EntryView:
    """The entries that were known at `known_at` (record time, seconds) and not retracted by then."""

    def __init__(self, table: EntryTable, *, known_at: float = float("inf")) -> None:
        self.table = table
        self.known_at = known_at
        self.size = len(table.accounts)
        self._columns: dict[str, EntryColumn] = {}
        self._text_numbers = {text: number for number, text in enumerate(table.texts)}

    def column(self, field: str) -> EntryColumn:
        found = self._columns.get(field)
        if found is None:
            found = self._columns[field] = self.table.column(field, known_at=self.known_at)
        return found

    def values(self, field: str, day: int) -> Floats:
        """The field of every account at the end of a day; NaN where it is not known or cleared."""
        column = self.column(field)
        rows = np.flatnonzero(column.at < (day + 1) * DAY)
        found = np.full(self.size, np.nan)
        # Of several rows of one account the last one is assigned last.
        found[column.account[rows]] = column.value[rows]
        return found

    def held_values(self, field: str, day: int) -> Floats:
        """As `values`, but what was learned first holds before, too: a first sync tells what has long been so."""
        column, found = self.column(field), self.values(field, day)
        known = np.zeros(self.size, dtype=bool)
        known[column.account[column.at < (day + 1) * DAY]] = True
        first = _first_of_accounts(column, self.size)
        return np.where(known, found, first)

    def last_values(self, fields: Sequence[str], day: int) -> Floats:
        """Of several fields the one that was set last, at the end of a day."""
        found, places = np.full(self.size, np.nan), np.full(self.size, -1)
        for field in fields:
            column = self.column(field)
            rows = np.flatnonzero(column.at < (day + 1) * DAY)
            place = np.full(self.size, -1)
            place[column.account[rows]] = column.place[rows]
            later = place > places
            places[later], found[later] = place[later], self.values(field, day)[later]
        return found

    def text_number(self, text: str) -> float:
        """NaN for a text that no entry has: it equals nothing."""
        return self._text_numbers.get(text, float("nan"))

    def first_moments(self, field: str) -> Floats:
        """When each account had an entry of the field first; infinity if never."""
        column = self.column(field)
        found = np.full(self.size, np.inf)
        found[column.account[::-1]] = column.at[::-1]
        return found

    @cached_property
    def start_days(self) -> Floats:
        """The day on which each account became a customer, NaN if it never did.

        The earliest start of a contract that was posted, else the day of the first event or fact about one.
        """
        found = np.full(self.size, np.inf)
        posted = self.column("contract_start")
        np.fmin.at(found, posted.account, posted.value)
        learned = self._learned_days
        return np.where(np.isfinite(found), found, np.where(np.isfinite(learned), learned, np.nan))

    @cached_property
    def _learned_days(self) -> Floats:
        """The day of the first event or fact about a contract of each account; infinity if there was none."""
        days: Floats = np.floor(np.min([self.first_moments(field) for field in _OF_CONTRACT], axis=0) / DAY)
        return days

    @cached_property
    def cohorts(self) -> Labels:
        """The month in which each account became a customer: 2026-01."""
        return month_labels(self.start_days)

    def labels(self, values: Floats, *, written: Callable[[str], str] = str) -> Labels:
        """The texts that these values of a field stand for; those that are `written` alike are one."""
        return text_labels(values, self.table.texts, written=written)

    @cached_property
    def merges(self) -> Merges:
        numbers = {account_id: number for number, account_id in enumerate(self.table.accounts)}
        days, into = np.full(self.size, np.nan), np.arange(self.size)
        column = self.column("merged_into")
        for account, at, value in zip(column.account.tolist(), column.at.tolist(), column.value.tolist(), strict=True):
            if value == value:
                days[account] = at // DAY
                into[account] = numbers.get(self.table.texts[int(value)], account)
        return Merges(days, into)

    def roots(self, day: int) -> Ints:
        """The account as which each one goes on at the end of a day, after the merges until then."""
        roots = np.arange(self.size)
        for account in np.flatnonzero(self.merges.day <= day).tolist():
            roots[account] = self.root(account, day)
        return roots

    def root(self, account: int, day: int) -> int:
        """As which account this one goes on at the end of a day: itself if it was not merged until then."""
        days, into = self.merges
        seen = {account}
        while days[account] <= day and int(into[account]) not in seen:
            account = int(into[account])
            seen.add(account)
        return account

    @cached_property
    def revenue(self) -> RevenueByDay:
        columns = [self.column(field) for field in _OF_REVENUE]
        place = self._places_of(columns)
        account, at = self._of_places(columns, place)
        at_place = {
            field: _filled_forward(column, place, account) for field, column in zip(_OF_REVENUE, columns, strict=True)
        }
        for field in _HELD:
            column = self.column(field)
            first = _first_of_accounts(column, self.size)[account]
            at_place[field] = np.where(_was_set(column, place, account), at_place[field], first)
        churned = at_place["status"] == self.text_number("churned")
        merged, erased = ~np.isnan(at_place["merged_into"]), ~np.isnan(at_place[ERASED])
        # Rows before the first fact about a contract are moved to its start, or hold what that fact said.
        customer = ~np.isnan(self.start_days[account]) & ~churned & ~merged & ~erased
        arr = np.where(customer, at_place["arr"], 0.0)
        day = self._days_of(account, at, place)
        last_of_day = np.append((account[1:] != account[:-1]) | (day[1:] != day[:-1]), True)[: len(account)]
        account, day, customer = account[last_of_day], day[last_of_day], customer[last_of_day]
        return RevenueByDay(
            account=account,
            day=day,
            customer=customer,
            arr=arr[last_of_day],
            seats=at_place["seats"][last_of_day],
            end=at_place["contract_end"][last_of_day],
            churned=churned[last_of_day],
            merged=merged[last_of_day],
            erased=erased[last_of_day],
            first=_is_first(account, customer),
        )

    @cached_property
    def terms(self) -> Terms:
        ends, events = self.column("contract_end"), self.column(CONTRACT_EVENT)
        places = self._places_of([ends, events])
        accounts, at = self._of_places([ends, events], places)
        of_end, of_event = np.full(len(places), -1), np.full(len(places), -1)
        of_end[np.searchsorted(places, ends.place)] = np.arange(len(ends.place))
        of_event[np.searchsorted(places, events.place)] = events.value.astype(np.int64)
        days, values, texts = (at // DAY).astype(np.int64).tolist(), ends.value.tolist(), self.table.texts
        changes: dict[int, list[TermChange]] = {}
        for account, day, row, text in zip(accounts.tolist(), days, of_end.tolist(), of_event.tolist(), strict=True):
            end = values[row] if row >= 0 else None
            change = TermChange(
                day=day,
                name=None if text < 0 else texts[text],
                sets_end=row >= 0,
                end=None if end is None or end != end else int(end),
            )
            changes.setdefault(account, []).append(change)
        rows = [
            (account, term.due, -1 if term.decided is None else term.decided, int(term.outcome))
            for account, of_account in changes.items()
            for term in terms_of(of_account)
        ]
        found = np.array(rows, dtype=np.int64).reshape(-1, 4)
        return Terms(*found.T)

    @cached_property
    def _revenue_keys(self) -> Ints:
        return self.revenue.account * _DAYS + self.revenue.day

    def revenue_rows(self, accounts: Ints, days: Ints) -> Ints:
        """For each (account, day) the row of `revenue` that holds at its end; -1 where there is none yet."""
        revenue = self.revenue
        rows = np.searchsorted(self._revenue_keys, accounts * _DAYS + np.clip(days, 0, LAST_DAY), side="right") - 1
        if len(revenue.account) == 0:
            return rows
        return np.where((rows >= 0) & (revenue.account[rows] == accounts), rows, -1)

    def _places_of(self, columns: Iterable[EntryColumn]) -> Ints:
        """The places that any of the columns has, sorted."""
        found = np.zeros(len(self.table.at), dtype=bool)
        for column in columns:
            found[column.place] = True
        return np.flatnonzero(found)

    def _of_places(self, columns: list[EntryColumn], place: Ints) -> tuple[Ints, Floats]:
        """Account and event time of each place, which at least one of the columns has."""
        account, at = np.zeros(len(place), dtype=np.int64), np.zeros(len(place))
        for column in columns:
            where = np.searchsorted(place, column.place)
            account[where], at[where] = column.account, column.at
        return account, at

    @cached_property
    def _held_from(self) -> Floats:
        """The day from which what was learned first holds: the start of the contract.

        An account of which the first is learned after a customer was merged into it is that customer under another id.
        Before the merge there was one contract, so nothing holds back beyond it.
        """
        found = self.start_days.copy()
        days, into = self.merges
        customers = np.flatnonzero((self.start_days < days) & (into != np.arange(self.size)))
        merged = np.full(self.size, np.inf)
        np.minimum.at(merged, into[customers], days[customers])
        goes_on = self._learned_days >= merged
        found[goes_on] = np.fmax(found[goes_on], merged[goes_on])
        return found

    def _days_of(self, account: Ints, at: Floats, place: Ints) -> Ints:
        """The day from which each change holds. What was learned first holds from the start of the contract.

        Nobody is a customer before that, even if the contract was posted before its start.
        """
        days = np.clip(at // DAY, 0, LAST_DAY)
        starts = self._held_from[account]
        is_first = np.append(True, account[1:] != account[:-1])[: len(account)]
        held = np.where(is_first, np.fmin(days, starts), days)
        return np.clip(np.fmax(held, starts), 0, LAST_DAY).astype(np.int64)


def _first_of_accounts(column: EntryColumn, size: int) -> Floats:
    """The first value of each account; NaN for who has none."""
    found = np.full(size, np.nan)
    # Of several rows of one account the first one is assigned last.
    found[column.account[::-1]] = column.value[::-1]
    return found


def _filled_forward(column: EntryColumn, place: Ints, account: Ints) -> Floats:
    """The value that the account has at each place; NaN where it has none yet, or it was cleared."""
    if len(column.place) == 0:
        return np.full(len(place), np.nan)
    rows = np.searchsorted(column.place, place, side="right") - 1
    same = (rows >= 0) & (column.account[rows] == account)
    return np.where(same, column.value[rows], np.nan)


def _was_set(column: EntryColumn, place: Ints, account: Ints) -> Flags:
    if len(column.place) == 0:
        return np.zeros(len(place), dtype=bool)
    rows = np.searchsorted(column.place, place, side="right") - 1
    found: Flags = (rows >= 0) & (column.account[rows] == account)
    return found


def _is_first(account: Ints, customer: Flags) -> Flags:
    """Whether no row of the account before this one was a customer."""
    if len(account) == 0:
        return customer
    so_far = np.cumsum(customer)
    begin = np.append(True, account[1:] != account[:-1])
    before_account = np.maximum.accumulate(np.where(begin, so_far - customer, 0))
    found: Flags = so_far - customer == before_account
    return found
