"""The tables as the worker reads and writes them."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
from sqlalchemy import Select, TextClause, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.contracts.dead_letters import DeadReason
from common.erasures.erasure_spans import ErasureRow
from scoring.health import FeedPause, Pauses
from scoring.partition.commit import Commit, LogPosition, OutboxRow, OutboxTopic, QueuedRow, SearchedPage
from scoring.partition.dedupe import HOURS, hour_of
from scoring.partition.event_use import UnusableKey, UseCount
from scoring.partition.memory import StoredPartition
from scoring.partition.origin import Origin
from scoring.postgres import announcements, event_use, schema
from scoring.postgres.connection import connect
from scoring.postgres.erasure import SCRUB, SCRUB_VALUES
from scoring.postgres.statement import statement_of
from scoring.postgres.user_erasure import SEARCH_SIGNALS, SEARCH_STATES
from scoring.worker.announcements import FiledAnnouncement
from scoring.worker.heartbeat import Heartbeat


class PostgresStore:
    """Every method raises `Unreachable` if the database does not answer, `Doubt` for an unexpected error."""

    def __init__(self, engine: AsyncEngine, *, patience: float) -> None:
        """`patience` is the most that one call may take, in seconds."""
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._patience = patience

    async def load_origins(self) -> dict[int, Origin]:
        """By partition; empty before the first start."""
        journal = schema.journal.c
        rows = await self._rows(select(journal.partition, journal.origin).where(journal.seq == 0))
        return {row.partition: msgspec.convert(row.origin, Origin) for row in rows}

    async def begin_journal(
        self, partition: int, origin: Origin, position: LogPosition, *, cluster_id: str, writer: str
    ) -> None:
        """Writes the journal's first row unless it exists."""
        first = {
            "partition": partition,
            "seq": 0,
            "to_offset": position.to_offset,
            "clock": position.clock,
            "newest": position.newest,
            "writer": writer,
            "cluster_id": cluster_id,
            "origin": msgspec.to_builtins(origin),
        }
        # Two workers may begin a partition at the same time: the first row of either one will do.
        async with self._connection() as connection:
            await connection.execute(insert(schema.journal).values(first).on_conflict_do_nothing())

    async def load_partition(self, partition: int) -> StoredPartition | None:
        """None if the partition was never begun."""
        journal = schema.journal.c
        query = select(schema.journal).where(journal.partition == partition)
        rows = await self._rows(query.order_by(journal.seq.desc()).limit(1))
        if not rows:
            return None
        row = rows[0]
        return StoredPartition(
            seq=row.seq,
            position=LogPosition(
                to_offset=row.to_offset,
                clock=row.clock,
                newest=row.newest,
                last_offset=row.last_offset,
                last_time=row.last_time,
                last_hash=row.last_hash,
            ),
            writer=row.writer,
            cluster_id=row.cluster_id,
            timers=await self._timers(partition),
            seen=await self._seen(partition, hour_of(row.newest)),
            applied=await self._applied(partition),
            pauses=await self._pauses(partition),
            erasures=await self._erasures(partition),
        )

    async def load_states(self, account_ids: Collection[str]) -> dict[str, bytes]:
        state = schema.state.c
        query = select(state.account_id, state.body).where(state.account_id == func.any(list(account_ids)))
        return {row.account_id: row.body for row in await self._rows(query)}

    async def commit(self, commit: Commit, cluster_id: str) -> None:
        """All of it in one statement. Raises `Fenced` if another writer was first: then nothing was written."""
        async with self._connection() as connection:
            await connection.execute(*statement_of(commit, cluster_id))

    async def load_outbox(self, partition: int, *, after: tuple[int, int], limit: int) -> list[QueuedRow]:
        """The next rows after (seq, n)."""
        outbox = schema.outbox.c
        query = (
            select(schema.outbox)
            .where(outbox.partition == partition, tuple_(outbox.seq, outbox.n) > after)
            .order_by(outbox.seq, outbox.n)
            .limit(limit)
        )
        return [_queued_row(row) for row in await self._rows(query)]

    async def delete_sent(self, partition: int, through: tuple[int, int]) -> None:
        """Deletes the rows that Kafka has acknowledged."""
        outbox = schema.outbox.c
        deletion = delete(schema.outbox).where(outbox.partition == partition, tuple_(outbox.seq, outbox.n) <= through)
        async with self._connection() as connection:
            await connection.execute(deletion)

    async def write_heartbeats(self, heartbeats: Sequence[Heartbeat]) -> None:
        rows = insert(schema.heartbeat).values([msgspec.structs.asdict(heartbeat) for heartbeat in heartbeats])
        new = rows.excluded
        upsert = rows.on_conflict_do_update(
            index_elements=["partition"],
            set_={"at": new.at, "caught_up": new.caught_up, "lag_seconds": new.lag_seconds},
        )
        async with self._connection() as connection:
            await connection.execute(upsert)

    async def write_event_use(
        self, names: Mapping[str, UseCount], unusable: Mapping[UnusableKey, UseCount], *, most_names: int
    ) -> None:
        """Adds to what is stored; names that are not standard are left out while there are `most_names` or more."""
        async with self._connection() as connection:
            await connection.execute(event_use.ADD_NAMES, event_use.name_parameters(names, most_names=most_names))
            if unusable:
                await connection.execute(event_use.ADD_UNUSABLE, event_use.unusable_parameters(unusable))

    async def newest_announcement(self) -> int:
        return int((await self._rows(announcements.newest_number()))[0][0])

    async def load_unread_announcements(self, partition: int, *, after: int, limit: int) -> list[FiledAnnouncement]:
        rows = await self._rows(announcements.unread(partition, after=after, limit=limit))
        return [FiledAnnouncement(row.number, row.body.encode()) for row in rows]

    async def _applied(self, partition: int) -> frozenset[str]:
        applied = schema.applied.c
        return frozenset(row.id for row in await self._rows(select(applied.id).where(applied.partition == partition)))

    async def _pauses(self, partition: int) -> Pauses:
        pause = schema.feed_pause.c
        query = select(schema.feed_pause).where(pause.partition == partition).order_by(pause.source)
        return tuple(FeedPause(row.source, row.since, row.until) for row in await self._rows(query))

    async def scrub_event_use(self, account_ids: Collection[str]) -> None:
        """Deletes these accounts from the samples."""
        async with self._connection() as connection:
            for statement in SCRUB:
                await connection.execute(statement, {"accounts": list(account_ids)})

    async def scrub_values(self) -> None:
        """Deletes the values of all samples of values that no metric could use."""
        async with self._connection() as connection:
            await connection.execute(SCRUB_VALUES)

    async def search_states(
        self, partition: int, needles: Sequence[bytes], *, after: str, limit: int
    ) -> SearchedPage[bytes]:
        asked = {"partition": partition, "needles": list(needles), "after": after, "most": limit}
        return _searched(await self._rows(SEARCH_STATES, asked), limit)

    async def search_signals(self, partition: int, word: str, *, after: str, limit: int) -> SearchedPage[str]:
        asked = {"partition": partition, "word": word, "after": after, "most": limit}
        return _searched(await self._rows(SEARCH_SIGNALS, asked), limit)

    async def _erasures(self, partition: int) -> tuple[ErasureRow, ...]:
        erased = schema.erased.c
        columns = [erased[name] for name in ErasureRow._fields]
        rows = await self._rows(select(*columns).where(erased.partition == partition).order_by(erased.erased_at))
        return tuple(ErasureRow(*row) for row in rows)

    async def _timers(self, partition: int) -> dict[str, int]:
        timer = schema.timer.c
        rows = await self._rows(select(timer.account_id, timer.due).where(timer.partition == partition))
        return {row.account_id: row.due for row in rows}

    async def _seen(self, partition: int, hour: int) -> tuple[tuple[int, bytes], ...]:
        seen = schema.seen.c
        query = (
            select(seen.hour, seen.ids)
            .where(seen.partition == partition, seen.hour >= hour - HOURS)
            .order_by(seen.hour, seen.seq)
        )
        return tuple((row.hour, row.ids) for row in await self._rows(query))

    async def _rows(self, query: Select[Any] | TextClause, asked: Mapping[str, Any] | None = None) -> Sequence[Any]:
        async with self._connection() as connection:
            found: Sequence[Any] = (await connection.execute(query, asked)).all()
            return found

    def _connection(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return connect(self._engine, patience=self._patience)


def _queued_row(row: Any) -> QueuedRow:
    reason = DeadReason(row.reason) if row.reason is not None else None
    outgoing = OutboxRow(OutboxTopic(row.topic), row.stamp, row.key, row.value, reason, row.attempt)
    return QueuedRow(row.seq, row.n, outgoing)


def _searched(rows: Sequence[Any], limit: int) -> SearchedPage[Any]:
    found = {row.id: row.body for row in rows if row.body is not None}
    return SearchedPage(found, rows[-1].id if len(rows) == limit else None)
