"""One partition from its assignment to its loss: opened from the journal, scored, and opened again after any doubt."""

from collections.abc import Sequence
from uuid import uuid4

import structlog

from common.bus.ports import Record
from common.retry import ExponentialBackoff
from scoring.errors import Doubt, Fenced, UnknownRecordType
from scoring.partition.commit import LogPosition
from scoring.partition.inbox import Inbox
from scoring.partition.memory import PartitionMemory
from scoring.partition.origin import require_same_origin
from scoring.worker.context import WorkerContext
from scoring.worker.relay import Relay
from scoring.worker.runs import RunResult, RunScorer

_log = structlog.get_logger()


class AssignedPartition:
    """`epoch` counts how often the partition was opened; records polled in an earlier epoch are not scored.

    `stopped_by` is the record before which it stopped, if a newer version wrote that: it stays closed for the rest of
    this assignment.
    """

    def __init__(self, number: int, *, context: WorkerContext, relay: Relay) -> None:
        self.number = number
        self.relay = relay
        self.memory: PartitionMemory | None = None
        self.inbox = Inbox()
        self.epoch = 0
        self.stopped_by: UnknownRecordType | None = None
        self._scoring = False
        self._context = context
        self._writer = str(uuid4())  # names this assignment in the journal
        self._verified = False
        self._seq_in_doubt: int | None = None
        self._run_scorer = RunScorer(
            number, context=context, writer=self._writer, on_commit=lambda commit: relay.add(commit.outbox_rows())
        )
        self._retry_at = 0.0
        self._backoff = ExponentialBackoff(context.limits.pause, context.limits.longest_pause)

    def deliver(self, records: Sequence[Record], *, epoch: int) -> bool:
        """Takes records from a poll that began in `epoch`; whether it took them.

        If the partition was opened again during the poll, the records may come from before or after the seek. They are
        dropped and polled once more. A partition that is not open takes none: opening it decides where it goes on.
        """
        if self.memory is None or not records:
            return False
        begin = self.memory.position.to_offset
        if epoch != self.epoch:
            self._context.reader.seek(self.number, begin)
            return False
        if records[0].offset < begin:
            records = [record for record in records if record.offset >= begin]
        self.inbox.put(records)
        return True

    @property
    def has_uncommitted(self) -> bool:
        """Whether some polled records are not scored and written yet."""
        return bool(self.inbox) or self._scoring

    def at_log_end(self) -> bool:
        """Whether everything is scored that the log was known to hold at the last fetch."""
        return not self.inbox and self._context.reader.at_end(self.number)

    async def open_or_score(self) -> RunResult | None:
        """Opens the partition if it is not open, else scores one run of its inbox and writes it.

        None if nothing was written. A partition that stopped stays as it is. Raises `StopWorker` if only a person can
        decide.
        """
        if self.stopped_by is not None:
            return None
        try:
            if self.memory is None:
                await self._open()
            elif self.inbox:
                self._scoring = True
                try:
                    return await self._run_scorer.score(self.memory, self.inbox)
                finally:
                    self._scoring = False
        except Doubt as doubt:
            self._drop_memory(doubt)
        except UnknownRecordType as unknown:
            self._stop(unknown)
        return None

    async def _open(self) -> None:
        context = self._context
        if context.steady() < self._retry_at:
            return
        stored = await context.store.load_partition(self.number)
        if stored is None:
            require_same_origin(context.origin, await context.store.load_origins())
            position = await context.log.first_position(self.number)
            await context.store.begin_journal(
                self.number, context.origin, position, cluster_id=context.cluster_id, writer=self._writer
            )
            stored = await context.store.load_partition(self.number)
            if stored is None:
                raise Doubt("the journal's first row is gone")
        if not self._verified:
            # All partitions, once more: meanwhile another worker may have begun one with another card.
            require_same_origin(context.origin, await context.store.load_origins())
            await context.log.verify(self.number, stored)
            self._verified = True
        # A newer row by this very assignment: the commit whose answer was lost had gone through.
        if self._seq_in_doubt is not None and stored.seq > self._seq_in_doubt and stored.writer == self._writer:
            context.metrics.recovered()
        self._seq_in_doubt = None
        self._backoff.reset()
        self.memory = PartitionMemory(stored, remembered=context.limits.remembered, cache_bound=context.cache_bound)
        self.relay.reload()
        self.epoch += 1
        context.reader.seek(self.number, stored.position.to_offset)
        _log.info(
            "partition.opened",
            partition=self.number,
            seq=stored.seq,
            offset=stored.position.to_offset,
            timers=len(stored.timers),
            remembered=len(self.memory.seen),
        )

    def _drop_memory(self, doubt: Doubt) -> None:
        """Forgets everything about the partition; `open_or_score` opens it again."""
        if self.memory is not None:
            self._seq_in_doubt = self.memory.seq
        self.memory = None
        self.inbox.clear()
        self._context.reader.pause(self.number)
        self.relay.reload()
        self._context.metrics.doubted(doubt)
        # After a lost race the database answers, so there is nothing to wait for.
        if not isinstance(doubt, Fenced):
            self._retry_at = self._context.steady() + self._backoff.next_pause()
        _log.warning("partition.doubted", partition=self.number, kind=type(doubt).__name__, reason=str(doubt))

    def _stop(self, unknown: UnknownRecordType) -> None:
        """Everything before the record is committed. The relay and the other partitions go on."""
        self.stopped_by = unknown
        self.memory = None
        self.inbox.clear()
        self._context.reader.pause(self.number)
        _log.error(
            "partition.stopped",
            partition=self.number,
            offset=unknown.offset,
            type=unknown.record_type,
            reason=str(unknown),
        )

    def dedupe_used(self) -> float:
        """The share of event ids remembered, of the most that may be."""
        return 0.0 if self.memory is None else len(self.memory.seen) / self.memory.remembered

    def position(self) -> LogPosition | None:
        """The last committed position; None while the partition is not open."""
        return None if self.memory is None else self.memory.position

    def dedupe_window(self) -> float:
        """How far back event ids are remembered, in seconds."""
        if self.memory is None or (oldest := self.memory.seen.oldest_hour()) is None:
            return 0.0
        return max(0.0, self.memory.position.newest - oldest * 3600)
