"""The signals topic from its beginning, each signal once."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from common.bus.ports import Assigned, Record
from common.contracts.signals import CaughtUp, Signal, decode_signals_record

POLL_RECORDS = 500


class SignalsReader(Protocol):
    async def start(self, *, assigned: Assigned, revoked: Assigned) -> None: ...

    async def stop(self) -> None: ...

    async def poll(self, *, max_records: int, timeout: float) -> Mapping[int, Sequence[Record]]: ...

    def seek(self, partition: int, offset: int) -> None: ...


class EarliestOffsets(Protocol):
    async def earliest(self, topic: str, partition: int) -> int: ...


class FeedRecord(NamedTuple):
    """`timestamp` is the record's own time, milliseconds since the epoch."""

    partition: int
    timestamp: int
    what: Signal | CaughtUp


class SignalFeed:
    """The only member of its group. A rebalance reads again from the beginning, which the ids hide.

    `unreadable` counts records of another format.
    """

    def __init__(self, log: SignalsReader, beginnings: EarliestOffsets, topic: str) -> None:
        self._log = log
        self._beginnings = beginnings
        self._topic = topic
        self._seen: set[str] = set()
        self.unreadable = 0

    async def start(self) -> None:
        await self._log.start(assigned=self._open, revoked=self._close)

    async def stop(self) -> None:
        await self._log.stop()

    async def read(self, timeout: float) -> list[FeedRecord]:
        """What came, one partition after the other, each in its order; empty after `timeout` seconds."""
        polled = await self._log.poll(max_records=POLL_RECORDS, timeout=timeout)
        return [told for records in polled.values() for record in records if (told := self._told(record))]

    def _told(self, record: Record) -> FeedRecord | None:
        try:
            what = decode_signals_record(record.value or b"")
        except msgspec.DecodeError:
            self.unreadable += 1
            return None
        if isinstance(what, Signal):
            if what.signal_id in self._seen:
                return None
            self._seen.add(what.signal_id)
        return FeedRecord(record.partition, record.timestamp, what)

    async def _open(self, partitions: frozenset[int]) -> None:
        order = sorted(partitions)
        asked = (self._beginnings.earliest(self._topic, partition) for partition in order)
        for partition, offset in zip(order, await asyncio.gather(*asked), strict=True):
            self._log.seek(partition, offset)

    async def _close(self, partitions: frozenset[int]) -> None:
        """Nothing is kept by partition."""
