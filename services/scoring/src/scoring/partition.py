"""One partition from its assignment to its loss: open, score, and at any doubt forget everything and open again."""

from collections.abc import Sequence
from uuid import uuid4

import structlog

from common.bus.ports import Record
from common.retry import ExponentialBackoff
from scoring.commit import Position
from scoring.errors import Doubt, Fenced
from scoring.inbox import Inbox
from scoring.memory import Memory
from scoring.origin import agree
from scoring.relay import Relay
from scoring.runs import Runs, Turned
from scoring.shared import Shared

_log = structlog.get_logger()


class Partition:
    """`opened` counts how often it was opened: what was polled before the last time is not its to score."""

    def __init__(self, number: int, *, shared: Shared, relay: Relay) -> None:
        self.number = number
        self.relay = relay
        self.memory: Memory | None = None
        self.inbox = Inbox()
        self.opened = 0
        self._scoring = False
        self._shared = shared
        self._writer = str(uuid4())  # names this assignment in the journal
        self._verified = False
        self._doubted_at: int | None = None
        self._runs = Runs(number, shared=shared, writer=self._writer, wrote=lambda commit: relay.add(commit.queued()))
        self._retry_at = 0.0
        self._backoff = ExponentialBackoff(shared.limits.pause, shared.limits.longest_pause)

    def deliver(self, records: Sequence[Record], *, opened: int) -> bool:
        """Takes what a poll brought that began when the partition had been opened so often; whether it did.

        If it was opened again meanwhile, nobody knows on which side of that the records were fetched: they are dropped
        and polled once more. Where a partition goes on that is not open, is decided when it is opened.
        """
        if self.memory is None or not records:
            return False
        begin = self.memory.position.to_offset
        if opened != self.opened:
            self._shared.reader.seek(self.number, begin)
            return False
        self.inbox.put(record for record in records if record.offset >= begin)
        return True

    @property
    def unread(self) -> bool:
        """Whether records were polled that are not scored and written yet."""
        return bool(self.inbox) or self._scoring

    def level(self) -> bool:
        """Whether all that the log was known to hold at the last fetch is scored."""
        return not self.inbox and self._shared.reader.at_end(self.number)

    async def turn(self) -> Turned | None:
        """Opens the partition if it is not, else scores what its inbox holds and writes what that changed.

        None if nothing was written. Raises `Stop` if only a person can decide.
        """
        try:
            if self.memory is None:
                await self._open()
            elif self.inbox:
                return await self._score(self.memory)
        except Doubt as doubt:
            self._forget(doubt)
        return None

    async def _score(self, memory: Memory) -> Turned | None:
        self._scoring = True
        try:
            return await self._runs.score(memory, self.inbox)
        finally:
            self._scoring = False

    async def _open(self) -> None:
        if self._shared.steady() < self._retry_at:
            return
        shared = self._shared
        opened = await shared.store.opened(self.number)
        if opened is None:
            agree(shared.origin, await shared.store.origins())
            position = await shared.log.start(self.number)
            await shared.store.begin(
                self.number, shared.origin, position, cluster_id=shared.cluster_id, writer=self._writer
            )
            opened = await shared.store.opened(self.number)
            if opened is None:
                raise Doubt("the journal's first row is gone")
        if not self._verified:
            # Again, and of all partitions: another worker may have begun one with another card a moment ago.
            agree(shared.origin, await shared.store.origins())
            await shared.log.verify(self.number, opened)
            self._verified = True
        if self._doubted_at is not None and opened.seq > self._doubted_at and opened.writer == self._writer:
            shared.metrics.recovered()
        self._doubted_at = None
        self._backoff.reset()
        self.memory = Memory(opened, remembered=shared.limits.remembered, cache_bound=shared.cache_bound)
        self.relay.reread()
        self.opened += 1
        shared.reader.seek(self.number, opened.position.to_offset)
        _log.info(
            "partition.opened",
            partition=self.number,
            seq=opened.seq,
            offset=opened.position.to_offset,
            timers=len(opened.timers),
            remembered=len(self.memory.seen),
        )

    def _forget(self, doubt: Doubt) -> None:
        """Drops all that memory holds of the partition; its next turn opens it again."""
        if self.memory is not None:
            self._doubted_at = self.memory.seq
        self.memory = None
        self.inbox.clear()
        self._shared.reader.pause(self.number)
        self.relay.reread()
        self._shared.metrics.doubted(doubt)
        if not isinstance(doubt, Fenced):
            self._retry_at = self._shared.steady() + self._backoff.next_pause()
        _log.warning("partition.doubted", partition=self.number, kind=type(doubt).__name__, reason=str(doubt))

    def remembered(self) -> float:
        """Event ids remembered, as a share of the most that may be."""
        return 0.0 if self.memory is None else len(self.memory.seen) / self.memory.remembered

    def position(self) -> Position | None:
        """What was committed last; None while the partition is not open."""
        return None if self.memory is None else self.memory.position

    def window(self) -> float:
        """How far back event ids are remembered, in seconds."""
        if self.memory is None or (oldest := self.memory.seen.oldest_hour()) is None:
            return 0.0
        return max(0.0, self.memory.position.newest - oldest * 3600)
