"""PostgreSQL as the sender uses it: every attempt is written before it is made and completed after it.

A claim is a lease: a row carries the token of whoever may send it, and until when. The token goes when the outcome
is written. No transaction is open while a message is on its way.
"""

import uuid
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

import msgspec
from sqlalchemy import Double, cast, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alerts import schema
from alerts.core.destination import Target
from alerts.core.reasons import DecisionReason
from alerts.errors import Failure
from alerts.sending import statement
from alerts.sending.claims import (
    AttemptOutcome,
    ClaimedMessage,
    ClaimResult,
    Failed,
    Sent,
    StoredEarlierMessage,
    UnreadableMessage,
)
from alerts.sending.limits import SendCapacity
from alerts.transaction import ConnectionMode, autocommit, in_transaction

_ways = msgspec.json.Decoder(Annotated[tuple[Target, ...], msgspec.Meta(min_length=1)])
_thread = msgspec.json.Decoder(tuple[StoredEarlierMessage, ...])

LONGEST_DETAIL = 2_000

_NOW = cast(func.extract("epoch", func.statement_timestamp()), Double)
_notification = schema.notification.c
_attempt = schema.attempt.c


class PostgresNotificationQueue:
    """Every method raises `Unreachable` if the database does not do what it is asked to."""

    def __init__(self, engine: AsyncEngine, *, lease: float, patience: float) -> None:
        """Seconds: how long a claim lasts unless it is renewed, and the most that one call may take."""
        self._engine = engine
        self._lease = lease
        self._patience = patience
        self._token = uuid.uuid4().hex
        self._in_doubt = False

    async def claim(self, partitions: Collection[int], room: SendCapacity) -> ClaimResult:
        """What may be sent now: the most urgent first.

        After an answer that was lost, the same claim is asked for again: if it went through, these are the messages.
        Not to be called again before it has ended. What cannot be read is given up.
        """
        doubted, self._in_doubt = self._in_doubt, True
        async with self._connected() as connection:
            rows = await self._held(connection, partitions) if doubted else ()
            rows = rows or await self._take(connection, partitions, room)
            taken = _taken(rows, self._token)
            for one in taken.unreadable:
                await connection.execute(statement.SET_ASIDE, _aside(one, self._token))
        self._in_doubt, self._token = False, uuid.uuid4().hex
        return taken

    async def renew(self, claimed: ClaimedMessage) -> bool:
        """Whether it is still ours; if so, for a whole lease from now."""
        ours = {"id": claimed.notification_id, "token": claimed.token, "lease": self._lease}
        async with self._connected() as connection:
            renewed = await connection.execute(statement.RENEW, ours)
            if renewed.rowcount == 0:
                await _complete(connection, claimed, _LOST, 0.0)
        return renewed.rowcount > 0

    async def record(self, claimed: ClaimedMessage, outcome: AttemptOutcome, *, ago: float) -> None:
        """What became of it, `ago` seconds before. Once: the same outcome again changes nothing.

        If the lease was lost meanwhile, a failure is nobody's but this attempt's: the message is another's now. That
        it arrived is true whoever holds it, so it counts as sent, and whoever else is about to send it finds that out
        when renewing.
        """
        if isinstance(outcome, Sent):
            async with self._connected() as connection:
                await connection.execute(statement.SENT, _arrived(claimed, outcome, ago))
            return
        async with self._connected(in_transaction) as connection:
            # The row before its attempt, as a claim does, or the two could wait for each other.
            row = (await connection.execute(_locked(claimed))).one_or_none()
            if row is None:
                return
            await _complete(connection, claimed, outcome, ago)
            if row.status == "pending" and row.lease_token == claimed.token:
                await _failed(connection, claimed, outcome, ago)

    async def _held(self, connection: AsyncConnection, partitions: Collection[int]) -> Sequence[Any]:
        """Of what may be sent now: for the rest the lease runs out."""
        asked = {"token": self._token, "partitions": sorted(partitions)}
        return (await connection.execute(statement.HELD, asked)).all()

    async def _take(
        self, connection: AsyncConnection, partitions: Collection[int], room: SendCapacity
    ) -> Sequence[Any]:
        claim = {"token": self._token, "lease": self._lease, "cut_short": Failure.CUT_SHORT.value}
        return (await connection.execute(statement.CLAIM, claim | _asked(partitions, room))).all()

    def _connected(self, how: ConnectionMode = autocommit) -> AbstractAsyncContextManager[AsyncConnection]:
        return how(self._engine, patience=self._patience)


