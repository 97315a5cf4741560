"""What has been told of accounts, what waits to be sent, and who has taken it in hand: read for deciding."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from alerts import schema
from alerts.core.case import Dossier, Past, Pending, Told
from alerts.core.destination import Destination, Target
from alerts.errors import Stop
from common.contracts.signals import Kind, Severity, Signal

NOW = func.extract("epoch", func.clock_timestamp())
"""Wall time by the database's clock, in seconds: the one that leases go by."""

# Messages of one account; what is older is not what anybody still has in mind.
_REMEMBERED = 200

_notification = schema.notification.c
_LEASED = func.coalesce(_notification.lease_until > NOW, False)
# A lease that ran out without an outcome: it may have been sent.
_UNKNOWN = _notification.maybe_told | func.coalesce(_notification.lease_until <= NOW, False)
_TOLD = or_(_notification.status == "sent", (_notification.status != "pending") & _notification.maybe_told)


async def load(connection: AsyncConnection, accounts: list[str], *, final: Collection[str]) -> Sequence[Dossier]:
    """One for each account. What waits to be sent stays locked until the transaction ends.

    Raises `Stop` if a stored row cannot be read: another version wrote it.
    """
    try:
        return await _load(connection, accounts, final=final)
    except (msgspec.ValidationError, ValueError, KeyError) as error:
        raise Stop(f"what is stored of one of the accounts {accounts[:20]} cannot be read: {error!r}") from error


async def _load(connection: AsyncConnection, accounts: list[str], *, final: Collection[str]) -> Sequence[Dossier]:
    await _waiting(connection, accounts)
    # Once more: what a sender handed on while we waited for it could not be seen before.
    waiting = await _waiting(connection, accounts)
    told = await _told(connection, accounts)
    signals = await _signals(connection, {one for row in waiting for one in row.signals})
    past = await _past(connection, {one for row in (*waiting, *told) for one in row.signals})
    taken = await _acknowledged(connection, accounts)
    left = await _left(connection, accounts, final)
    bands = await _bands(connection, waiting, signals)
    pending = _by_account(row for row in waiting if not row.leased)
    heard = _by_account(sorted((*told, *(row for row in waiting if row.leased)), key=lambda row: int(row.seq)))
    return [
        Dossier(
            account_id,
            pending=tuple(_as_pending(row, signals) for row in pending.get(account_id, ())),
            told=tuple(one for row in heard.get(account_id, ()) for one in _as_told(row, past)),
            bands=tuple(bands.get(account_id, ())),
            acknowledged=taken.get(account_id, {}),
            left=account_id in left,
        )
        for account_id in accounts
    ]


async def _waiting(connection: AsyncConnection, accounts: list[str]) -> Sequence[Any]:
    """Locked, so that no sender takes a message while we decide whether it still stands."""
    mine = _notification.account_id == func.any(accounts)
    query = select(schema.notification, _LEASED.label("leased"), _UNKNOWN.label("unknown"))
    query = query.where(mine, _notification.status == "pending").order_by(_notification.seq).with_for_update()
    return (await connection.execute(query)).all()


async def _told(connection: AsyncConnection, accounts: list[str]) -> Sequence[Any]:
    """The newest of each account."""
    asked = func.unnest(cast(accounts, ARRAY(Text))).table_valued("account_id").render_derived()
    newest = (
        select(schema.notification)
        .where(_notification.account_id == asked.c.account_id, _TOLD)
        .order_by(_notification.seq.desc())
        .limit(_REMEMBERED)
        .lateral()
    )
    query = select(newest).select_from(asked.join(newest, newest.c.account_id == asked.c.account_id))
    return (await connection.execute(query)).all()


async def _bands(
    connection: AsyncConnection, waiting: Sequence[Any], signals: Mapping[str, Signal]
) -> Mapping[str, Sequence[Signal]]:
    """The newest of each episode that waits to be sent; one that is late itself is not known to stand."""
    episodes = {signals[one].episode for row in waiting for one in row.signals}
    if not episodes:
        return {}
    alert = schema.alert.c
    query = (
        select(alert.account_id, alert.body)
        .ext(distinct_on(alert.account_id, alert.episode))
        .where(alert.account_id == func.any(list({row.account_id for row in waiting})))
        .where(alert.episode == func.any(list(episodes)), alert.kind == Kind.BAND.value)
        .where(~alert.waiting, ~alert.history)
        .order_by(alert.account_id, alert.episode, alert.seq.desc())
    )
    found: dict[str, list[Signal]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.account_id, []).append(msgspec.convert(row.body, Signal))
    return found


async def _signals(connection: AsyncConnection, ids: Collection[str]) -> Mapping[str, Signal]:
    if not ids:
        return {}
    alert = schema.alert.c
    query = select(alert.signal_id, alert.body).where(alert.signal_id == func.any(list(ids)))
    return {row.signal_id: msgspec.convert(row.body, Signal) for row in await connection.execute(query)}


async def _past(connection: AsyncConnection, ids: Collection[str]) -> Mapping[str, Past]:
    """Without their bodies: of a few hundred accounts these are many thousands."""
    if not ids:
        return {}
    alert = schema.alert.c
    query = select(alert.signal_id, alert.episode, alert.kind, alert.to, alert.at)
    found = await connection.execute(query.where(alert.signal_id == func.any(list(ids))))
    return {row.signal_id: Past(row.signal_id, row.episode, Kind(row.kind), row.to, row.at) for row in found}


async def _acknowledged(connection: AsyncConnection, accounts: list[str]) -> Mapping[str, Mapping[str, Severity]]:
    taken = schema.acknowledgement.c
    query = select(taken.account_id, taken.episode, taken.severity).where(taken.account_id == func.any(accounts))
    found: dict[str, dict[str, Severity]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.account_id, {})[row.episode] = Severity(row.severity)
    return found


async def _left(connection: AsyncConnection, accounts: list[str], final: Collection[str]) -> frozenset[str]:
    """Whose newest outcome is a final one; a live one comes before an imported one."""
    alert = schema.alert.c
    query = (
        select(alert.account_id, alert.to)
        .ext(distinct_on(alert.account_id))
        .where(alert.account_id == func.any(accounts), alert.kind == Kind.OUTCOME.value)
        .order_by(alert.account_id, alert.history, alert.seq.desc())
    )
    return frozenset(row.account_id for row in await connection.execute(query) if row.to in final)


def _by_account(rows: Iterable[Any]) -> Mapping[str, Sequence[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.account_id, []).append(row)
    return found


def _destination(row: Any) -> Destination:
    ways = msgspec.convert(row.ways, tuple[Target, ...])
    return Destination(row.receiver, ways, tuple(row.path), row.repeat_interval)


def _as_pending(row: Any, signals: Mapping[str, Signal]) -> Pending:
    told = tuple(signals[one] for one in row.signals)
    return Pending(row.notification_id, _destination(row), told, row.unknown, row.decided)


def _as_told(row: Any, signals: Mapping[str, Past]) -> list[Told]:
    """Oldest first within a message too. What is on its way counts as told."""
    destination = _destination(row)
    told = sorted((signals[one] for one in row.signals), key=lambda signal: signal.at)
    return [Told(signal, destination, row.decided, row.status in ("sent", "pending")) for signal in told]
