"""The queue of one partition: calls in their order, cut into batches, settled when the broker answers."""

import asyncio
from collections import deque
from typing import Any

from aiokafka.errors import (
    InvalidTimestampError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)

from common.bus.errors import BusError, Refused
from common.bus.ports import Ack, Outgoing

# Bytes that the fields and lengths of a record, and of a header, take at most.
RECORD_OVERHEAD = 64
HEADER_OVERHEAD = 16


class Call:
    """One partition's records of one `send`; `done` tells its caller, who may have left by then."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []
        self.size = 0
        self.acks: list[Ack] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def add(self, record: Outgoing, size: int) -> None:
        self.records.append(record)
        self.size += size

    def give_up(self) -> None:
        if not self.done.cancel() and not self.done.cancelled():
            self.done.exception()  # Heard: asyncio complains of failures that nobody asked for.


Parts = list[tuple[Call, int]]


class Lane:
    """At most one batch is under way, so that a batch cut smaller or sent again cannot be overtaken."""

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.waiting: deque[Call] = deque()
        self.pump: asyncio.Task[None] | None = None
        self._most: int | None = None

    def fill(self, batch: Any) -> Parts:
        """Which calls went into this batch, each with how many of its records."""
        parts: Parts = []
        room = self._most
        for call in self.waiting:
            if call.done.done():
                continue
            todo = call.records[len(call.acks) :][:room]
            count = _append(batch, todo)
            if count:
                parts.append((call, count))
            if room is not None:
                room -= count
            if len(call.acks) + count < len(call.records):
                break
        return parts

    def written(self, parts: Parts, metadata: Any) -> None:
        self._most = None
        timestamp = metadata.timestamp if metadata.timestamp_type == 1 else None
        offset = metadata.offset
        for call, count in parts:
            call.acks.extend(Ack(self.partition, offset + index, timestamp) for index in range(count))
            offset += count
            if len(call.acks) == len(call.records) and not call.done.done():
                call.done.set_result(None)

    def refused(self, parts: Parts, error: KafkaError) -> None:
        """A batch may be refused for one of its records, or for its size alone: cut it until one is left."""
        count = sum(count for _, count in parts)
        if count > 1:
            self._most = count // 2
        else:
            self._most = None
            self.fail(parts, Refused(f"{self.topic}: {error!r}"))

    def fail(self, parts: Parts, error: BusError) -> None:
        for call, _ in parts:
            if not call.done.done():
                call.done.set_exception(error)

    def fail_all(self, error: BusError) -> None:
        self.fail([(call, 0) for call in self.waiting], error)

    def drop_finished(self) -> int:
        """How many bytes are no longer waiting. Only the front can be finished or given up for good."""
        dropped = 0
        while self.waiting and self.waiting[0].done.done():
            dropped += self.waiting.popleft().size
        return dropped


def _append(batch: Any, records: list[Outgoing]) -> int:
    for count, record in enumerate(records):
        headers = list(record.headers)
        if batch.append(timestamp=record.timestamp, key=record.key, value=record.value, headers=headers) is None:
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
