"""The queries of the read API, and what the list is filtered by; its pages are in `orders`."""

import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, Text, and_, case, cast, func, literal_column, or_, select, true

from common.contracts.signals import Band, Kind
from scoring.health import STAGES
from scoring.postgres.schema import (
    ID_KEY,
    KEY_CHARS,
    NAME_KEY,
    OWNER_KEY,
    account,
    day,
    heartbeat,
    journal,
    signal,
    state,
)


class AccountFilter(Struct, frozen=True, kw_only=True):
    """What an account must be to be shown: one of each set that is not empty, and within every bound."""

    bands: tuple[Band, ...] = ()
    tiers: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    default_stage: str
    min_arr: float | None = None
    max_arr: float | None = None
    ends_from: date | None = None
    ends_to: date | None = None
    starts_with: str | None = None


# In this order signals of one moment are told.
_TOLD = {kind: rank for rank, kind in enumerate((Kind.MILESTONE_MISSED, Kind.FLAG, Kind.OUTCOME, Kind.BAND))}


def origin() -> Select[Any]:
    """What the first partition was begun with; no row before that."""
    return select(journal.c.origin).where(journal.c.seq == 0).order_by(journal.c.partition).limit(1)


def statuses(partitions: int) -> Select[Any]:
    """Clock and heartbeat of each partition that was begun: one look into an index each, however long the journal."""
    number = func.generate_series(0, partitions - 1).table_valued("partition").render_derived()
    newest = (
        select(journal.c.clock, journal.c.newest)
        .where(journal.c.partition == number.c.partition)
        .order_by(journal.c.seq.desc())
        .limit(1)
        .lateral()
    )
    beaten = (heartbeat.c.at, heartbeat.c.caught_up, heartbeat.c.lag_seconds)
    return select(number.c.partition, newest.c.clock, newest.c.newest, *beaten).select_from(
        number.join(newest, true()).outerjoin(heartbeat, heartbeat.c.partition == number.c.partition)
    )


def count(wanted: AccountFilter) -> Select[Any]:
    return select(func.count()).select_from(account).where(*conditions(wanted))


def rows(account_ids: Collection[str]) -> Select[Any]:
    """Facts, band and state of these accounts, in any order."""
    joined = account.outerjoin(state, state.c.account_id == account.c.account_id)
    return select(account, state.c.body).select_from(joined).where(account.c.account_id == func.any(list(account_ids)))


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
    return query.order_by(signal.c.at.desc(), _rank(signal.c.kind, _TOLD).desc(), signal.c.signal_id).limit(limit)


def conditions(wanted: AccountFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, values in (
        (account.c.band, wanted.bands),
        (account.c.tier, wanted.tiers),
        # Both sides in lower case as PostgreSQL makes it: which letters it knows is a matter of its locale.
        (literal_column(OWNER_KEY, Text), [func.lower(func.btrim(owner)) for owner in wanted.owners]),
    ):
        if values:
            found.append(column.in_(values))
    if wanted.stages:
        found.append(_stage_is(wanted.stages, default=wanted.default_stage))
    for bounded, least, most in (
        (account.c.arr, wanted.min_arr, wanted.max_arr),
        (account.c.contract_end, wanted.ends_from, wanted.ends_to),
    ):
        if least is not None:
            found.append(bounded >= least)
        if most is not None:
            found.append(bounded <= most)
    if wanted.starts_with is not None:
        found.append(_starts_with(wanted.starts_with))
    return found


def _starts_with(beginning: str) -> ColumnElement[bool]:
    """In any case, the name or the account id; an index knows the first characters of both."""
    escaped = re.sub("[%_/]", r"/\g<0>", beginning[:KEY_CHARS])
    matching = []
    for key, whole in ((NAME_KEY, account.c.name), (ID_KEY, account.c.account_id)):
        begins = literal_column(key, Text).like(func.lower(escaped).concat("%"), escape="/")
        rest = [whole.istartswith(beginning, autoescape=True)] if len(beginning) > KEY_CHARS else []
        matching.append(and_(begins, *rest))
    return or_(*matching)


def _stage_is(stages: Collection[str], *, default: str) -> ColumnElement[bool]:
    """A stage that no card knows is scored as the default one, so it is found as that."""
    named = account.c.stage.in_(stages)
    if default not in stages:
        return named
    return or_(named, account.c.stage.is_(None), account.c.stage.not_in(STAGES))


def _rank(column: ColumnElement[Any], ranks: Mapping[Any, int]) -> ColumnElement[Any]:
    return case(*((column == value, rank) for value, rank in ranks.items()))
