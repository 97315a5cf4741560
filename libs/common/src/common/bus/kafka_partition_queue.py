"""The send queue of one partition: fills batches with waiting records and settles their calls on the broker's answer.

A call of `send` is split by partition into slices. A batch may hold many slices, and a slice may need many batches.
"""

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

from common.bus.errors import BusError, BusUnavailable, RecordRefused
from common.bus.ports import Ack, Outgoing

# Upper bounds in bytes for the fields and lengths of a record, and of a header.
RECORD_OVERHEAD = 64
HEADER_OVERHEAD = 16


class SendCall:
    """One call of `send`. `done` is set when all of its slices are settled, or when its caller was cancelled."""

    __slots__ = ("_failure", "_unsettled", "done")

    def __init__(self, done: asyncio.Future[None]) -> None:
        self._unsettled = 0
        self._failure: BusError | None = None
        self.done = done

    def new_slice(self) -> "CallSlice":
        self._unsettled += 1
        return CallSlice(self)

    def settle_slice(self, error: BusError | None) -> None:
        self._unsettled -= 1
        # BusUnavailable wins over RecordRefused: after the latter the caller would send none of its records again.
        if error is not None and not isinstance(self._failure, BusUnavailable):
            self._failure = error
        if self._unsettled == 0:
            self.finish(self._failure)

    def finish(self, error: BusError | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class CallSlice:
    """The records of one call for one partition; the first `sent` of them are acknowledged."""

    __slots__ = ("_call", "_settled", "_spans", "records", "sent", "size")

    def __init__(self, call: SendCall) -> None:
        self._call = call
        self._settled = False
        # For each batch: how many of the records it held, the first one's offset, the log's timestamp if it has one.
        self._spans: list[tuple[int, int, int | None]] = []
        self.records: list[Outgoing] = []
        self.size = 0
        self.sent = 0

    @property
    def finished(self) -> bool:
        """Settled, or its caller no longer waits."""
        return self._settled or self._call.done.done()

    def add(self, record: Outgoing, size: int) -> None:
        self.records.append(record)
        self.size += size

    def acknowledge(self, count: int, *, offset: int, timestamp: int | None) -> None:
        self._spans.append((count, offset, timestamp))
        self.sent += count
        if self.sent == len(self.records):
            self.settle(None)

    def settle(self, error: BusError | None) -> None:
        if not self._settled:
            self._settled = True
            self._call.settle_slice(error)

    def acks(self, partition: int) -> Iterator[Ack]:
        for count, offset, timestamp in self._spans:
            for index in range(count):
                yield Ack(partition, offset + index, timestamp)


BatchSlices = list[tuple[CallSlice, int]]
"""The slices that a batch holds records of, each with how many."""


class PartitionQueue:
    """The slices that wait for one partition, in the order of their calls.

    Only one batch is in flight. A batch that is cut smaller or sent again therefore keeps its place in the order.
    """

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.slices: deque[CallSlice] = deque()
        self.sender: asyncio.Task[None] | None = None
        self._max_records: int | None = None

    def fill(self, batch: Any) -> BatchSlices:
        filled: BatchSlices = []
        room = self._max_records
        for waiting in self.slices:
            # Its caller has timed out or was cancelled: what is not written yet need not be.
            if waiting.finished:
                continue
            count = _append(batch, waiting.records[waiting.sent :][:room])
            if count:
                filled.append((waiting, count))
            if room is not None:
                room -= count
            # The batch is full. Later slices must not overtake the rest of this one.
            if waiting.sent + count < len(waiting.records):
                break
        return filled

    def acknowledge(self, filled: BatchSlices, metadata: Any) -> None:
        self._max_records = None
        # Type 1 is LogAppendTime. Otherwise the broker returns no timestamp of its own.
        timestamp = metadata.timestamp if metadata.timestamp_type == 1 else None
        offset = metadata.offset
        for written, count in filled:
            written.acknowledge(count, offset=offset, timestamp=timestamp)
            offset += count

    def refuse(self, filled: BatchSlices, error: KafkaError) -> None:
        """Halves the next batch until the refused record is alone in it; then its slice fails.

        The broker does not say which record it refused, or whether the batch as a whole was too large.
        """
        count = sum(count for _, count in filled)
        if count > 1:
            self._max_records = count // 2
        else:
            self._max_records = None
            self.fail(filled, RecordRefused(f"{self.topic}: {error!r}"))

    def fail(self, filled: BatchSlices, error: BusError) -> None:
        for failed, _ in filled:
            failed.settle(error)

    def fail_all(self, error: BusError) -> None:
        for waiting in self.slices:
            waiting.settle(error)

    def drop_finished(self) -> int:
        """Drops finished slices from the front, and returns how many bytes that frees."""
        freed = 0
        while self.slices and self.slices[0].finished:
            freed += self.slices.popleft().size
        return freed


def _append(batch: Any, records: list[Outgoing]) -> int:
    """Appends records while the batch has room, and returns how many."""
    append = batch.append
    for count, (_, key, value, headers, timestamp) in enumerate(records):
        if append(timestamp=timestamp, key=key, value=value, headers=list(headers)) is None:
            return count
    return len(records)


def rejects_record(error: KafkaError) -> bool:
    """Whether the broker refused a record of the batch, rather than failed or refused this producer."""
    return isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError | InvalidTimestampError)


def record_size(record: Outgoing) -> int:
    size = len(record.value) + len(record.key or b"") + RECORD_OVERHEAD
    for name, value in record.headers:
        size += len(name) + len(value) + HEADER_OVERHEAD
    return size
