"""The messages in PostgreSQL: every attempt is recorded before it is made and completed after it.

A claim is a lease: the row holds the token of the sender that may send it, and until when. Writing the outcome clears
the token. No transaction is open while a message is on its way.
"""

import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

import msgspec
from sqlalchemy import Double, cast, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alerts.decisions.first_look import FirstLookSummary
from alerts.decisions.reasons import DecisionReason
from alerts.errors import Failure
from alerts.postgres import queue_statements, schema
from alerts.postgres.transaction import ConnectionMode, autocommit, in_transaction
from alerts.routing.destination import Fallback, Target
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
from common.contracts.signals import Facts

_ways = msgspec.json.Decoder(Annotated[tuple[Target, ...], msgspec.Meta(min_length=1)])
_fallback = msgspec.json.Decoder(Fallback | None)
_facts = msgspec.json.Decoder(Facts)
_summary = msgspec.json.Decoder(FirstLookSummary)
_thread = msgspec.json.Decoder(tuple[StoredEarlierMessage, ...])

LONGEST_DETAIL = 2_000

_NOW = cast(func.extract("epoch", func.statement_timestamp()), Double)
_notification = schema.notification.c
_attempt = schema.attempt.c


class PostgresNotificationQueue:
    """Every method raises `Unreachable` if the database does not answer in time."""

    def __init__(self, engine: AsyncEngine, *, lease: float, patience: float) -> None:
        """Seconds: how long a claim lasts unless it is renewed, and the most that one call may take."""
        self._engine = engine
        self._lease = lease
        self._patience = patience
        self._token = uuid.uuid4().hex
        self._in_doubt = False

    async def claim(self, partitions: Collection[int], capacity: SendCapacity) -> ClaimResult:
        """Leases the messages that may be sent now, the most urgent first; gives up those that cannot be read.

        If the answer to the former claim was lost, this returns the messages that it leased, under the same token. Not
        to be called again before it has returned.
        """
        in_doubt, self._in_doubt = self._in_doubt, True
        async with self._connected() as connection:
            rows = await self._held(connection, partitions) if in_doubt else ()
            rows = rows or await self._lease_new(connection, partitions, capacity)
            result = _result(rows, self._token)
            for one in result.unreadable:
                await connection.execute(queue_statements.SET_ASIDE, _set_aside(one, self._token))
        self._in_doubt, self._token = False, uuid.uuid4().hex
        return result

    async def renew(self, claimed: ClaimedMessage) -> bool:
        """Whether the lease is still ours; if so, it is renewed as of now."""
        ours = {"id": claimed.notification_id, "token": claimed.token, "lease": self._lease}
        async with self._connected() as connection:
            renewed = await connection.execute(queue_statements.RENEW, ours)
            # Another sender holds the message now: the attempt ends here, and nothing was sent.
            if renewed.rowcount == 0:
                await _complete(connection, claimed, _LOST, 0.0)
        return renewed.rowcount > 0

    async def record(self, claimed: ClaimedMessage, outcome: AttemptOutcome, *, ago: float) -> None:
        """Writes the outcome of an attempt that ended `ago` seconds before. The same outcome again changes nothing.

        If another sender holds the lease by now, a failure is written to the attempt only. A success counts for the
        message even then, and the other sender finds that out when it renews.
        """
        if isinstance(outcome, Sent):
            async with self._connected() as connection:
                await connection.execute(queue_statements.SENT, _arrived(claimed, outcome, ago))
            return
        async with self._connected(in_transaction) as connection:
            # Locked in the order of a claim, the message before its attempt, or the two could deadlock.
            row = (await connection.execute(_locked(claimed))).one_or_none()
            if row is None:
                return
            await _complete(connection, claimed, outcome, ago)
            # Only while the lease is ours does the failure count for the message.
            if row.status == "pending" and row.lease_token == claimed.token:
                await _fail(connection, claimed, outcome, ago)

    async def _held(self, connection: AsyncConnection, partitions: Collection[int]) -> Sequence[Any]:
        """Of the open partitions only: elsewhere the lease runs out."""
        asked = {"token": self._token, "partitions": sorted(partitions)}
        return (await connection.execute(queue_statements.HELD, asked)).all()

    async def _lease_new(
        self, connection: AsyncConnection, partitions: Collection[int], capacity: SendCapacity
    ) -> Sequence[Any]:
        parameters = {"token": self._token, "lease": self._lease, "cut_short": Failure.CUT_SHORT.value}
        return (
            await connection.execute(queue_statements.CLAIM, parameters | _claim_parameters(partitions, capacity))
        ).all()

    def _connected(self, how: ConnectionMode = autocommit) -> AbstractAsyncContextManager[AsyncConnection]:
        return how(self._engine, patience=self._patience)


_LOST = Failed(Failure.CUT_SHORT, "not sent: the lease was lost before", maybe_told=False, retry_in=None)


