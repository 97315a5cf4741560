"""One partition from its assignment to its loss: opened, handled turn by turn, and opened again after any doubt."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import structlog

from common.bus.ports import Record
from common.errors import Doubt, PartitionStopped
from common.partition_consumer.inbox import Inbox
from common.partition_consumer.ports import PartitionHandler

_log = structlog.get_logger()

HANDOVER_TIMEOUT = 5.0  # seconds; a transaction under way may delay the group's rebalance by so much

H = TypeVar("H", bound=PartitionHandler)


class PartitionReader(Protocol):
    """A consumer's position in one partition."""

    def seek(self, partition: int, offset: int) -> None: ...

    def pause(self, partition: int) -> None: ...

    def at_end(self, partition: int) -> bool: ...


class OwnedPartition(Generic[H]):
    """A partition with its task, which takes turns, and with its handler's background tasks.

    The worker hands it over between two transactions. `epoch` counts how often the partition was opened: records that
    were polled in an earlier epoch are dropped, because they may come from before or after the seek. `stopped_by` is
    why its records are handled no more: it stays closed until it is lost.
    """

    def __init__(
        self,
        number: int,
        *,
        make_handler: Callable[[int, Inbox], H],
        reader: PartitionReader,
        steady: Callable[[], float],
        open_wait: float,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        """It looks every `open_wait` seconds whether it may be opened. `on_failure` gets what a task fails with.

        `steady` is seconds of a clock that never goes back.
        """
        self.number = number
        self.inbox = Inbox()
        self.handler = make_handler(number, self.inbox)
        self.is_open = False
        self.epoch = 0
        self.stopped_by: PartitionStopped | None = None
        self._reader = reader
        self._steady = steady
        self._open_wait = open_wait
        self._on_failure = on_failure
        self._next_offset = 0  # of the next record that the inbox takes
        self._handling = False
        self._retry_at = float("-inf")
        self._closed = False
        self._cut_short = False
        self._wake = asyncio.Event()
        self._background = [asyncio.ensure_future(work) for work in self.handler.background_tasks()]
        self._turns = asyncio.ensure_future(self._take_turns())
        for task in (*self._background, self._turns):
            task.add_done_callback(self._report_failure)

    def deliver(self, records: Sequence[Record], *, epoch: int) -> None:
        """Takes what a poll returned, possibly nothing. The poll began in `epoch`."""
        all_handled = not self.inbox and not self._handling
        accepted = self._accept(records, epoch=epoch)
        # Records behind others that wait are not the oldest ones, so they say nothing about the lag.
        if not self.handler.polled(records if accepted and all_handled else ()):
            self.reopen()
        elif records:
            self._wake.set()

    def reopen(self) -> None:
        """Drops what was polled; the next turn opens the partition again."""
        self._shut()
        self._pause()
        self._wake.set()

    async def close(self) -> None:
        """Ends the tasks. A transaction under way may finish; if it comes too late, the fence stops it."""
        self._closed = True
        for task in self._background:
            task.cancel()  # first: the handler may be waiting for one of them
        self.inbox.clear()
        self._wake.set()
        try:
            async with asyncio.timeout(HANDOVER_TIMEOUT):
                await asyncio.wait([self._turns])
        except TimeoutError:
            _log.warning("partition.handed_over_late", partition=self.number)
        await asyncio.gather(*self._background, return_exceptions=True)
        self.handler.close()

    def cut_short(self) -> None:
        """Cancels the turn under way, as a crash does. The next owner finds in the tables what was written."""
        self._cut_short = True
        self._turns.cancel()

    def _accept(self, records: Sequence[Record], *, epoch: int) -> bool:
        """Whether the inbox took the records of a poll. A closed partition takes none: opening it decides the place."""
        if not self.is_open:
            return False
        if epoch != self.epoch:
            # The poll has moved the reader. Nothing was taken since the seek, so it is made once more.
            if records:
                self._reader.seek(self.number, self._next_offset)
            return False
        at_end = self._reader.at_end(self.number)
        if at_end and not self.inbox.read_to_end:
            self._wake.set()
        self.inbox.read_to_end = at_end
        if records:
            if records[0].offset < self._next_offset:
                records = [record for record in records if record.offset >= self._next_offset]
            self.inbox.put(records)
            if records:
                self._next_offset = records[-1].offset + 1
        return True

    async def _take_turns(self) -> None:
        while not self._closed:
            self._wake.clear()
            await self._take_turn()
            if not self.inbox:
                waits_to_be_opened = not self.is_open and self.stopped_by is None
                seconds = self._open_wait if waits_to_be_opened else self.handler.seconds_to_next_turn()
                waking = asyncio.get_running_loop().call_later(seconds, self._wake.set)
                await self._wake.wait()
                waking.cancel()

    async def _take_turn(self) -> None:
        try:
            if self.is_open:
                await self._handle()
            elif self.stopped_by is None and self._steady() >= self._retry_at:
                await self._open()
        except Doubt as doubt:
            self._drop_memory(doubt)
        except PartitionStopped as stop:
            self._stop(stop)
        # A closed partition has a new owner, and only the new owner knows what is still to be done.
        if not self._closed:
            await self.handler.after_turn()

    async def _handle(self) -> None:
        self._handling = bool(self.inbox)
        try:
            await self.handler.handle_records()
        finally:
            self._handling = False

    async def _open(self) -> None:
        offset = await self.handler.open()
        if self._closed:
            return
        self.inbox.clear()
        self._next_offset = offset
        self.epoch += 1
        self.is_open = True
        self._reader.seek(self.number, offset)

    def _drop_memory(self, doubt: Doubt) -> None:
        self._shut()
        self._pause()
        self._retry_at = self._steady() + self.handler.forget(doubt)

    def _stop(self, stop: PartitionStopped) -> None:
        self.stopped_by = stop
        self._shut()
        self._pause()
        self.handler.stopped(stop)
        _log.error("partition.stopped", partition=self.number, **stop.details, reason=str(stop))

    def _pause(self) -> None:
        # Once it is closed, the reader may serve this worker's next assignment of the partition.
        if not self._closed:
            self._reader.pause(self.number)

    def _shut(self) -> None:
        self.is_open = False
        self.inbox.clear()
        self.inbox.read_to_end = False

    def _report_failure(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            if not self._closed and not self._cut_short:
                self._on_failure(RuntimeError(f"a task of partition {self.number} was cancelled"))
        elif (error := task.exception()) is not None:
            if self._closed:
                _log.error("partition.failed_late", partition=self.number, exc_info=error)
            else:
                self._on_failure(error)
