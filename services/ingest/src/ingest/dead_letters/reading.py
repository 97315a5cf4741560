"""Reads the dead topic without a consumer group, in bounded memory."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

import msgspec

from common.bus.ports import Record
from common.contracts.dead_letters import RESENT, decode_marker
from ingest.dead_letters.letter import DeadLetter, LetterPosition, read_letter
from ingest.dead_letters.offset_set import OffsetSet
from ingest.dead_letters.selection import LetterSelection

_READ_SECONDS = 10.0


class DeadTopicAdmin(Protocol):
    """All methods raise `BusUnavailable`."""

    async def partitions(self, topic: str) -> int | None: ...

    async def read(self, topic: str, partition: int, offset: int, *, timeout: float) -> Record | None: ...

    def scan(self, topic: str, partition: int, *, start: int = 0) -> AsyncGenerator[Sequence[Record], None]: ...


class DeadTopic:
    """The letters of the topic, and which of them were sent again."""

    def __init__(self, admin: DeadTopicAdmin, *, topic: str) -> None:
        self._admin = admin
        self._topic = topic

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
        start = selection.first_offset(partition)
        async with aclosing(self._admin.scan(self._topic, partition, start=start)) as batches:
            async for batch in batches:
                for record in batch:
                    yield record


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
