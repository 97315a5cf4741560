"""PostgreSQL as the reader uses it: one transaction for each run of a partition."""

import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alerts import schema
from alerts.core.case import RANK, Composed, Decision, Dossier, Outcome
from alerts.core.decide import lane_of
from alerts.core.reasons import Reason
from alerts.dossiers import NOW, load
from alerts.entries import Entry
from alerts.errors import Fenced
from alerts.position import Position
from alerts.transaction import transaction
from common.contracts.signals import Signal


class PostgresInbox:
    """Raises `Unreachable` if the database does not answer; no transaction takes longer than `patience` seconds."""

    def __init__(self, engine: AsyncEngine, *, patience: float) -> None:
        self._engine = engine
        self._patience = patience

    async def opened(self, partition: int) -> Position | None:
        progress = schema.progress.c
        query = select(progress.cluster_id, progress.to_offset, progress.last_hash, progress.newest)
        async with transaction(self._engine, patience=self._patience) as connection:
            row = (await connection.execute(query.where(progress.partition == partition))).one_or_none()
        return None if row is None else Position(*row)

    async def undelivered(self, partition: int) -> Collection[str]:
        notification = schema.notification.c
        tried = (notification.status == "pending") & (notification.attempts > 0)
        query = select(notification.account_id).where(notification.partition == partition, tried).distinct()
        async with transaction(self._engine, patience=self._patience) as connection:
            return list(await connection.scalars(query))

    @asynccontextmanager
    async def desk(self, partition: int, *, stored: Position | None, to: Position) -> AsyncIterator["PostgresDesk"]:
        async with transaction(self._engine, patience=self._patience) as connection:
            await _move(connection, partition, stored, to)
            yield PostgresDesk(connection, partition)


async def _move(connection: AsyncConnection, partition: int, stored: Position | None, to: Position) -> None:
    """First of all, so that the row is locked before anything is looked at. Raises `Fenced`."""
    progress = schema.progress.c
    new = msgspec.structs.asdict(to)
    if stored is None:
        begun = postgresql.insert(schema.progress).values(partition=partition, **new).on_conflict_do_nothing()
        moved = await connection.execute(begun.returning(progress.partition))
    else:
        same = (progress.partition == partition) & (
            tuple_(progress.cluster_id, progress.to_offset) == (stored.cluster_id, stored.to_offset)
        )
        moved = await connection.execute(update(schema.progress).where(same).values(new).returning(progress.partition))
    if moved.one_or_none() is None:
        raise Fenced(f"another reader has moved partition {partition} on")


class PostgresDesk:
    """An open transaction of one partition."""

    def __init__(self, connection: AsyncConnection, partition: int) -> None:
        self._connection = connection
        self._partition = partition

    async def record(self, entries: Sequence[Entry]) -> frozenset[str]:
        rows = [_alert(entry, self._partition) for entry in entries]
        kept = postgresql.insert(schema.alert).on_conflict_do_nothing(index_elements=["signal_id"])
        return frozenset(await self._connection.scalars(kept.returning(schema.alert.c.signal_id), rows))

    async def waiting(self, accounts: Collection[str] | None) -> Sequence[Signal]:
        alert = schema.alert.c
        query = select(alert.body).where(alert.waiting, alert.partition == self._partition)
        if accounts is not None:
            query = query.where(alert.account_id == func.any(list(accounts)))
        return [msgspec.convert(body, Signal) for body in await self._connection.scalars(query.order_by(alert.seq))]

    async def accounts_waiting(self, *, besides: Collection[str], most: int) -> Sequence[str]:
        alert = schema.alert.c
        query = select(alert.account_id).where(alert.waiting, alert.partition == self._partition)
        others = query.where(alert.account_id != func.all(list(besides))).group_by(alert.account_id)
        return (await self._connection.scalars(others.order_by(func.min(alert.seq)).limit(most))).all()

    async def dossiers(self, accounts: Collection[str], *, final: Collection[str]) -> Sequence[Dossier]:
        return await load(self._connection, list(accounts), final=final)

    async def write(self, outcomes: Sequence[Outcome], *, settled: Collection[str]) -> None:
        if settled:
            ended = schema.alert.c.signal_id == func.any(list(settled))
            await self._connection.execute(update(schema.alert).where(ended).values(waiting=False))
        dropped = [one for outcome in outcomes for one in outcome.dropped]
        if dropped:
            gone = schema.notification.c.notification_id == func.any(dropped)
            # A lease that ran out without an outcome stays what it is: it may have been sent.
            maybe = schema.notification.c.maybe_told | schema.notification.c.lease_token.is_not(None)
            drop = update(schema.notification).where(gone).values(status="dropped", done=NOW, maybe_told=maybe)
            await self._connection.execute(drop)
        named = [(outcome, [uuid.uuid4().hex for _ in outcome.composed]) for outcome in outcomes]
        notifications = [
            self._notification(outcome, composed, name)
            for outcome, names in named
            for composed, name in zip(outcome.composed, names, strict=True)
        ]
        if notifications:
            await self._connection.execute(insert(schema.notification).values(due=NOW), notifications)
        decisions = [_decision(outcome, decision, names) for outcome, names in named for decision in outcome.decisions]
        if decisions:
            await self._connection.execute(insert(schema.decision), decisions)

    def _notification(self, outcome: Outcome, composed: Composed, name: str) -> dict[str, Any]:
        destination = composed.destination
        return {
            "notification_id": name,
            "partition": self._partition,
            "account_id": outcome.account_id,
            "episode": composed.head.episode,
            "receiver": destination.receiver,
            "lane": lane_of(destination),
            "ways": msgspec.to_builtins(destination.ways),
            "path": list(destination.path),
            "repeat_interval": destination.repeat_interval,
            "reason": composed.reason.value,
            "rank": RANK[composed.head.severity],
            "signals": [signal.signal_id for signal in composed.signals],
            "decided": outcome.at,
            "status": "pending",
            "maybe_told": composed.maybe_told,
            "attempts": 0,
        }


def _alert(entry: Entry, partition: int) -> dict[str, Any]:
    signal = entry.signal
    return {
        "signal_id": signal.signal_id,
        "partition": partition,
        "account_id": signal.account_id,
        "episode": signal.episode,
        "kind": signal.kind.value,
        "to": _text(signal.to),
        "severity": signal.severity.value,
        "stage": _text(signal.after.stage),
        "tier": _text(signal.facts.tier),
        "owner": _text(signal.facts.owner),
        "at": signal.at.timestamp(),
        "recorded": entry.recorded,
        "history": signal.history,
        "waiting": entry.put_off is Reason.LATE,
        "body": msgspec.to_builtins(signal),
    }


def _text(value: str | None) -> str | None:
    """PostgreSQL's text holds everything but this one character; the body keeps it."""
    return None if value is None else value.replace("\0", "\ufffd")


def _decision(outcome: Outcome, decision: Decision, names: Sequence[str]) -> dict[str, Any]:
    destination, number = decision.destination, decision.notification
    return {
        "signal_id": decision.signal_id,
        "at": outcome.at,
        "reason": decision.reason.value,
        "receiver": destination.receiver if destination else None,
        "lane": lane_of(destination) if destination else None,
        "path": list(destination.path) if destination else [],
        "notification_id": names[number] if isinstance(number, int) else number,
    }