_LOST = Failed(Failure.CUT_SHORT, "not sent: the lease was lost before", maybe_told=False, retry_in=None)


def _asked(partitions: Collection[int], room: SendCapacity) -> dict[str, Any]:
    return {
        "partitions": sorted(partitions),
        "closed": sorted(room.closed),
        "kinds": [opening.kind for opening in room.openings],
        "channels": [opening.channel.value for opening in room.openings],
        "slots": [opening.slots for opening in room.openings],
    }


def _taken(rows: Sequence[Any], token: str) -> ClaimResult:
    messages: list[ClaimedMessage] = []
    unreadable: list[UnreadableMessage] = []
    for row in rows:
        if row.notification_id is None:
            continue  # nothing but the moment of the next one
        try:
            messages.append(_claimed(row, token))
        except ValueError as error:  # msgspec's are, too
            whose = (row.notification_id, row.partition, row.account_id, row.lane)
            unreadable.append(UnreadableMessage(*whose, f"{type(error).__name__}: {error}"))
    due = rows[0].next_due
    return ClaimResult(tuple(messages), tuple(unreadable), None if due is None else max(0.0, due))


def _claimed(row: Any, token: str) -> ClaimedMessage:
    if None in row.bodies:
        raise ValueError("one of its signals is gone")
    return ClaimedMessage(
        notification_id=row.notification_id,
        partition=row.partition,
        account_id=row.account_id,
        receiver=row.receiver,
        reason=row.reason,
        ways=_ways.decode(row.ways),
        decided=row.decided,
        token=token,
        attempt=row.attempts,
        age=row.age,
        happened=row.happened,
        recorded=row.recorded,
        bodies=tuple(row.bodies),
        thread=() if row.thread is None else _thread.decode(row.thread),
    )


def _aside(one: UnreadableMessage, token: str) -> dict[str, Any]:
    named = {"id": one.notification_id, "token": token}
    return named | {"outcome": Failure.UNREADABLE.value, "detail": _storable(one.detail)}


def _arrived(claimed: ClaimedMessage, outcome: Sent, ago: float) -> dict[str, Any]:
    attempt = {"id": claimed.notification_id, "attempt": claimed.attempt, "cut_short": Failure.CUT_SHORT.value}
    return attempt | {"thread": _storable(outcome.thread), "ago": ago}


def _locked(claimed: ClaimedMessage) -> Any:
    query = select(_notification.status, _notification.lease_token)
    return query.where(_notification.notification_id == claimed.notification_id).with_for_update()


async def _complete(connection: AsyncConnection, claimed: ClaimedMessage, outcome: Failed, ago: float) -> None:
    mine = (_attempt.notification_id == claimed.notification_id, _attempt.n == claimed.attempt)
    # Somebody who did not hear from us may have called it cut short: we know better.
    unknown = or_(_attempt.outcome.is_(None), _attempt.outcome == Failure.CUT_SHORT.value)
    ended = func.greatest(_attempt.started, _NOW - ago)
    values = {"outcome": outcome.reason.value, "detail": _storable(outcome.detail), "ended": ended}
    await connection.execute(update(schema.attempt).where(*mine, unknown).values(values))


async def _failed(connection: AsyncConnection, claimed: ClaimedMessage, outcome: Failed, ago: float) -> None:
    values: dict[str, Any] = {"maybe_told": _notification.maybe_told | outcome.maybe_told} | _RELEASED
    if outcome.retry_in is None:
        values |= {"status": "failed", "done": _NOW - ago}
    else:
        values |= {"due": _NOW - ago + outcome.retry_in}
    mine = _notification.notification_id == claimed.notification_id
    await connection.execute(update(schema.notification).where(mine).values(values))
    if outcome.final and len(claimed.ways) > 1:
        await _hand_on(connection, claimed)


async def _hand_on(connection: AsyncConnection, claimed: ClaimedMessage) -> None:
    rest = claimed.ways[1:]
    new = {
        "new": uuid.uuid4().hex,
        "old": claimed.notification_id,
        "lane": rest[0].lane,
        "ways": msgspec.json.encode(rest).decode(),
        "reason": DecisionReason.HANDED_ON.value,
    }
    await connection.execute(statement.HAND_ON, new)
    await connection.execute(statement.HANDED_ON, {"new": new["new"]})


_RELEASED: dict[str, Any] = {"lease_until": None, "lease_token": None}


def _storable(text: str | None) -> str | None:
    """What another program said, as PostgreSQL can hold it: an outcome that cannot be written sends a message again."""
    if text is None:
        return None
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:LONGEST_DETAIL]
