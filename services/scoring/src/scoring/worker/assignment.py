"""One assigned partition of the events topic: read from the journal, scored run by run, forgotten at any doubt."""

from uuid import uuid4

import structlog

from common.errors import Doubt, Fenced, PartitionStopped
from common.partition_consumer.inbox import Inbox
from common.retry import ExponentialBackoff
from scoring.partition.commit import Commit, LogPosition
from scoring.partition.memory import PartitionMemory
from scoring.partition.origin import require_same_origin
from scoring.worker.context import WorkerContext
from scoring.worker.relay import Relay
from scoring.worker.runs import RunResult, RunScorer

_log = structlog.get_logger()


class AssignedPartition:
    """`memory` is None while the partition is not open.

    `stopped_by` is why it stopped: before a record that a newer version wrote, or for want of ERASURE_KEY.
    """

    def __init__(self, number: int, inbox: Inbox, *, context: WorkerContext, relay: Relay) -> None:
        self.number = number
        self.relay = relay
        self.memory: PartitionMemory | None = None
        self.inbox = inbox
        self.stopped_by: PartitionStopped | None = None
        self._context = context
        self._writer = str(uuid4())  # names this assignment in the journal
        self._verified = False
        self._seq_in_doubt: int | None = None
        self._run_scorer = RunScorer(number, context=context, writer=self._writer, on_commit=self._relay_rows)
        self._backoff = ExponentialBackoff(context.limits.pause, context.limits.longest_pause)

    def at_log_end(self) -> bool:
        """Whether everything is scored that the log was known to hold at the last poll."""
        return self.inbox.at_log_end

    async def open(self) -> int:
        """Reads the journal, and begins it if there is none; the next offset to read.

        Raises `Doubt`, `ErasureRefused` if the key is missing by which accounts were erased, or `StopWorker` if only a
        person can decide.
        """
        context = self._context
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
        self.memory = PartitionMemory(
            stored,
            remembered=context.limits.remembered,
            cache_bound=context.cache_bound,
            erasure_key=context.erasure_key,
        )
        self.relay.reload()
        _log.info(
            "partition.opened",
            partition=self.number,
            seq=stored.seq,
            offset=stored.position.to_offset,
            timers=len(stored.timers),
            remembered=len(self.memory.seen),
        )
        return stored.position.to_offset

    async def score(self) -> RunResult | None:
        """Scores one run of the inbox and writes it. None if nothing was written.

        Raises `Doubt`, `UnknownRecordType` if the inbox begins with such a record, or `StopWorker` if only a person can
        decide.
        """
        if self.memory is None or not self.inbox:
            return None
        return await self._run_scorer.score(self.memory, self.inbox)

    def forget(self, doubt: Doubt) -> float:
        """Drops all memory of the partition; seconds until it may be opened again."""
        if self.memory is not None:
            self._seq_in_doubt = self.memory.seq
        self.memory = None
        self.relay.reload()
        self._context.metrics.doubted(doubt)
        _log.warning("partition.doubted", partition=self.number, kind=type(doubt).__name__, reason=str(doubt))
        # After a lost race the database answers, so there is nothing to wait for.
        return 0.0 if isinstance(doubt, Fenced) else self._backoff.next_pause()

    def stop(self, stop: PartitionStopped) -> None:
        """Drops all memory of the partition. Everything before the record is committed, and the relay goes on."""
        self.stopped_by = stop
        self.memory = None

    def _relay_rows(self, commit: Commit) -> None:
        # An erasure has deleted rows of the outbox that the relay may hold in memory.
        if commit.erasure is None:
            self.relay.add(commit.outbox_rows())
        else:
            self.relay.reload()

    def dedupe_used(self) -> float:
        """The share of event ids remembered, of the most that may be."""
        return 0.0 if self.memory is None else len(self.memory.seen) / self.memory.remembered

    def paused_feeds(self) -> float:
        """How many sources hold accounts, those included whose feed goes on since a short time."""
        return 0.0 if self.memory is None else float(len(self.memory.pauses))

    def position(self) -> LogPosition | None:
        """The last committed position; None while the partition is not open."""
        return None if self.memory is None else self.memory.position

    def dedupe_window(self) -> float:
        """How far back event ids are remembered, in seconds."""
        if self.memory is None or (oldest := self.memory.seen.oldest_hour()) is None:
            return 0.0
        return max(0.0, self.memory.position.newest - oldest * 3600)
