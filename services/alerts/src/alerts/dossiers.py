"""What has been told of accounts, what waits to be sent, and who has taken it in hand: read for deciding."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from alerts import schema
from alerts.core.case import Dossier, Pending, Told
from alerts.core.destination import Destination, Target
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
    """One for each account. What waits to be sent stays locked until the transaction ends."""
    waiting = await _waiting(connection, accounts)
    told = await _told(connection, accounts)
    signals = await _signals(connection, {one for row in (*waiting, *told) for one in row.signals})
    taken = await _acknowledged(connection, accounts)
    left = await _left(connection, accounts, final)
    pending = [row for row in waiting if not row.leased]
    heard = sorted((*told, *(row for row in waiting if row.leased)), key=lambda row: int(row.seq))
    return [
        Dossier(
            account_id,
            pending=tuple(_as_pending(row, signals) for row in pending if row.account_id == account_id),
            told=tuple(one for row in heard if row.account_id == account_id for one in _as_told(row, signals)),
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


async def _signals(connection: AsyncConnection, ids: Collection[str]) -> Mapping[str, Signal]:
    if not ids:
        return {}
    alert = schema.alert.c
    query = select(alert.signal_id, alert.body).where(alert.signal_id == func.any(list(ids)))
    return {row.signal_id: msgspec.convert(row.body, Signal) for row in await connection.execute(query)}


async def _acknowledged(connection: AsyncConnection, accounts: list[str]) -> Mapping[str, Mapping[str, Severity]]:
    taken = schema.acknowledgement.c
    query = select(taken.account_id, taken.episode, taken.severity).where(taken.account_id == func.any(accounts))
    found: dict[str, dict[str, Severity]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.account_id, {})[row.episode] = Severity(row.severity)
    return found


async def _left(connection: AsyncConnection, accounts: list[str], final: Collection[str]) -> frozenset[str]:
    """Whose newest outcome is a final one."""
    alert = schema.alert.c
    query = (
        select(alert.account_id, alert.to)
        .ext(distinct_on(alert.account_id))
        .where(alert.account_id == func.any(accounts), alert.kind == Kind.OUTCOME.value)
        .order_by(alert.account_id, alert.seq.desc())
    )
    return frozenset(row.account_id for row in await connection.execute(query) if row.to in final)


def _destination(row: Any) -> Destination:
    ways = msgspec.convert(row.ways, tuple[Target, ...])
    return Destination(row.receiver, ways, tuple(row.path), row.repeat_interval)


def _as_pending(row: Any, signals: Mapping[str, Signal]) -> Pending:
    told = tuple(signals[one] for one in row.signals)
    return Pending(row.notification_id, _destination(row), told, row.unknown)


def _as_told(row: Any, signals: Mapping[str, Signal]) -> list[Told]:
    """Oldest first within a message too. What is on its way counts as told."""
    destination = _destination(row)
    told = sorted((signals[one] for one in row.signals), key=lambda signal: signal.at)
    return [Told(signal, destination, row.decided, row.status in ("sent", "pending")) for signal in told]
