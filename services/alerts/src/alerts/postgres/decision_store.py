"""The decisions in PostgreSQL: one transaction for each batch of a partition."""

import uuid
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alerts.decisions.account import AccountDecisions, AccountHistory, NewMessage, SignalDecision
from alerts.decisions.decide import address_key_of
from alerts.decisions.reasons import DecisionReason
from alerts.postgres import decision_statements, erasure, gathering_statements, schema
from alerts.postgres.account_history import HistoryRow, load_histories
from alerts.postgres.decision_statements import TimerKind
from alerts.postgres.gatherings import PostgresGatherings
from alerts.postgres.mention_erasure import erase_mentions
from alerts.postgres.transaction import in_transaction
from alerts.postgres.user_erasure import delete_person
from alerts.signals.decoding import decode_signal
from alerts.signals.score import SEVERITY_RANK
from alerts.topic.batch import LateSignals, ReadFacts, ReadSignal, RecordedSignals
from alerts.topic.position import TopicPosition
from alerts.topic.timers import PartitionTimers
from common.contracts.events import Erased, Erasure, MentionsErased, UserErased
from common.contracts.signals import Facts
from common.erasures.erasure_spans import ErasureRow
from common.erasures.substitutes import account_substitute
from common.errors import Fenced

_log = structlog.get_logger()
_facts = msgspec.json.Decoder(Facts)


