"""The queries for a page of the list in each order: accounts with the sort key first, then those without.

A page begins after the account that ended the page before. Without a filter it is a range of an index, at any depth.
With a filter, the next `WINDOW` accounts are searched first. If too few of them match, all matches are sorted.
"""

from datetime import date
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Date, Double, Integer, Select, Subquery, Text, and_, literal, select, tuple_
from sqlalchemy import literal_column as sql
from sqlalchemy.types import TypeEngine

from scoring.postgres.schema import NAME_KEY, SEVERITY, account, finished_ranking, ranking

Key = float | date | str
Conditions = list[ColumnElement[bool]]
NO_RANKING: Final = 0
"""Before the first ranking: no account is ranked."""
WINDOW: Final = 2_000


class Sort(StrEnum):
    """Ascending, so that the worst, the soonest and A come first; with a minus descending."""

    SCORE = "score"
    SCORE_DOWN = "-score"
    ARR = "arr"
    ARR_DOWN = "-arr"
    RENEWAL = "renewal"
    RENEWAL_DOWN = "-renewal"
    NAME = "name"
    NAME_DOWN = "-name"
    BAND = "band"
    BAND_DOWN = "-band"

    @property
    def by(self) -> "Sort":
        return Sort(self.value.removeprefix("-"))

    @property
    def descending(self) -> bool:
        return self.value.startswith("-")


class Order(Struct, frozen=True):
    """What stays the same on all pages of a walk; `ranking_id` is that of its first page."""

    sort: Sort
    ranking_id: int = NO_RANKING


class CursorPlace(Struct, frozen=True):
    """The account that ended a page, and its sort key; None if it has none."""

    key: Key | None
    account_id: str


_BY: Final[dict[Sort, tuple[ColumnElement[Any], TypeEngine[Any]]]] = {
    Sort.SCORE: (ranking.c.score, Double()),
    Sort.ARR: (account.c.arr, Double()),
    Sort.RENEWAL: (account.c.contract_end, Date()),
    Sort.NAME: (sql(NAME_KEY, Text()), Text()),
    Sort.BAND: (sql(SEVERITY, Integer()), Integer()),
}


def finished_ranking_or_newest(ranking_id: int | None) -> Select[Any]:
    """The finished ranking of this number; the newest if it is gone or no number is given."""
    newest = finished_ranking.c.ranking_id.desc()
    asked_for = [] if ranking_id is None else [(finished_ranking.c.ranking_id == ranking_id).desc()]
    return select(finished_ranking).order_by(*asked_for, newest).limit(1)


def with_key(order: Order, conditions: Conditions, *, after: CursorPlace | None, limit: int) -> Select[Any]:
    """A page of the accounts that have the sort key. In descending order ids descend within a key as well."""
    query = _ranked(order.ranking_id, conditions) if order.sort.by is Sort.SCORE else _keyed(order.sort.by, conditions)
    key, account_id = query.selected_columns.key, query.selected_columns.account_id
    if after is not None:
        _, kind = _BY[order.sort.by]
        here, there = tuple_(key, account_id), tuple_(literal(after.key, kind), literal(after.account_id, Text()))
        query = query.where(here < there if order.sort.descending else here > there)
    ordered = (key.desc(), account_id.desc()) if order.sort.descending else (key, account_id)
    return query.order_by(*ordered).limit(limit)


def with_key_in_window(order: Order, conditions: Conditions, *, after: CursorPlace | None, limit: int) -> Select[Any]:
    """As `with_key`, among the next `WINDOW` accounts only: fast where many accounts match the filter."""
    window = with_key(order, [], after=after, limit=WINDOW).subquery("window")
    # The label keeps `account_id` in a filter unambiguous.
    named = select(window.c.account_id.label("window_id"), window.c.key).subquery("named_window")
    joined = named.join(account, account.c.account_id == named.c.window_id)
    columns = (named.c.window_id, named.c.key)
    ordered = (column.desc() if order.sort.descending else column for column in reversed(columns))
    query = select(columns[0].label("account_id"), columns[1]).select_from(joined).where(*conditions)
    return query.order_by(*ordered).limit(limit)


def _ranked(ranking_id: int, conditions: Conditions) -> Select[Any]:
    accounts = _matching_first(select(account.c.account_id).where(*conditions)) if conditions else account
    joined = ranking.join(accounts, accounts.c.account_id == ranking.c.account_id)
    columns = (ranking.c.account_id, ranking.c.score.label("key"))
    return select(*columns).select_from(joined).where(ranking.c.ranking_id == ranking_id)


def _keyed(by: Sort, conditions: Conditions) -> Select[Any]:
    key, _ = _BY[by]
    query = select(account.c.account_id, key.label("key")).where(*conditions, key.is_not(None))
    if not conditions:
        return query
    matching = _matching_first(query)
    return select(matching.c.account_id, matching.c.key)


def _matching_first(query: Select[Any]) -> Subquery:
    """OFFSET 0 makes PostgreSQL filter before it sorts. Its planner expects matches evenly along the sort index, but
    the worst accounts are all at one end: it would read the index to the other end.
    """
    return query.offset(0).subquery("matching")


def without_key(order: Order, conditions: Conditions, *, after: CursorPlace | None, limit: int) -> Select[Any]:
    """A page of the other accounts, by account id: they come last in both directions."""
    by_score = order.sort.by is Sort.SCORE
    query = _unranked(order.ranking_id, conditions) if by_score else _keyless(order.sort.by, conditions)
    account_id = query.selected_columns.account_id
    if after is not None:
        query = query.where(account_id > after.account_id)
    return query.order_by(account_id).limit(limit)


def _unranked(ranking_id: int, conditions: Conditions) -> Select[Any]:
    accounts = _matching_first(select(account.c.account_id).where(*conditions)) if conditions else account
    ranked = and_(ranking.c.account_id == accounts.c.account_id, ranking.c.ranking_id == ranking_id)
    return (
        select(accounts.c.account_id).select_from(accounts.outerjoin(ranking, ranked)).where(ranking.c.score.is_(None))
    )


def _keyless(by: Sort, conditions: Conditions) -> Select[Any]:
    key, _ = _BY[by]
    # The key is NULL in all these rows. Sorting by it lets PostgreSQL use the index that begins with it.
    return select(account.c.account_id).where(*conditions, key.is_(None)).order_by(key)
