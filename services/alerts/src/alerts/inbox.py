"""PostgreSQL as the reader uses it: one transaction for each run of a partition."""

import uuid
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alerts import schema, statement
from alerts.core.case import RANK, AccountDecisions, AccountHistory, NewMessage, SignalDecision
from alerts.core.decide import address_key_of
from alerts.core.reasons import DecisionReason
from alerts.dossiers import load_histories
from alerts.entries import LateSignals, ReadSignal, RecordedSignals
from alerts.errors import Fenced
from alerts.position import TopicPosition
from alerts.transaction import in_transaction
from common.contracts.signals import Signal

_log = structlog.get_logger()


class PostgresDecisionStore:
    """Raises `Unreachable` if the database does not answer; no transaction takes longer than `patience` seconds."""

    def __init__(self, engine: AsyncEngine, *, patience: float, damage: Callable[[], None] = lambda: None) -> None:
        """`damage` is called for every stored row that has to be left out because it cannot be read."""
        self._engine = engine
        self._patience = patience
        self._damage = damage

    async def check(self) -> None:
        """Whether the tables can be read."""
        async with in_transaction(self._engine, patience=self._patience) as connection:
            await connection.execute(select(schema.progress.c.partition).limit(1))

    async def opened(self, partition: int) -> TopicPosition | None:
        progress = schema.progress.c
        query = select(progress.cluster_id, progress.to_offset, progress.last_hash, progress.newest)
        async with in_transaction(self._engine, patience=self._patience) as connection:
            row = (await connection.execute(query.where(progress.partition == partition))).one_or_none()
        return None if row is None else TopicPosition(*row)

    async def undelivered(self, partition: int) -> Collection[str]:
        notification = schema.notification.c
        tried = (notification.status == "pending") & (notification.attempts > 0)
        query = select(notification.account_id).where(notification.partition == partition, tried).distinct()
        async with in_transaction(self._engine, patience=self._patience) as connection:
            return list(await connection.scalars(query))

    @asynccontextmanager
    async def desk(
        self, partition: int, *, stored: TopicPosition | None, to: TopicPosition
    ) -> AsyncIterator["PostgresDecisionTransaction"]:
        async with in_transaction(self._engine, patience=self._patience) as connection:
            await _move(connection, partition, stored, to)
            yield PostgresDecisionTransaction(connection, partition, self._damage)


async def _move(connection: AsyncConnection, partition: int, stored: TopicPosition | None, to: TopicPosition) -> None:
    """First of all, so that the row is locked before anything is looked at. Raises `Fenced`."""
    moved = msgspec.structs.asdict(to) | {"partition": partition}
    if stored is None:
        done = await connection.execute(statement.BEGIN, moved)
    else:
        same = {"stored_cluster_id": stored.cluster_id, "stored_offset": stored.to_offset}
        done = await connection.execute(statement.MOVE, moved | same)
    if done.rowcount == 0:
        raise Fenced(f"another reader has moved partition {partition} on")


