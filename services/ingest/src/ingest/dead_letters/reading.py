"""Reads the dead topic without a consumer group, in bounded memory.

ScanTooLong     the time of the request is over: answer with what was found, and say that there is more
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

import msgspec
from msgspec import Struct

from common.bus.ports import Record
from common.contracts.dead_letters import RESENT, decode_marker
from ingest.dead_letters.letter import DeadLetter, LetterPosition, read_letter
from ingest.dead_letters.offset_set import OffsetSet
from ingest.dead_letters.selection import LetterSelection

_READ_SECONDS = 10.0


class DeadTopicAdmin(Protocol):
    """All methods raise `BusUnavailable`."""

    async def partitions(self, topic: str) -> int | None: ...

    async def earliest(self, topic: str, partition: int) -> int: ...

    async def latest(self, topic: str, partition: int) -> int: ...

    async def read(self, topic: str, partition: int, offset: int, *, timeout: float) -> Record | None: ...

    def scan(self, topic: str, partition: int, *, start: int = 0) -> AsyncGenerator[Sequence[Record], None]: ...


class ScanTooLong(Exception):
    """The deadline of a scan has passed."""


class ScanLimits(Struct, frozen=True):
    """How much a request may read: the `newest` records of each partition, until `deadline` by the loop's clock.

    Letters that are named by their positions are found however old they are.
    """

    newest: int
    deadline: float


class DeadTopic:
    """The letters of the topic, and which of them were sent again. Without `limits` it is read whole.

    `older_left_out` says that limits have left out older letters.
    """

    def __init__(self, admin: DeadTopicAdmin, *, topic: str, limits: ScanLimits | None = None) -> None:
        self._admin = admin
        self._topic = topic
        self._limits = limits
        self.older_left_out = False

    async def partitions(self) -> int:
        """The number of partitions; 0 if there is no such topic."""
        return await self._admin.partitions(self._topic) or 0

    async def read(self, position: LetterPosition) -> DeadLetter | None:
        """The letter at a position; None if there is none."""
        if position.partition >= await self.partitions():
            return None
        record = await self._admin.read(self._topic, *position, timeout=_READ_SECONDS)
        return None if record is None or _is_marker(record) else read_letter(record)

    async def letters(self, partition: int, selection: LetterSelection) -> AsyncGenerator[DeadLetter, None]:
        """The selected letters of one partition, in the order of the log."""
        async with aclosing(self._records(partition, selection)) as records:
            async for record in records:
                if not _is_marker(record) and selection.includes(letter := read_letter(record)):
                    yield letter

    async def resent(self, partition: int, selection: LetterSelection) -> OffsetSet:
        """The offsets of letters that were sent again, by the markers of the partition.

        A marker comes after its letters, so reading from the first selected letter misses none.
        """
        found: OffsetSet | None = None
        async with aclosing(self._records(partition, selection)) as records:
            async for record in records:
                if found is None:
                    found = OffsetSet(record.offset)
                for offset in _marked(record):
                    found.add(offset, below=record.offset)
        return found or OffsetSet(0)

    async def _records(self, partition: int, selection: LetterSelection) -> AsyncGenerator[Record, None]:
        start = await self._start(partition, selection)
        async with aclosing(self._admin.scan(self._topic, partition, start=start)) as batches:
            async for batch in batches:
                self._check_deadline()
                for record in batch:
                    yield record

    async def _start(self, partition: int, selection: LetterSelection) -> int:
        self._check_deadline()
        first = selection.first_offset(partition)
        if self._limits is None or selection.positions:
            return first
        newest = await self._admin.latest(self._topic, partition) - self._limits.newest
        if newest <= first:
            return first
        if newest > await self._admin.earliest(self._topic, partition):
            self.older_left_out = True
        return newest

    def _check_deadline(self) -> None:
        """Between two batches: a batch that is being sent is not cut short. Raises `ScanTooLong`."""
        if self._limits is not None and asyncio.get_running_loop().time() > self._limits.deadline:
            raise ScanTooLong


def _is_marker(record: Record) -> bool:
    return any(name == RESENT for name, _ in record.headers)


def _marked(record: Record) -> Sequence[int]:
    if not _is_marker(record):
        return ()
    try:
        return decode_marker(record.value or b"").offsets
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # A record of another program with that header: ignored. At worst a letter is sent twice, and is a duplicate.
        return ()
