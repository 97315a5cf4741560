"""The queries for sums over the accounts that match a filter, and for what has moved among them."""

from collections.abc import Collection
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Double, Integer, Select, Subquery, Text, and_, cast, func, select, text, true
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


def moved_bands(accounts: AccountFilter, *, since: float) -> Select[Any]:
    """A row for each band that accounts have now, of those whose band has changed."""
    moved = _moved(since)
    joined = account.join(moved, moved.c.moved_id == account.c.account_id)
    columns = (account.c.band, func.count().label("accounts"), _sum_of_arr())
    return select(*columns).select_from(joined).where(*queries.conditions(accounts)).group_by(account.c.band)


def movers(accounts: AccountFilter, *, since: float, limit: int) -> Select[Any]:
    """Accounts whose band has changed, the worst first, each with the signal of the last time."""
    moved = _moved(since)
    joined = account.join(moved, moved.c.moved_id == account.c.account_id)
    columns = account.c
    severity = sql(SEVERITY, Integer()).label("severity")
    worst = (
        select(columns.account_id, columns.name, columns.owner, columns.arr, columns.band, moved.c.at, severity)
        .select_from(joined)
        .where(*queries.conditions(accounts))
        .order_by(severity, columns.arr.desc().nulls_last(), columns.account_id)
        .limit(limit)
        .subquery("worst")
    )
    last = (
        select(cast(signal.c.body, Text).label("body"))
        .where(signal.c.account_id == worst.c.account_id, signal.c.at == worst.c.at, text(CHANGES_BAND))
        .limit(1)
        .lateral("last")
    )
    ordered = (worst.c.severity, worst.c.arr.desc().nulls_last(), worst.c.account_id)
    return select(worst, last.c.body).select_from(worst.join(last, true())).order_by(*ordered)


def day_scores(account_ids: Collection[str], *, first: date) -> Select[Any]:
    """Of closed days, the oldest first: the last record before the day, the scores then and at the day's end."""
    columns = day.c
    numbers = [cast(columns.body.op("->>")(name), Double).label(name) for name in ("since", "before", "after")]
    query = select(columns.account_id, columns.day, *numbers)
    return query.where(columns.account_id == func.any(list(account_ids)), columns.day >= first).order_by(
        columns.account_id, columns.day
    )


def _moved(since: float) -> Subquery:
    """When the band of each account has changed last. Filters name `account_id`, so this has another name for it."""
    last = func.max(signal.c.at).label("at")
    changed = and_(signal.c.at >= since, text(f"({CHANGES_BAND})"))
    return (
        select(signal.c.account_id.label("moved_id"), last)
        .where(changed)
        .group_by(signal.c.account_id)
        .subquery("moved")
    )


def _sum_of_arr() -> ColumnElement[Any]:
    return func.coalesce(func.sum(account.c.arr), 0.0).label("arr")