def _claim_parameters(partitions: Collection[int], capacity: SendCapacity) -> dict[str, Any]:
    return {
        "partitions": sorted(partitions),
        "closed": sorted(capacity.closed),
        "kinds": [one.kind for one in capacity.kinds],
        "channels": [one.channel.value for one in capacity.kinds],
        "slots": [one.slots for one in capacity.kinds],
    }


def _result(rows: Sequence[Any], token: str) -> ClaimResult:
    messages: list[ClaimedMessage] = []
    unreadable: list[UnreadableMessage] = []
    for row in rows:
        if row.notification_id is None:
            continue  # this row has only the moment of the next message
        try:
            messages.append(_claimed(row, token))
        except ValueError as error:  # msgspec's are, too
            whose = (row.notification_id, row.partition, row.account_id, row.address_key)
            unreadable.append(UnreadableMessage(*whose, f"{type(error).__name__}: {error}"))
    due = rows[0].next_due
    return ClaimResult(tuple(messages), tuple(unreadable), None if due is None else max(0.0, due))


def _claimed(row: Any, token: str) -> ClaimedMessage:
    # A signal of the message was deleted from the table.
    if None in row.bodies:
        raise ValueError("one of its signals is gone")
    return ClaimedMessage(
        notification_id=row.notification_id,
        partition=row.partition,
        account_id=row.account_id,
        receiver=row.receiver,
        reason=row.reason,
        ways=_ways.decode(row.ways),
        fallback=None if row.fallback is None else _fallback.decode(row.fallback),
        decided=row.decided,
        token=token,
        attempt=row.attempts,
        age=row.age,
        happened=row.happened,
        recorded=row.recorded,
        facts=tuple(None if facts is None else _facts.decode(facts) for facts in row.facts),
        summary=None if row.summary is None else _summary.decode(row.summary),
        bodies=tuple(row.bodies),
        thread=() if row.thread is None else _thread.decode(row.thread),
    )


def _set_aside(one: UnreadableMessage, token: str) -> dict[str, Any]:
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
    # Another sender may have written `cut short` because our outcome was not there yet.
    unknown = or_(_attempt.outcome.is_(None), _attempt.outcome == Failure.CUT_SHORT.value)
    ended = func.greatest(_attempt.started, _NOW - ago)
    # It has one already if a person whom the message named was erased meanwhile.
    detail = func.coalesce(_attempt.detail, _storable(outcome.detail))
    values = {"outcome": outcome.reason.value, "detail": detail, "ended": ended}
    await connection.execute(update(schema.attempt).where(*mine, unknown).values(values))


async def _fail(connection: AsyncConnection, claimed: ClaimedMessage, outcome: Failed, ago: float) -> None:
    values: dict[str, Any] = {"maybe_told": _notification.maybe_told | outcome.maybe_told} | _RELEASED
    # Given up for good, or due again later.
    if outcome.retry_in is None:
        values |= {"status": "failed", "done": _NOW - ago}
    else:
        values |= {"due": _NOW - ago + outcome.retry_in}
    mine = _notification.notification_id == claimed.notification_id
    await connection.execute(update(schema.notification).where(mine).values(values))
    if outcome.final:
        for heir in _heirs(claimed):
            await connection.execute(queue_statements.HAND_ON, heir)
            await connection.execute(queue_statements.HANDED_ON, {"new": heir["new"]})


def _heirs(claimed: ClaimedMessage) -> Iterator[dict[str, Any]]:
    """The messages that take the place of one that was given up."""
    fallback = claimed.fallback
    # There is another way to the same receiver.
    if len(claimed.ways) > 1:
        yield _heir(claimed, claimed.receiver, claimed.ways[1:], fallback=fallback)
    # Nobody is left but the receiver named by `else`: each of its addresses is told.
    elif fallback is not None:
        for target in fallback.targets:
            yield _heir(claimed, fallback.receiver, (target,), steps=(f"else {fallback.receiver}",))


def _heir(
    claimed: ClaimedMessage,
    receiver: str,
    ways: tuple[Target, ...],
    *,
    steps: tuple[str, ...] = (),
    fallback: Fallback | None = None,
) -> dict[str, Any]:
    return {
        "new": uuid.uuid4().hex,
        "old": claimed.notification_id,
        "receiver": receiver,
        "address_key": ways[0].address_key,
        "ways": msgspec.json.encode(ways).decode(),
        "steps": list(steps),
        "fallback": None if fallback is None else msgspec.json.encode(fallback).decode(),
        "reason": DecisionReason.HANDED_ON.value,
    }


_RELEASED: dict[str, Any] = {"lease_until": None, "lease_token": None}


def _storable(text: str | None) -> str | None:
    """Text of another program, fit for PostgreSQL: an outcome that cannot be written would be sent again."""
    if text is None:
        return None
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:LONGEST_DETAIL]