class PostgresDecisionStore:
    """Raises `Unreachable` if the database does not answer.

    No transaction takes longer than `patience` seconds, unless it is given others.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        patience: float,
        partitions: int,
        count_unreadable: Callable[[], None] = lambda: None,
    ) -> None:
        """`partitions` is how many the topic has.

        `count_unreadable` is called for every stored row that cannot be read and is left out.
        """
        self._engine = engine
        self._partitions = partitions
        self._patience = patience
        self._count_unreadable = count_unreadable

    async def check(self) -> None:
        """Whether the tables can be read."""
        async with in_transaction(self._engine, patience=self._patience) as connection:
            await connection.execute(select(schema.progress.c.partition).limit(1))

    async def position(self, partition: int) -> TopicPosition | None:
        progress = schema.progress.c
        query = select(progress.cluster_id, progress.to_offset, progress.last_hash, progress.newest)
        async with in_transaction(self._engine, patience=self._patience) as connection:
            row = (await connection.execute(query.where(progress.partition == partition))).one_or_none()
        return None if row is None else TopicPosition(*row)

    async def undelivered(self, partition: int) -> Collection[str]:
        notification = schema.notification.c
        # A message about many accounts is not decided again.
        alone = notification.gathering_id.is_(None)
        tried = (notification.status == "pending") & (notification.attempts > 0) & alone
        query = select(notification.account_id).where(notification.partition == partition, tried).distinct()
        async with in_transaction(self._engine, patience=self._patience) as connection:
            return list(await connection.scalars(query))

    async def timers(self, partition: int) -> PartitionTimers:
        asked = {"partition": partition, "partitions": self._partitions}
        async with in_transaction(self._engine, patience=self._patience) as connection:
            row = (await connection.execute(gathering_statements.TIMERS, asked)).one()
        return PartitionTimers(row.earliest, row.gathering, row.ready, row.behind)

    async def erasures(self, partition: int) -> Sequence[ErasureRow]:
        erased = schema.erased.c
        query = select(*(erased[name] for name in ErasureRow._fields)).where(erased.partition == partition)
        async with in_transaction(self._engine, patience=self._patience) as connection:
            return [ErasureRow(*row) for row in await connection.execute(query.order_by(erased.erased_at))]

    @asynccontextmanager
    async def transaction(
        self, partition: int, *, stored: TopicPosition | None, to: TopicPosition, patience: float | None = None
    ) -> AsyncIterator["PostgresDecisionTransaction"]:
        async with in_transaction(self._engine, patience=patience or self._patience) as connection:
            await _move(connection, partition, stored, to)
            gatherings = PostgresGatherings(connection, partition, partitions=self._partitions)
            yield PostgresDecisionTransaction(connection, partition, gatherings, self._count_unreadable)


async def _move(connection: AsyncConnection, partition: int, stored: TopicPosition | None, to: TopicPosition) -> None:
    """The transaction's first statement: it locks the partition's row before anything is read. Raises `Fenced`."""
    moved = msgspec.structs.asdict(to) | {"partition": partition}
    # Never read before: two readers may begin at once, and one of them inserts the row.
    if stored is None:
        done = await connection.execute(decision_statements.BEGIN, moved)
    else:
        same = {"stored_cluster_id": stored.cluster_id, "stored_offset": stored.to_offset}
        done = await connection.execute(decision_statements.MOVE, moved | same)
    # Another reader has moved the partition: nothing of this batch may be written.
    if done.rowcount == 0:
        raise Fenced(f"another reader has moved partition {partition} on")


class PostgresDecisionTransaction:
    """An open transaction of one partition."""

    def __init__(
        self,
        connection: AsyncConnection,
        partition: int,
        gatherings: PostgresGatherings,
        count_unreadable: Callable[[], None],
    ) -> None:
        self._connection = connection
        self.gatherings = gatherings
        self._partition = partition
        self._count_unreadable = count_unreadable
        self._unreadable: list[str] = []

    async def record(self, signals: Sequence[ReadSignal]) -> RecordedSignals:
        parameters = {
            "partition": self._partition,
            "alerts": _as_json(_alert_row(read) for read in signals),
            "bodies": [msgspec.json.encode(read.signal).decode() for read in signals],
            "accounts": sorted({read.signal.account_id for read in signals if read.postponed is None}),
        }
        rows = (await self._connection.execute(decision_statements.RECORD, parameters)).all()
        added = frozenset(row.signal_id for row in rows if row.added)
        return RecordedSignals(added, self._late_signals(row for row in rows if not row.added))

    async def late_signals(self, accounts: Collection[str] | None) -> LateSignals:
        parameters: dict[str, Any] = {"partition": self._partition}
        query = decision_statements.LATE
        if accounts is not None:
            query, parameters["accounts"] = decision_statements.LATE_OF_ACCOUNTS, list(accounts)
        return self._late_signals(await self._connection.execute(query, parameters))

    async def write_facts(self, facts: Sequence[ReadFacts]) -> Sequence[str]:
        rows = [
            {"account_id": one.account_id, "recorded": one.recorded, "facts": _storable_facts(one.facts)}
            for one in facts
        ]
        found = await self._connection.execute(decision_statements.FACTS, {"facts": _as_json(rows)})
        return [row.account_id for row in found]

    async def known_facts(self, accounts: Collection[str]) -> Mapping[str, Facts]:
        rows = await self._connection.execute(decision_statements.KNOWN_FACTS, {"accounts": list(accounts)})
        return {row.account_id: _facts.decode(row.facts) for row in rows}

    async def due_accounts(self, until: float, *, most: int) -> Sequence[str]:
        timer = schema.timer.c
        query = select(timer.subject).where(timer.partition == self._partition, timer.kind == TimerKind.ACCOUNT.value)
        due = query.where(timer.due <= until).order_by(timer.due, timer.subject).limit(most)
        return (await self._connection.scalars(due)).all()

    async def late_accounts(self, *, besides: Collection[str], most: int) -> Sequence[str]:
        alert = schema.alert.c
        query = select(alert.account_id).where(alert.waiting, alert.partition == self._partition)
        others = query.where(alert.account_id != func.all(list(besides))).group_by(alert.account_id)
        return (await self._connection.scalars(others.order_by(func.min(alert.seq)).limit(most))).all()

    async def histories(
        self, accounts: Collection[str], *, final: Collection[str], moved: Collection[str] = ()
    ) -> Sequence[AccountHistory]:
        histories, unreadable = await load_histories(self._connection, list(accounts), final=final, moved=moved)
        for row in unreadable:
            self._leave_out(row.name, row.detail)
            # No timer would ever release a held one: the sender takes it, and finds out the same.
            if row.part is HistoryRow.PENDING:
                self._unreadable.append(row.name)
        return histories

    async def write(self, decided: Sequence[AccountDecisions], *, settled: Collection[str]) -> None:
        at = max((account.at for account in decided), default=0.0)
        released = [(name, DecisionReason.UNREADABLE, at) for name in self._unreadable]
        for account in decided:
            released += [(name, reason, account.at) for name, reason in account.released.items()]
        moved = [one for one in decided if one.timer != one.timer_before]
        armed = {one.account_id: one.timer for one in moved if one.timer is not None}
        with_ids = [(account, [uuid.uuid4().hex for _ in account.messages]) for account in decided]
        parameters = {
            "partition": self._partition,
            "settled": list(settled),
            "dropped": [one for account in decided for one in account.dropped],
            "released": [name for name, _, _ in released],
            "released_reasons": [reason.value for _, reason, _ in released],
            "released_ats": [moment for _, _, moment in released],
            "timer_subjects": list(armed),
            "timer_dues": list(armed.values()),
            "disarmed": [one.account_id for one in moved if one.timer is None],
            "notifications": _as_json(
                _notification_row(account, message, notification_id)
                for account, ids in with_ids
                for message, notification_id in zip(account.messages, ids, strict=True)
            ),
            "decisions": _as_json(
                _decision_row(account, decision, ids) for account, ids in with_ids for decision in account.decisions
            ),
        }
        await self._connection.execute(decision_statements.WRITE, parameters)

    async def erase(self, erased: Erasure, row: ErasureRow, *, recorded: float) -> None:
        about = row._asdict() | {"partition": self._partition, "at": recorded}
        match erased:
            case Erased(account_id=account_id):
                await self._erase_account(account_id, about)
            case UserErased(user_id=user_id):
                removed = await delete_person(self._connection, user_id, partition=self._partition)
                added = insert(schema.erased).values(about | {"removed": removed})
                await self._connection.execute(added.on_conflict_do_nothing())

    async def _erase_account(self, account_id: str, about: dict[str, Any]) -> None:
        account = {"account": account_id}
        await self._connection.execute(erasure.LOCK_GATHERINGS, account)
        await self._connection.execute(erasure.LOCK_SHARED_MESSAGES, account)
        named = {name: value for name, value in about.items() if name not in ("lifted_at", "substitute")}
        await self._connection.execute(erasure.ERASE, account | named | {"timer_kind": TimerKind.ACCOUNT.value})

    async def erase_mentions(self, said: MentionsErased) -> int:
        substitute = account_substitute(said.erasure_id)
        return await erase_mentions(
            self._connection,
            said.account_id,
            substitute,
            partition=self._partition,
            partitions=self.gatherings.partitions,
        )

    async def lift(self, erasure_id: str, offset: int) -> None:
        asked = {"partition": self._partition, "erasure_id": erasure_id, "lifted_at": offset}
        await self._connection.execute(erasure.LIFT, asked)

    def _late_signals(self, rows: Iterable[Any]) -> LateSignals:
        signals, unreadable = [], []
        for row in rows:
            try:
                signals.append(decode_signal(row.body))
            except msgspec.DecodeError as error:
                self._leave_out(row.signal_id, str(error))
                unreadable.append((row.account_id, row.signal_id))
        return LateSignals(tuple(signals), tuple(unreadable))

    def _leave_out(self, name: str, detail: str) -> None:
        """One row that cannot be read must not keep the others from being decided."""
        _log.error("row.unreadable", partition=self._partition, row=name, detail=detail)
        self._count_unreadable()


def _as_json(rows: Iterable[dict[str, Any]]) -> str:
    return msgspec.json.encode(list(rows)).decode()


def _notification_row(account: AccountDecisions, message: NewMessage, notification_id: str) -> dict[str, Any]:
    destination = message.destination
    return {
        "notification_id": notification_id,
        "account_id": account.account_id,
        "episode": message.thread or message.head.episode,
        "receiver": destination.receiver,
        "address_key": address_key_of(destination),
        "ways": destination.ways,
        "path": destination.path,
        "repeat_interval": destination.repeat_interval,
        "resolve_after": destination.resolve_after,
        "fallback": destination.fallback,
        "reason": message.reason,
        "rank": SEVERITY_RANK[message.head.severity],
        "signals": [signal.signal_id for signal in message.signals],
        "decided": account.at,
        "held_until": message.held_until,
        "maybe_told": message.maybe_told,
    }


def _alert_row(read: ReadSignal) -> dict[str, Any]:
    signal = read.signal
    return {
        "signal_id": signal.signal_id,
        "account_id": signal.account_id,
        "episode": signal.episode,
        "kind": _text(signal.kind.value),
        "to": _text(signal.to),
        "severity": signal.severity,
        "stage": _text(signal.after.stage),
        "tier": _text(signal.facts.tier),
        "owner": _text(signal.facts.owner),
        "at": signal.at.timestamp(),
        "recorded": read.recorded,
        "history": signal.history,
        "waiting": read.postponed is DecisionReason.LATE,
    }


def _storable_facts(facts: Facts) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(facts)
    return {name: _text(value) if isinstance(value, str) else value for name, value in found.items()}


def _text(value: str | None) -> str | None:
    """Without NUL, which PostgreSQL's text cannot hold; the body keeps it."""
    return None if value is None else value.replace("\0", "\ufffd")


def _decision_row(account: AccountDecisions, decision: SignalDecision, ids: Sequence[str]) -> dict[str, Any]:
    destination, message = decision.destination, decision.notification
    return {
        "signal_id": decision.signal_id,
        "at": account.at,
        "reason": decision.reason,
        "receiver": destination.receiver if destination else None,
        "address_key": address_key_of(destination) if destination else None,
        "path": destination.path if destination else (),
        "notification_id": ids[message] if isinstance(message, int) else message,
    }
