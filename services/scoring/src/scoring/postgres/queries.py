"""The queries of the read API, and the filters of the list; its pages are in `orders`."""

import re
from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, Text, and_, case, cast, func, literal_column, null, or_, select, true

from common.contracts.signals import Band, Facts, Kind
from scoring.postgres.schema import (
    ID_KEY,
    KEY_CHARS,
    NAME_KEY,
    OWNER_KEY,
    account,
    day,
    event_name,
    feed_pause,
    heartbeat,
    journal,
    ranking,
    signal,
    state,
    unusable_value,
)


class AccountStatus(StrEnum):
    """A `Status`, or `merged`: the account goes on as another one, whatever its contracts say."""

    ACTIVE = "active"
    LEAVING = "leaving"
    CHURNED = "churned"
    MERGED = "merged"


def status_of(facts: Facts) -> AccountStatus:
    return AccountStatus(facts.status.value) if facts.merged_into is None else AccountStatus.MERGED


class AccountFilter(Struct, frozen=True, kw_only=True):
    """An account matches if it has one value of each set that is not empty, and is within every bound.

    `among` are the ids of the accounts that may match; None: all may.
    """

    bands: tuple[Band, ...] = ()
    statuses: tuple[AccountStatus, ...] = ()
    tiers: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    min_arr: float | None = None
    max_arr: float | None = None
    ends_from: date | None = None
    ends_to: date | None = None
    starts_with: str | None = None
    among: tuple[str, ...] | None = None


# The order in which scoring emits signals of the same moment, but for the flag that brings a band: it comes first.
_KINDS = (Kind.MILESTONE_MISSED, Kind.FLAG, Kind.CONTRACTION, Kind.OUTCOME, Kind.BAND, Kind.FIRST_LOOK)
_KIND_ORDER = {kind: rank for rank, kind in enumerate(_KINDS)}


def origin() -> Select[Any]:
    """The origin of the first partition that was begun; no row before that."""
    return select(journal.c.origin).where(journal.c.seq == 0).order_by(journal.c.partition).limit(1)


def statuses(partitions: int) -> Select[Any]:
    """Clock and heartbeat of each partition that was begun; one index look-up each, however long the journal is."""
    number = func.generate_series(0, partitions - 1).table_valued("partition").render_derived()
    newest = (
        select(journal.c.clock, journal.c.newest)
        .where(journal.c.partition == number.c.partition)
        .order_by(journal.c.seq.desc())
        .limit(1)
        .lateral()
    )
    heartbeat_columns = (heartbeat.c.at, heartbeat.c.caught_up, heartbeat.c.lag_seconds)
    return select(number.c.partition, newest.c.clock, newest.c.newest, *heartbeat_columns).select_from(
        number.join(newest, true()).outerjoin(heartbeat, heartbeat.c.partition == number.c.partition)
    )


def pauses() -> Select[Any]:
    """Of feeds: a row for each partition and source that was ever paused."""
    return select(feed_pause).order_by(feed_pause.c.partition, feed_pause.c.source)


def count(accounts: AccountFilter) -> Select[Any]:
    return select(func.count()).select_from(account).where(*conditions(accounts))


def rows(account_ids: Collection[str], *, states: bool) -> Select[Any]:
    """Facts and band of these accounts, in any order; with their `states`, or NULL in place of them."""
    named = account.c.account_id == func.any(list(account_ids))
    if not states:
        return select(account, null().label("body")).where(named)
    joined = account.outerjoin(state, state.c.account_id == account.c.account_id)
    return select(account, state.c.body).select_from(joined).where(named)


def scores(ranking_id: int) -> Select[Any]:
    return select(ranking.c.account_id, ranking.c.score).where(ranking.c.ranking_id == ranking_id)


def event_names() -> Select[Any]:
    return select(event_name).order_by(event_name.c.count.desc(), event_name.c.name)


def unusable_values() -> Select[Any]:
    columns = unusable_value.c
    return select(unusable_value).order_by(columns.count.desc(), columns.metric, columns.event)


def days(account_id: str, *, first: date | None, last: date | None, limit: int) -> Select[Any]:
    """The newest first; both bounds included."""
    query = select(cast(day.c.body, Text)).where(day.c.account_id == account_id)
    if first is not None:
        query = query.where(day.c.day >= first)
    if last is not None:
        query = query.where(day.c.day <= last)
    return query.order_by(day.c.day.desc()).limit(limit)


def signals(account_id: str, *, since: float | None, until: float | None, limit: int) -> Select[Any]:
    """The newest first; both bounds (seconds since the epoch) included."""
    query = select(cast(signal.c.body, Text)).where(signal.c.account_id == account_id)
    if since is not None:
        query = query.where(signal.c.at >= since)
    if until is not None:
        query = query.where(signal.c.at <= until)
    return query.order_by(signal.c.at.desc(), _rank(signal.c.kind, _KIND_ORDER).desc(), signal.c.signal_id).limit(limit)


def conditions(accounts: AccountFilter) -> list[ColumnElement[bool]]:
    found = [_has_status(accounts.statuses)] if accounts.statuses else []
    for column, values in (
        (account.c.band, accounts.bands),
        (account.c.scored_stage, accounts.stages),
        (account.c.tier, accounts.tiers),
        (account.c.segment, accounts.segments),
        (account.c.parent, accounts.parents),
        (account.c.country, accounts.countries),
        # PostgreSQL lowers both sides, because lower case depends on its locale.
        (literal_column(OWNER_KEY, Text), [func.lower(func.btrim(owner)) for owner in accounts.owners]),
    ):
        if values:
            found.append(column.in_(values))
    for bounded, least, most in (
        (account.c.arr, accounts.min_arr, accounts.max_arr),
        (account.c.contract_end, accounts.ends_from, accounts.ends_to),
    ):
        if least is not None:
            found.append(bounded >= least)
        if most is not None:
            found.append(bounded <= most)
    if accounts.among is not None:
        found.append(account.c.account_id == func.any(list(accounts.among)))
    if accounts.starts_with is not None:
        found.append(_starts_with(accounts.starts_with))
    return found


def _has_status(statuses: Collection[AccountStatus]) -> ColumnElement[bool]:
    """Not by the expression STATUS: PostgreSQL knows nothing of its values, and would expect one account in a hundred
    where nearly all match."""
    own = [status.value for status in statuses if status is not AccountStatus.MERGED]
    found: list[ColumnElement[bool]] = []
    if own:
        found.append(and_(account.c.merged_into.is_(None), account.c.status.in_(own)))
    if AccountStatus.MERGED in statuses:
        found.append(account.c.merged_into.is_not(None))
    return or_(*found)


def _starts_with(beginning: str) -> ColumnElement[bool]:
    """Matches the name or the account id, ignoring case; an index holds the first characters of both."""
    escaped = re.sub("[%_/]", r"/\g<0>", beginning[:KEY_CHARS])
    matching = []
    for key, whole in ((NAME_KEY, account.c.name), (ID_KEY, account.c.account_id)):
        begins = literal_column(key, Text).like(func.lower(escaped).concat("%"), escape="/")
        rest = [whole.istartswith(beginning, autoescape=True)] if len(beginning) > KEY_CHARS else []
        matching.append(and_(begins, *rest))
    return or_(*matching)


def _rank(column: ColumnElement[Any], ranks: Mapping[Any, int]) -> ColumnElement[Any]:
    return case(*((column == value, rank) for value, rank in ranks.items()))
