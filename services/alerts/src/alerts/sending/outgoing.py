"""PostgreSQL as the sender uses it: every attempt is written before it is made and completed after it.

A claim is a lease: a row carries the token of whoever may send it, and until when. The token goes when the outcome
is written. No transaction is open while a message is on its way.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

import msgspec
from sqlalchemy import Double, Text, cast, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alerts import schema
from alerts.core.destination import Target
from alerts.core.reasons import Reason
from alerts.errors import Failure, Stop
from alerts.sending import statement
from alerts.sending.claims import Before, Claimed, Failed, Outcome, Sent
from alerts.sending.limits import Room
from alerts.transaction import transaction

_Ways = Annotated[tuple[Target, ...], msgspec.Meta(min_length=1)]

SENT = "sent"
LONGEST_DETAIL = 2_000

_NOW = cast(func.extract("epoch", func.statement_timestamp()), Double)
_notification = schema.notification.c
_attempt = schema.attempt.c


class PostgresOutgoing:
    """Every method raises `Unreachable` if the database does not do what it is asked to."""

    def __init__(self, engine: AsyncEngine, *, lease: float, patience: float) -> None:
        """Seconds: how long a claim lasts unless it is renewed, and the most that one call may take."""
        self._engine = engine
        self._lease = lease
        self._patience = patience
        self._token = uuid.uuid4().hex
        self._in_doubt = False

    async def claim(self, partitions: Collection[int], room: Room) -> list[Claimed]:
        """What may be sent now, ours from here on, each with its attempt begun: the most urgent first.

        After an answer that was lost, the same claim is asked for again: if it went through, these are the messages.
        Not to be called again before it has ended. Raises `Stop` if a row cannot be read.
        """
        doubted, self._in_doubt = self._in_doubt, True
        async with self._transaction() as connection:
            if not doubted or not (ids := await self._held(connection)):
                ids = await self._take(connection, partitions, room)
            claimed = await _read(connection, ids, self._token) if ids else []
        self._in_doubt, self._token = False, uuid.uuid4().hex
        return claimed

    async def next_due(self, partitions: Collection[int], room: Room) -> float | None:
        """Seconds until a message that there is room for may be claimed; None if none waits."""
        async with self._transaction() as connection:
            wait: float | None = await connection.scalar(statement.NEXT_DUE, _asked(partitions, room))
        return None if wait is None else max(0.0, wait)

    async def renew(self, claimed: Claimed) -> bool:
        """Whether it is still ours; if so, for a whole lease from now."""
        ours = (_notification.notification_id == claimed.notification_id, _notification.lease_token == claimed.token)
        longer = update(schema.notification).where(*ours, _notification.status == "pending")
        async with self._transaction() as connection:
            renewed = await connection.execute(longer.values(lease_until=_NOW + self._lease))
            if renewed.rowcount == 0:
                await _complete(connection, claimed, _LOST, 0.0)
        return renewed.rowcount > 0

    async def record(self, claimed: Claimed, outcome: Outcome, *, ago: float) -> None:
        """What became of it, `ago` seconds before. Once: the same outcome again changes nothing.

        If the lease was lost meanwhile, a failure is nobody's but this attempt's: the message is another's now. That
        it arrived is true whoever holds it, so it counts as sent, and whoever else is about to send it finds that out
        when renewing.
        """
        async with self._transaction() as connection:
            # The row before its attempt, as a claim does, or the two could wait for each other.
            row = (await connection.execute(_locked(claimed))).one_or_none()
            if row is None:
                return
            await _complete(connection, claimed, outcome, ago)
            if isinstance(outcome, Sent):
                await _sent(connection, claimed, outcome, ago)
                await connection.execute(statement.CUT_SHORT, _cut([claimed.notification_id]))
            elif row.status == "pending" and row.lease_token == claimed.token:
                await _failed(connection, claimed, outcome, ago)

    async def _held(self, connection: AsyncConnection) -> Sequence[str]:
        held = select(_notification.notification_id).where(
            _notification.lease_token == self._token, _notification.status == "pending"
        )
        return (await connection.scalars(held.with_for_update())).all()

    async def _take(self, connection: AsyncConnection, partitions: Collection[int], room: Room) -> Sequence[str]:
        ids = (await connection.scalars(statement.READY, _asked(partitions, room))).all()
        if ids:
            await connection.execute(statement.CUT_SHORT, _cut(ids))
            await connection.execute(statement.LEASE, {"ids": ids, "token": self._token, "lease": self._lease})
            await connection.execute(statement.BEGIN, {"ids": ids})
        return ids

    def _transaction(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return transaction(self._engine, patience=self._patience)


_LOST = Failed(Failure.CUT_SHORT, "not sent: the lease was lost before", maybe_told=False, retry_in=None)


def _asked(partitions: Collection[int], room: Room) -> dict[str, Any]:
    return {
        "partitions": sorted(partitions),
        "closed": sorted(room.closed),
        "kinds": [opening.kind for opening in room.openings],
        "channels": [opening.channel.value for opening in room.openings],
        "slots": [opening.slots for opening in room.openings],
    }


def _cut(ids: Sequence[str]) -> dict[str, Any]:
    return {"ids": ids, "outcome": Failure.CUT_SHORT.value}


async def _read(connection: AsyncConnection, ids: Sequence[str], token: str) -> list[Claimed]:
    begun = select(func.min(_attempt.started)).where(_attempt.notification_id == _notification.notification_id)
    age = func.greatest(0.0, _NOW - begun.scalar_subquery()).label("age")
    query = select(schema.notification, age).where(_notification.notification_id == func.any(list(ids)))
    rows = (await connection.execute(query.order_by(_notification.rank, _notification.seq))).all()
    bodies = await _bodies(connection, {one for row in rows for one in row.signals})
    threads = await _threads(connection, ids)
    return [_claimed(row, token, bodies, threads.get(row.notification_id, ())) for row in rows]


def _claimed(row: Any, token: str, bodies: Mapping[str, tuple[str, float]], thread: Sequence[Before]) -> Claimed:
    try:
        ways = msgspec.convert(row.ways, _Ways)
        signals = [bodies[one] for one in row.signals]
    except (msgspec.ValidationError, KeyError) as error:
        raise Stop(f"the stored notification {row.notification_id} cannot be read: {error!r}") from error
    return Claimed(
        notification_id=row.notification_id,
        partition=row.partition,
        account_id=row.account_id,
        receiver=row.receiver,
        reason=row.reason,
        ways=ways,
        decided=row.decided,
        token=token,
        attempt=row.attempts,
        age=row.age,
        happened=signals[0][1],
        bodies=tuple(body for body, _ in signals),
        thread=tuple(thread),
    )


async def _bodies(connection: AsyncConnection, ids: Collection[str]) -> Mapping[str, tuple[str, float]]:
    alert = schema.alert.c
    query = select(alert.signal_id, cast(alert.body, Text).label("body"), alert.at)
    found = await connection.execute(query.where(alert.signal_id == func.any(list(ids))))
    return {row.signal_id: (row.body, row.at) for row in found}


async def _threads(connection: AsyncConnection, ids: Sequence[str]) -> Mapping[str, Sequence[Before]]:
    threads: dict[str, list[Before]] = {}
    for row in await connection.execute(statement.THREADS, {"ids": ids}):
        threads.setdefault(row.of, []).append(Before(row.notification_id, row.body, row.done, row.thread))
    return threads


def _locked(claimed: Claimed) -> Any:
    query = select(_notification.status, _notification.lease_token)
    return query.where(_notification.notification_id == claimed.notification_id).with_for_update()


async def _complete(connection: AsyncConnection, claimed: Claimed, outcome: Outcome, ago: float) -> None:
    mine = (_attempt.notification_id == claimed.notification_id, _attempt.n == claimed.attempt)
    # Somebody who did not hear from us may have called it cut short: we know better.
    unknown = or_(_attempt.outcome.is_(None), _attempt.outcome == Failure.CUT_SHORT.value)
    named, detail = (SENT, None) if isinstance(outcome, Sent) else (outcome.reason.value, outcome.detail)
    await connection.execute(
        update(schema.attempt)
        .where(*mine, unknown)
        .values(outcome=named, detail=_storable(detail), ended=func.greatest(_attempt.started, _NOW - ago))
    )


async def _sent(connection: AsyncConnection, claimed: Claimed, outcome: Sent, ago: float) -> None:
    unsent = (_notification.notification_id == claimed.notification_id, _notification.status != "sent")
    values = {"status": "sent", "done": _NOW - ago, "thread": _storable(outcome.thread)} | _RELEASED
    await connection.execute(update(schema.notification).where(*unsent).values(values))


async def _failed(connection: AsyncConnection, claimed: Claimed, outcome: Failed, ago: float) -> None:
    values: dict[str, Any] = {"maybe_told": _notification.maybe_told | outcome.maybe_told} | _RELEASED
    if outcome.retry_in is None:
        values |= {"status": "failed", "done": _NOW - ago}
    else:
        values |= {"due": _NOW - ago + outcome.retry_in}
    mine = _notification.notification_id == claimed.notification_id
    await connection.execute(update(schema.notification).where(mine).values(values))
    if outcome.final and len(claimed.ways) > 1:
        await _hand_on(connection, claimed)


async def _hand_on(connection: AsyncConnection, claimed: Claimed) -> None:
    rest = claimed.ways[1:]
    new = {
        "new": uuid.uuid4().hex,
        "old": claimed.notification_id,
        "lane": rest[0].lane,
        "ways": msgspec.json.encode(rest).decode(),
        "reason": Reason.HANDED_ON.value,
    }
    await connection.execute(statement.HAND_ON, new)
    await connection.execute(statement.HANDED_ON, {"new": new["new"]})


_RELEASED: dict[str, Any] = {"lease_until": None, "lease_token": None}


def _storable(text: str | None) -> str | None:
    """What another program said, as PostgreSQL can hold it: an outcome that cannot be written sends a message again."""
    if text is None:
        return None
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:LONGEST_DETAIL]
