"""The orders of the list, and one page of each: accounts that have what it sorts by, then those that do not.

A page begins behind the account that ended the page before. Without a filter it is a range of an index, however far
into the list that is. With one, it is looked for among the next accounts; if too few of them match, all that match are
found and sorted.
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
NO_RANKING: Final = 0
"""Stands for the time before the first ranking: no account is ranked."""
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
    """What a walk through the pages keeps to; `ranking_id` is that of its first page."""

    sort: Sort
    ranking_id: int = NO_RANKING


class CursorPlace(Struct, frozen=True):
    """The account that ended a page, and what it was sorted by; None if it has no such thing."""

    key: Key | None
    account_id: str


_BY: Final[dict[Sort, tuple[ColumnElement[Any], TypeEngine[Any]]]] = {
    Sort.SCORE: (ranking.c.score, Double()),
    Sort.ARR: (account.c.arr, Double()),
    Sort.RENEWAL: (account.c.contract_end, Date()),
    Sort.NAME: (sql(NAME_KEY, Text()), Text()),
    Sort.BAND: (sql(SEVERITY, Integer()), Integer()),
}


def chosen(ranking_id: int | None) -> Select[Any]:
    """The finished ranking of this number; if it is gone or none was named, the newest."""
    newest = finished_ranking.c.ranking_id.desc()
    wanted = [] if ranking_id is None else [(finished_ranking.c.ranking_id == ranking_id).desc()]
    return select(finished_ranking).order_by(*wanted, newest).limit(1)


def with_key(order: Order, wanted: list[ColumnElement[bool]], *, after: CursorPlace | None, limit: int) -> Select[Any]:
    """Of the accounts that have what is sorted by. With a minus those of one key are in descending order, too."""
    query = _ranked(order.ranking_id, wanted) if order.sort.by is Sort.SCORE else _keyed(order.sort.by, wanted)
    key, account_id = query.selected_columns.key, query.selected_columns.account_id
    if after is not None:
        _, kind = _BY[order.sort.by]
        here, there = tuple_(key, account_id), tuple_(literal(after.key, kind), literal(after.account_id, Text()))
        query = query.where(here < there if order.sort.descending else here > there)
    ordered = (key.desc(), account_id.desc()) if order.sort.descending else (key, account_id)
    return query.order_by(*ordered).limit(limit)


def near(order: Order, wanted: list[ColumnElement[bool]], *, after: CursorPlace | None, limit: int) -> Select[Any]:
    """The same, but only of the next `WINDOW` accounts: a page of a filter that many match, for a few milliseconds."""
    window = with_key(order, [], after=after, limit=WINDOW).subquery("window")
    # So named that a filter's `account_id` is that of the account.
    named = select(window.c.account_id.label("near_id"), window.c.key).subquery("near")
    joined = named.join(account, account.c.account_id == named.c.near_id)
    columns = (named.c.near_id, named.c.key)
    ordered = (column.desc() if order.sort.descending else column for column in reversed(columns))
    query = select(columns[0].label("account_id"), columns[1]).select_from(joined).where(*wanted)
    return query.order_by(*ordered).limit(limit)


def _ranked(ranking_id: int, wanted: list[ColumnElement[bool]]) -> Select[Any]:
    accounts = _apart(select(account.c.account_id).where(*wanted)) if wanted else account
    joined = ranking.join(accounts, accounts.c.account_id == ranking.c.account_id)
    columns = (ranking.c.account_id, ranking.c.score.label("key"))
    return select(*columns).select_from(joined).where(ranking.c.ranking_id == ranking_id)


def _keyed(by: Sort, wanted: list[ColumnElement[bool]]) -> Select[Any]:
    key, _ = _BY[by]
    query = select(account.c.account_id, key.label("key")).where(*wanted, key.is_not(None))
    if not wanted:
        return query
    matching = _apart(query)
    return select(matching.c.account_id, matching.c.key)


def _apart(query: Select[Any]) -> Subquery:
    """Found before they are sorted: OFFSET keeps PostgreSQL from doing both at once. It takes a filter to hit evenly
    along an index, and the worst accounts are all at one end of it: it would read the index to the other end.
    """
    return query.offset(0).subquery("matching")


def without_key(
    order: Order, wanted: list[ColumnElement[bool]], *, after: CursorPlace | None, limit: int
) -> Select[Any]:
    """Of the others, by account id: unknown comes last in both directions."""
    by_score = order.sort.by is Sort.SCORE
    query = _unranked(order.ranking_id, wanted) if by_score else _keyless(order.sort.by, wanted)
    account_id = query.selected_columns.account_id
    if after is not None:
        query = query.where(account_id > after.account_id)
    return query.order_by(account_id).limit(limit)


def _unranked(ranking_id: int, wanted: list[ColumnElement[bool]]) -> Select[Any]:
    accounts = _apart(select(account.c.account_id).where(*wanted)) if wanted else account
    ranked = and_(ranking.c.account_id == accounts.c.account_id, ranking.c.ranking_id == ranking_id)
    return (
        select(accounts.c.account_id).select_from(accounts.outerjoin(ranking, ranked)).where(ranking.c.score.is_(None))
    )


def _keyless(by: Sort, wanted: list[ColumnElement[bool]]) -> Select[Any]:
    key, _ = _BY[by]
    # Where it is sorted by is NULL throughout; named, it lets the index that holds it give the order.
    return select(account.c.account_id).where(*wanted, key.is_(None)).order_by(key)
