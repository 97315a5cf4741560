"""The queue of one partition: parts of calls in their order, cut into batches, settled when the broker answers."""

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Any

from aiokafka.errors import (
    InvalidTimestampError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)

from common.bus.errors import BusError, Refused, Unavailable
from common.bus.ports import Ack, Outgoing

# Bytes that the fields and lengths of a record, and of a header, take at most.
RECORD_OVERHEAD = 64
HEADER_OVERHEAD = 16


class Call:
    """One `send`: `done` when each of its parts is settled, or when its caller has left before that."""

    __slots__ = ("_failure", "_unsettled", "done")

    def __init__(self, done: asyncio.Future[None]) -> None:
        self._unsettled = 0
        self._failure: BusError | None = None
        self.done = done

    def part(self) -> "Part":
        self._unsettled += 1
        return Part(self)

    def settle(self, error: BusError | None) -> None:
        """One part of it."""
        self._unsettled -= 1
        # Unavailable first: whoever sees Refused sends none of it again.
        if error is not None and not isinstance(self._failure, Unavailable):
            self._failure = error
        if self._unsettled == 0:
            self.end(self._failure)

    def end(self, error: BusError | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class Part:
    """The records of one call for one partition; the first `sent` of them are on the log."""

    __slots__ = ("_call", "_settled", "_spans", "records", "sent", "size")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._settled = False
        self._spans: list[tuple[int, int, int | None]] = []
        self.records: list[Outgoing] = []
        self.size = 0
        self.sent = 0

    @property
    def over(self) -> bool:
        """Nobody waits for it any more."""
        return self._settled or self._call.done.done()

    def add(self, record: Outgoing, size: int) -> None:
        self.records.append(record)
        self.size += size

    def written(self, count: int, *, offset: int, timestamp: int | None) -> None:
        self._spans.append((count, offset, timestamp))
        self.sent += count
        if self.sent == len(self.records):
            self.settle(None)

    def settle(self, error: BusError | None) -> None:
        if not self._settled:
            self._settled = True
            self._call.settle(error)

    def acks(self, partition: int) -> Iterator[Ack]:
        for count, offset, timestamp in self._spans:
            for index in range(count):
                yield Ack(partition, offset + index, timestamp)


Filled = list[tuple[Part, int]]


class Lane:
    """At most one batch is under way, so that a batch cut smaller or sent again cannot be overtaken."""

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.waiting: deque[Part] = deque()
        self.pump: asyncio.Task[None] | None = None
        self._most: int | None = None

    def fill(self, batch: Any) -> Filled:
        """Which parts went into this batch, each with how many of its records."""
        filled: Filled = []
        room = self._most
        for part in self.waiting:
            if part.over:
                continue
            count = _append(batch, part.records[part.sent :][:room])
            if count:
                filled.append((part, count))
            if room is not None:
                room -= count
            if part.sent + count < len(part.records):
                break
        return filled

    def written(self, filled: Filled, metadata: Any) -> None:
        self._most = None
        timestamp = metadata.timestamp if metadata.timestamp_type == 1 else None
        offset = metadata.offset
        for part, count in filled:
            part.written(count, offset=offset, timestamp=timestamp)
            offset += count

    def refused(self, filled: Filled, error: KafkaError) -> None:
        """A batch may be refused for one of its records, or for its size alone: cut it until one is left."""
        count = sum(count for _, count in filled)
        if count > 1:
            self._most = count // 2
        else:
            self._most = None
            self.fail(filled, Refused(f"{self.topic}: {error!r}"))

    def fail(self, filled: Filled, error: BusError) -> None:
        for part, _ in filled:
            part.settle(error)

    def fail_all(self, error: BusError) -> None:
        for part in self.waiting:
            part.settle(error)

    def drop_finished(self) -> int:
        """How many bytes are no longer waiting. Only the front can be finished or given up for good."""
        dropped = 0
        while self.waiting and self.waiting[0].over:
            dropped += self.waiting.popleft().size
        return dropped


def _append(batch: Any, records: list[Outgoing]) -> int:
    append = batch.append
    for count, (_, key, value, headers, timestamp) in enumerate(records):
        if append(timestamp=timestamp, key=key, value=value, headers=list(headers)) is None:
            return count
    return len(records)


def refuses(error: KafkaError) -> bool:
    """Whether it is the record that the broker will not have, and not this producer."""
    return isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError | InvalidTimestampError)


def size_of(record: Outgoing) -> int:
    size = len(record.value) + len(record.key or b"") + RECORD_OVERHEAD
    for name, value in record.headers:
        size += len(name) + len(value) + HEADER_OVERHEAD
    return size
