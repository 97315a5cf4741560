"""The queries for sums over the accounts that match a filter, and for what has moved among them."""

from collections.abc import Collection
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    Integer,
    Select,
    Subquery,
    Text,
    TextClause,
    and_,
    cast,
    column,
    false,
    func,
    select,
    text,
    true,
)
from sqlalchemy import literal_column as sql

from scoring.postgres import queries
from scoring.postgres.queries import AccountFilter
from scoring.postgres.schema import CHANGES_BAND, OWNER_KEY, SEVERITY, account, day, signal

BY_OWNER: Final[ColumnElement[Any]] = sql(OWNER_KEY, Text())
BY_PARENT: Final[ColumnElement[Any]] = account.c.parent
BY_RENEWAL_MONTH: Final[ColumnElement[Any]] = sql("to_char(contract_end, 'YYYY-MM')", Text())
_AT_RISK: Final = account.c.band.in_(("red", "yellow"))


def bands(accounts: AccountFilter) -> Select[Any]:
    """A row for each band."""
    known = func.count(account.c.arr)
    columns = (account.c.band, func.count().label("accounts"), _sum_of_arr(), (func.count() - known).label("unknown"))
    return select(*columns).where(*queries.conditions(accounts)).group_by(account.c.band)


def groups(accounts: AccountFilter, key: ColumnElement[Any], *, limit: int) -> Select[Any]:
    """Those with the most ARR at risk first; `name` is that of the account which is the parent."""
    at_risk = func.coalesce(func.sum(account.c.arr).filter(_AT_RISK), 0.0).label("arr_at_risk")
    by_band = [
        func.count().filter(account.c.band == band).label(band)
        for band in ("red", "yellow", "insufficient_data", "green")
    ]
    columns = (key.label("key"), func.count().label("accounts"), _sum_of_arr(), at_risk, *by_band)
    found = (
        select(*columns)
        .where(*queries.conditions(accounts))
        .group_by(key)
        .order_by(at_risk.desc(), sql("arr").desc(), key)
        .limit(limit)
        .subquery("found")
    )
    parent = account.alias("named")
    if key is not BY_PARENT:
        return select(found, sql("NULL", Text()).label("name")).order_by(*_worst_groups_first(found))
    joined = found.outerjoin(parent, parent.c.account_id == found.c.key)
    return select(found, parent.c.name).select_from(joined).order_by(*_worst_groups_first(found))


def _worst_groups_first(found: Subquery) -> tuple[ColumnElement[Any], ...]:
    return found.c.arr_at_risk.desc(), found.c.arr.desc(), found.c.key


def moves(accounts: AccountFilter, *, since: float, limit: int) -> Select[Any]:
    """Of accounts whose band has changed: a row for each band that they have now (`moved` of them, `arr_moved`), then
    the worst accounts, each with the signal of the last time. One pass over the accounts finds both.
    """
    moved, columns = _moved(since), account.c
    severity = sql(SEVERITY, Integer()).label("severity")
    moving = (
        select(columns.account_id, columns.name, columns.owner, columns.arr, columns.band, moved.c.at, severity)
        .select_from(account.join(moved, moved.c.moved_id == columns.account_id))
        .where(*queries.conditions(accounts))
        .cte("moving")
    )
    arr_moved = func.coalesce(func.sum(moving.c.arr), 0.0).label("arr_moved")
    sums = (
        select(moving.c.band.label("moved_to"), func.count().label("moved"), arr_moved)
        .group_by(moving.c.band)
        .subquery("sums")
    )
    worst = select(moving).order_by(*_worst_first(moving)).limit(limit).subquery("worst")
    last = (
        select(cast(signal.c.body, Text).label("body"))
        .where(signal.c.account_id == worst.c.account_id, signal.c.at == worst.c.at, _changes_band())
        .limit(1)
        .lateral("last")
    )
    told = select(worst, last.c.body).select_from(worst.join(last, true())).subquery("told")
    both = sums.join(told, false(), full=True)
    return select(sums, told).select_from(both).order_by(*_worst_first(told))


def _worst_first(found: FromClause) -> tuple[ColumnElement[Any], ...]:
    return found.c.severity, found.c.arr.desc().nulls_last(), found.c.account_id


def day_scores(account_ids: Collection[str], *, first: date) -> Select[Any]:
    """Of closed days, the oldest first: the last record before the day, the scores then and at the day's end."""
    columns = day.c
    # Once for each row: `->>` would read the whole body again for each number.
    body = func.json_to_record(columns.body).table_valued(
        column("since", Double), column("before", Double), column("after", Double)
    )
    numbers = body.render_derived("scores", with_types=True).lateral()
    return (
        select(columns.account_id, columns.day, numbers.c.since, numbers.c.before, numbers.c.after)
        .select_from(day.join(numbers, true()))
        .where(columns.account_id == func.any(list(account_ids)), columns.day >= first)
        .order_by(columns.account_id, columns.day)
    )


def _moved(since: float) -> Subquery:
    """When the band of each account has changed last. Filters name `account_id`, so this has another name for it."""
    last = func.max(signal.c.at).label("at")
    changed = and_(signal.c.at >= since, _changes_band())
    return (
        select(signal.c.account_id.label("moved_id"), last)
        .where(changed)
        .group_by(signal.c.account_id)
        .subquery("moved")
    )


def _changes_band() -> TextClause:
    """In brackets: the condition has an OR in it."""
    return text(f"({CHANGES_BAND})")


def _sum_of_arr() -> ColumnElement[Any]:
    return func.coalesce(func.sum(account.c.arr), 0.0).label("arr")
