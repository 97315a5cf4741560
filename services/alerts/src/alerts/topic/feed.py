"""The signals topic from its beginning, each signal once."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from alerts.signals.decoding import decode_record
from common.bus.ports import Assigned, Record
from common.contracts.signals import Signal, SignalsRecord

POLL_RECORDS = 500


class SignalsReader(Protocol):
    async def start(self, *, assigned: Assigned, revoked: Assigned) -> None: ...

    async def stop(self) -> None: ...

    async def poll(self, *, max_records: int, timeout: float) -> Mapping[int, Sequence[Record]]: ...

    def seek(self, partition: int, offset: int) -> None: ...


class EarliestOffsets(Protocol):
    async def earliest(self, topic: str, partition: int) -> int: ...


class FeedRecord(NamedTuple):
    """`timestamp` is the record time, milliseconds since the epoch."""

    partition: int
    timestamp: int
    message: SignalsRecord


class SignalFeed:
    """Reads the topic as the only member of its group.

    A rebalance starts again at the beginning; signals that were already returned are left out by their ids.
    `unreadable` counts records of another format.
    """

    def __init__(self, log: SignalsReader, beginnings: EarliestOffsets, topic: str) -> None:
        self._log = log
        self._beginnings = beginnings
        self._topic = topic
        self._seen: set[str] = set()
        self.unreadable = 0

    async def start(self) -> None:
        await self._log.start(assigned=self._seek_to_beginning, revoked=self._forget)

    async def stop(self) -> None:
        await self._log.stop()

    async def read(self, timeout: float) -> list[FeedRecord]:
        """New records, partition by partition, each in its order; empty after `timeout` seconds."""
        polled = await self._log.poll(max_records=POLL_RECORDS, timeout=timeout)
        return [new for records in polled.values() for record in records if (new := self._decode(record))]

    def _decode(self, record: Record) -> FeedRecord | None:
        try:
            message = decode_record(record.value or b"")
        except msgspec.DecodeError:
            self.unreadable += 1
            return None
        if isinstance(message, Signal):
            if message.signal_id in self._seen:
                return None
            self._seen.add(message.signal_id)
        return FeedRecord(record.partition, record.timestamp, message)

    async def _seek_to_beginning(self, partitions: frozenset[int]) -> None:
        order = sorted(partitions)
        asked = (self._beginnings.earliest(self._topic, partition) for partition in order)
        for partition, offset in zip(order, await asyncio.gather(*asked), strict=True):
            self._log.seek(partition, offset)

    async def _forget(self, partitions: frozenset[int]) -> None:
        """Keeps nothing by partition, so there is nothing to forget."""
