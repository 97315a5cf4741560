"""Scores a run of records in one transaction: cuts a big tick into chunks, scores around a record the core fails on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import NamedTuple

import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace

from common.bus.ports import Record
from common.contracts.events import MentionsErased, Tick, UserErased
from common.errors import Doubt, Fenced, StopWorker
from common.partition_consumer.inbox import Inbox
from common.topics import TimeMode
from scoring.errors import UnknownRecordType
from scoring.health import UnknownFormat
from scoring.partition.batch import Batch, Poisoned
from scoring.partition.commit import AccountErasure, Commit, RenamedRows
from scoring.partition.erasing import RenamedCount
from scoring.partition.event_use import EventUse
from scoring.partition.memory import PartitionMemory
from scoring.partition.records import (
    ERASURE_TYPES,
    TICK_TYPES,
    DecodedRecord,
    accounts_to_load,
    decode,
    decode_all,
)
from scoring.worker.batch_log import log_batch
from scoring.worker.context import WorkerContext
from scoring.worker.renaming import Renaming

_log = structlog.get_logger()

# Records scored before the event loop may run other tasks.
SLICE = 500


class RunResult(Struct, frozen=True):
    """What one run read and told; times in seconds. `overdue` is how long a timer had been due when a tick came."""

    oldest: float
    newest: float
    overdue: float
    ticks: tuple[Record, ...]
    signals: int = 0


class _Run:
    """What one transaction takes of an inbox: `records` so far, and the `ticks` among them.

    It ends when the inbox is empty, after `max_records` or `seconds` of work, before a tick that `needs_chunks`, after
    an announcement, or before a record of an unknown type. An erasure is a run of its own. It may end earlier when it
    touches too many accounts.
    """

    def __init__(
        self, inbox: Inbox, *, max_records: int, seconds: float, needs_chunks: Callable[[Record], bool]
    ) -> None:
        self._inbox = inbox
        self._max_records = max_records
        self._needs_chunks = needs_chunks
        self._stopped = False
        self.seconds_left = seconds
        self.records: list[Record] = []
        self.ticks: list[Record] = []

    def take(self) -> tuple[list[Record], list[DecodedRecord]]:
        """The records that come next, raw and decoded; none if the run has ended."""
        if self._stopped or (self.records and self.seconds_left <= 0.0):
            return [], []
        taken = self._inbox.take(min(SLICE, self._max_records - len(self.records)))
        try:
            decoded = decode_all(taken)
        except UnknownRecordType as unknown:
            # It begins the next run, which finds nothing before it to write.
            self._end_before([record.offset for record in taken].index(unknown.offset), taken)
            decoded = decode_all(taken)
        kinds = list(map(type, decoded))
        if (i := next((i for i, kind in enumerate(kinds) if kind in ERASURE_TYPES), None)) is not None:
            alone = i == 0 and not self.records
            self._end_before(1 if alone else i, taken)
            del decoded[1 if alone else i :], kinds[1 if alone else i :]
        for i in [i for i, kind in enumerate(kinds) if kind in TICK_TYPES]:
            # A big tick begins a run of its own, so that its chunks can be written before it.
            if (i or self.records) and self._needs_chunks(taken[i]):
                self._end_before(i, taken)
                del decoded[i:]
                break
            self.ticks.append(taken[i])
            if type(decoded[i]) is not Tick:
                # What it says of everybody holds for accounts as the next run loads them.
                self._end_before(i + 1, taken)
                del decoded[i + 1 :]
                break
        self.records += taken
        return taken, decoded

    def _end_before(self, i: int, taken: list[Record]) -> None:
        """Leaves `taken[i]` and what follows to the next run."""
        self._inbox.put_back(taken[i:])
        self._stopped = True
        del taken[i:]

    def result(self, *, earliest: float | None) -> RunResult | None:
        """None if it has taken nothing. `earliest` is when the first timer was due before it."""
        if not self.records:
            return None
        overdue = self.ticks[-1].timestamp / 1000 - earliest if self.ticks and earliest is not None else 0.0
        return RunResult(
            oldest=self.records[0].timestamp / 1000,
            newest=self.records[-1].timestamp / 1000,
            overdue=max(0.0, overdue),
            ticks=tuple(self.ticks),
        )


class _Scored(NamedTuple):
    """A batch and what it commits. `started` is when it began, by the performance counter."""

    batch: Batch
    commit: Commit
    started: float


def _first(inbox: Inbox) -> Record:
    """The record that the inbox begins with; it stays there."""
    first = inbox.take(1)
    inbox.put_back(first)
    return first[0]


class RunScorer:
    """Scores the runs of one assignment. `writer` names it in the journal; `on_commit` gets each written commit."""

    def __init__(
        self, number: int, *, context: WorkerContext, writer: str, on_commit: Callable[[Commit], None]
    ) -> None:
        self._number = number
        self._context = context
        self._writer = writer
        self._on_commit = on_commit
        # After a failed commit: the most records of a run, and accounts of a chunk, until the database takes more.
        self._reduced_limit: int | None = None
        self._renaming = Renaming(
            number,
            store=context.store,
            scorer=context.scorer,
            write=self._write_renamed,
            forget_values=context.event_use.forget_values,
        )
        self._renamed = RenamedCount()
        self._poison: set[tuple[int, str]] = set()
        self._core_failures: list[float] = []

    async def score(self, memory: PartitionMemory, inbox: Inbox) -> RunResult | None:
        """Writes the chunks of a big tick if the inbox begins with one, then one run of the inbox.

        None if there was nothing to write. Raises `Doubt` (memory must be dropped), `StopWorker`, and
        `UnknownRecordType` if the inbox begins with such a record.
        """
        limits = self._context.limits
        earliest = memory.timers.earliest()
        signals = await self._fire_in_chunks(memory, inbox)
        await self._rename_in_chunks(memory, inbox)
        run = _Run(
            inbox,
            max_records=min(limits.run_records, self._reduced_limit or limits.run_records),
            seconds=limits.run_seconds,
            needs_chunks=lambda tick: len(memory.timers.due(tick.timestamp / 1000)) > self._chunk_size(),
        )
        scored = await self._score_batch(memory, lambda batch: self._score_run(memory, run, batch))
        result = run.result(earliest=earliest)
        run.records.clear()  # they take memory, and nothing needs them during the commit
        signals += await self._commit(memory, scored)
        return None if result is None else replace(result, signals=signals)

    def _chunk_size(self) -> int:
        limit = self._context.limits.chunk
        return min(limit, self._reduced_limit or limit)

    async def _fire_in_chunks(self, memory: PartitionMemory, inbox: Inbox) -> int:
        """Writes all chunks but the last of a tick at the head of the inbox; the number of signals.

        The run that reads the tick fires the last chunk. Only that one moves the offset and the clock, so a crash in
        between makes the next owner read the tick again.
        """
        signals = 0
        tick = _first(inbox)
        if type(decode(tick)) not in TICK_TYPES:
            return signals
        while len(due := memory.timers.due(tick.timestamp / 1000)) > self._chunk_size():
            chunk = due[: self._chunk_size()]

            async def fire(batch: Batch, chunk: list[str] = chunk) -> None:
                await self._load_accounts(memory, memory.accounts.undecoded(chunk))
                batch.fire_chunk(tick, chunk)

            signals += await self._commit(memory, await self._score_batch(memory, fire))
        return signals

    async def _rename_in_chunks(self, memory: PartitionMemory, inbox: Inbox) -> None:
        """If the inbox begins with such a record: writes the states and signals that an erasure changes."""
        record = _first(inbox)
        said = decode(record)
        if type(said) is UserErased:
            self._renamed = await self._renaming.rename_person(memory, record, said)
        elif type(said) is MentionsErased:
            self._renamed = await self._renaming.rename_mentions(memory, said)

    async def _write_renamed(self, memory: PartitionMemory, renamed: RenamedRows) -> None:
        commit = Commit(
            partition=self._number,
            last_seq=memory.seq,
            writer=self._writer,
            position=memory.position,
            states={},
            timers={},
            seen={},
            accounts=(),
            days=(),
            signals=(),
            outbox=(),
            pauses=memory.pauses,
            erasure=renamed,
        )
        await self._context.store.commit(commit, self._context.cluster_id)
        memory.apply_commit(commit, {}, ())
        self._on_commit(commit)

    async def _score_run(self, memory: PartitionMemory, run: _Run, batch: Batch) -> None:
        """Scores what the run has taken already (again, after the core has raised), then what it takes next."""
        scored = 0
        while scored < len(run.records):
            again = run.records[scored : scored + SLICE]
            scored += len(again)
            await self._score_slice(memory, again, decode_all(again), batch)
        while (taken := run.take())[0]:
            started = time.perf_counter()
            await self._score_slice(memory, *taken, batch)
            run.seconds_left -= time.perf_counter() - started
            if memory.accounts.fill_a_transaction(len(batch.touched)):
                return
            await asyncio.sleep(0)

    async def _score_slice(
        self, memory: PartitionMemory, records: Sequence[Record], decoded: Sequence[DecodedRecord], batch: Batch
    ) -> None:
        await self._load_accounts(memory, accounts_to_load(memory, records, decoded) - batch.touched.keys())
        batch.score(records, decoded)

    async def _score_batch(self, memory: PartitionMemory, work: Callable[[Batch], Awaitable[None]]) -> _Scored:
        """Does the work on a batch.

        If the core raises on an account, the work starts over with that account under suspicion: an earlier record may
        have spoilt it. If the core raises on a suspect, the record is poison, and the work starts over without it.
        """
        context = self._context
        suspects: set[str] = set()
        # Partitions of a worker score one at a time. The lock is free during a commit, so another one scores meanwhile.
        async with context.scoring_lock:
            await memory.accounts.enter()
            started = time.perf_counter()
            while True:
                batch = Batch(
                    memory,
                    context.scorer,
                    owns=lambda account_id: context.owns(self._number, account_id),
                    poison=frozenset(self._poison),
                    suspects=suspects,
                    use=EventUse(context.values),
                    forward_ticks=context.origin.time_mode == TimeMode.STREAM,
                    renamed=self._renamed,
                )
                try:
                    await work(batch)
                    commit = batch.commit(self._number, self._writer)
                    break
                except Poisoned as poisoned:
                    if poisoned.account_id in suspects:
                        self._add_poison(poisoned)
                    suspects.add(poisoned.account_id)
                    # The batch changed accounts in place, so they are decoded again from their stored bytes.
                    memory.accounts.forget_decoded(batch.touched)
                    await self._load_accounts(memory, batch.touched)
        memory.accounts.pin(batch.touched)
        return _Scored(batch, commit, started)

    async def _commit(self, memory: PartitionMemory, scored: _Scored) -> int:
        """Writes a batch unless there is nothing to write; the number of signals."""
        batch, commit = scored.batch, scored.commit
        if batch.report.records == 0 and batch.report.fired == 0 and not batch.touched:
            return 0
        sent = time.perf_counter()
        try:
            await self._context.store.commit(commit, self._context.cluster_id)
        except Fenced:
            raise
        except Doubt:
            # It may have been too large for the database: the same transaction would fail again and again.
            self._reduced_limit = max(1, max(batch.report.records, len(batch.touched)) // 2)
            raise
        finally:
            memory.accounts.unpin()
        if self._reduced_limit is not None:
            self._reduced_limit += 1 + self._reduced_limit // 8
            if self._reduced_limit >= self._context.limits.chunk:
                self._reduced_limit = None
        done = time.perf_counter()
        memory.apply_commit(commit, batch.touched, batch.counting.contents)
        self._on_commit(commit)
        report = batch.report
        self._context.event_use.add(batch.use)
        if isinstance(commit.erasure, AccountErasure):
            self._context.event_use.forget(commit.erasure.account_id)
        self._context.metrics.unusable(batch.use.unusable)
        self._context.metrics.committed(commit, report, commit_seconds=done - sent, batch_seconds=done - scored.started)
        log_batch(commit, report, partition=self._number, seconds=done - scored.started)
        return len(commit.signals)

    async def _load_accounts(self, memory: PartitionMemory, account_ids: Collection[str]) -> None:
        if not account_ids:
            return
        bodies = memory.accounts.bodies(account_ids)
        cached = len(bodies)
        if missing := set(account_ids) - bodies.keys():
            bodies |= await self._context.store.load_states(missing)
        self._context.metrics.loaded(cached=cached, stored=len(bodies) - cached)
        for account_id, body in bodies.items():
            try:
                memory.accounts.load(self._context.scorer.load(account_id, body, memory.pauses), body)
            except (UnknownFormat, msgspec.DecodeError) as error:
                raise StopWorker(f"the stored state of account {account_id!r} cannot be read: {error}") from error

    def _add_poison(self, poisoned: Poisoned) -> None:
        """Raises `StopWorker` if it happens too often: then the core or the card is broken, not a record."""
        _log.error(
            "core.failed",
            partition=self._number,
            offset=poisoned.offset,
            account_id=poisoned.account_id,
            exc_info=poisoned.__cause__,
        )
        self._poison.add((poisoned.offset, poisoned.account_id))
        limits = self._context.limits
        if limits.poisoned == 0:
            return
        now = self._context.steady()
        self._core_failures = [*(at for at in self._core_failures if now - at < limits.poisoned_within), now]
        if len(self._core_failures) > limits.poisoned:
            raise StopWorker(
                f"the core failed {len(self._core_failures)} times within {limits.poisoned_within:g} s in "
                f"partition {self._number}; the last at offset {poisoned.offset}. Mend the card or the release, start "
                "the worker, and send the records again: python -m ingest dead resend --reason core_failed"
            ) from poisoned