class PostgresDecisionTransaction:
    """An open transaction of one partition."""

    def __init__(self, connection: AsyncConnection, partition: int, damage: Callable[[], None]) -> None:
        self._connection = connection
        self._partition = partition
        self._damage = damage

    async def record(self, entries: Sequence[ReadSignal]) -> RecordedSignals:
        asked = {
            "partition": self._partition,
            "alerts": _rows(_alert(entry) for entry in entries),
            "bodies": [msgspec.json.encode(entry.signal).decode() for entry in entries],
            "accounts": sorted({entry.signal.account_id for entry in entries if entry.put_off is None}),
        }
        rows = (await self._connection.execute(statement.RECORD, asked)).all()
        added = frozenset(row.signal_id for row in rows if row.added)
        return RecordedSignals(added, self._read(row for row in rows if not row.added))

    async def waiting(self, accounts: Collection[str] | None) -> LateSignals:
        asked: dict[str, Any] = {"partition": self._partition}
        query = statement.WAITING
        if accounts is not None:
            query, asked["accounts"] = statement.WAITING_OF, list(accounts)
        return self._read(await self._connection.execute(query, asked))

    async def accounts_waiting(self, *, besides: Collection[str], most: int) -> Sequence[str]:
        alert = schema.alert.c
        query = select(alert.account_id).where(alert.waiting, alert.partition == self._partition)
        others = query.where(alert.account_id != func.all(list(besides))).group_by(alert.account_id)
        return (await self._connection.scalars(others.order_by(func.min(alert.seq)).limit(most))).all()

    async def histories(self, accounts: Collection[str], *, final: Collection[str]) -> Sequence[AccountHistory]:
        histories, damaged = await load_histories(self._connection, list(accounts), final=final)
        for one in damaged:
            self._left_out(one.name, one.detail)
        return histories

    async def write(self, outcomes: Sequence[AccountDecisions], *, settled: Collection[str]) -> None:
        named = [(outcome, [uuid.uuid4().hex for _ in outcome.composed]) for outcome in outcomes]
        asked = {
            "partition": self._partition,
            "settled": list(settled),
            "dropped": [one for outcome in outcomes for one in outcome.dropped],
            "notifications": _rows(
                _notification(outcome, composed, name)
                for outcome, names in named
                for composed, name in zip(outcome.composed, names, strict=True)
            ),
            "decisions": _rows(
                _decision(outcome, decision, names) for outcome, names in named for decision in outcome.decisions
            ),
        }
        await self._connection.execute(statement.WRITE, asked)

    def _read(self, rows: Iterable[Any]) -> LateSignals:
        signals, damaged = [], []
        for row in rows:
            try:
                signals.append(_signal.decode(row.body))
            except msgspec.DecodeError as error:
                self._left_out(row.signal_id, str(error))
                damaged.append((row.account_id, row.signal_id))
        return LateSignals(tuple(signals), tuple(damaged))

    def _left_out(self, name: str, detail: str) -> None:
        """One row that cannot be read shall not keep the others from being decided."""
        _log.error("row.unreadable", partition=self._partition, row=name, detail=detail)
        self._damage()


_signal = msgspec.json.Decoder(Signal)


def _rows(rows: Iterable[dict[str, Any]]) -> str:
    return msgspec.json.encode(list(rows)).decode()


def _notification(outcome: AccountDecisions, composed: NewMessage, name: str) -> dict[str, Any]:
    destination = composed.destination
    return {
        "notification_id": name,
        "account_id": outcome.account_id,
        "episode": composed.head.episode,
        "receiver": destination.receiver,
        "lane": address_key_of(destination),
        "ways": destination.ways,
        "path": destination.path,
        "repeat_interval": destination.repeat_interval,
        "reason": composed.reason,
        "rank": RANK[composed.head.severity],
        "signals": [signal.signal_id for signal in composed.signals],
        "decided": outcome.at,
        "maybe_told": composed.maybe_told,
    }


def _alert(entry: ReadSignal) -> dict[str, Any]:
    signal = entry.signal
    return {
        "signal_id": signal.signal_id,
        "account_id": signal.account_id,
        "episode": signal.episode,
        "kind": signal.kind,
        "to": _text(signal.to),
        "severity": signal.severity,
        "stage": _text(signal.after.stage),
        "tier": _text(signal.facts.tier),
        "owner": _text(signal.facts.owner),
        "at": signal.at.timestamp(),
        "recorded": entry.recorded,
        "history": signal.history,
        "waiting": entry.put_off is DecisionReason.LATE,
    }


def _text(value: str | None) -> str | None:
    """PostgreSQL's text holds everything but this one character; the body keeps it."""
    return None if value is None else value.replace("\0", "\ufffd")


def _decision(outcome: AccountDecisions, decision: SignalDecision, names: Sequence[str]) -> dict[str, Any]:
    destination, number = decision.destination, decision.notification
    return {
        "signal_id": decision.signal_id,
        "at": outcome.at,
        "reason": decision.reason,
        "receiver": destination.receiver if destination else None,
        "lane": address_key_of(destination) if destination else None,
        "path": destination.path if destination else (),
        "notification_id": names[number] if isinstance(number, int) else number,
    }
