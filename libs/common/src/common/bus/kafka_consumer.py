"""The consumer's port on aiokafka: a group without stored offsets, partitions that are silent until `seek`."""

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from common.bus.closing import CANCEL_TIMEOUT, close
from common.bus.errors import OffsetLost, Unavailable
from common.bus.membership import Membership
from common.bus.ports import Assigned, Record
from common.bus.quiet import quieten_aiokafka

START_TIMEOUT = 30.0
# How long the brokers may be silent before we ask whether they are there, and how long the answer may take.
PATIENCE = 3.0
PING_TIMEOUT = 2.0
REBALANCE_GRACE = 0.1
# Twice the largest batch that Kafka takes by default: aiokafka steps over a batch that does not fit.
MAX_PARTITION_FETCH_BYTES = 2 * 1024 * 1024
# aiokafka keeps a whole response until the next one comes, beside what it keeps of each partition.
FETCH_MAX_BYTES = 2 * MAX_PARTITION_FETCH_BYTES


class KafkaConsumer:
    """All durations are seconds.

    `fetch_max_wait` is how long a fetch may wait for news: Apache Kafka answers at once when something comes;
    a broker that does not wants a few milliseconds. `rebalance_timeout` bounds how long `revoked` may take
    before the partitions go to others regardless.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        *,
        group: str,
        fetch_max_wait: float = 0.5,
        session_timeout: float = 6.0,
        heartbeat_interval: float = 0.5,
        max_poll_interval: float = 300.0,
        rebalance_timeout: float = 30.0,
    ) -> None:
        self._topic = topic
        self._settings: dict[str, Any] = {
            "bootstrap_servers": bootstrap,
            "group_id": group,
            "enable_auto_commit": False,
            "auto_offset_reset": "none",
            "fetch_max_wait_ms": round(fetch_max_wait * 1000),
            "session_timeout_ms": round(session_timeout * 1000),
            "heartbeat_interval_ms": round(heartbeat_interval * 1000),
            "max_partition_fetch_bytes": MAX_PARTITION_FETCH_BYTES,
            "fetch_max_bytes": FETCH_MAX_BYTES,
            "max_poll_interval_ms": round(max_poll_interval * 1000),
            "rebalance_timeout_ms": round(rebalance_timeout * 1000),
        }
        self._reading: _Reading | None = None

    async def start(self, *, assigned: Assigned, revoked: Assigned) -> None:
        quieten_aiokafka()
        inner = AIOKafkaConsumer(**self._settings)
        reading = _Reading(inner, Membership(assigned=assigned, revoked=revoked))
        inner.subscribe([self._topic], listener=reading)
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await inner.start()
        except (KafkaError, TimeoutError) as error:
            await reading.on_partitions_revoked(())  # it may have been given some before it failed
            await _close(inner)
            raise Unavailable(f"cannot join for {self._topic}: {error!r}") from error
        except asyncio.CancelledError:
            await _close(inner)
            raise
        self._reading = reading

    async def stop(self) -> None:
        reading, self._reading = self._reading, None
        if reading is not None:
            await reading.on_partitions_revoked(())
            coordinator = reading.inner._coordinator
            if coordinator.generation == 0:
                # aiokafka reads 0 as "no member" and would go without a word; not every broker counts from 1.
                coordinator.generation = 1
            await _close(reading.inner)

    async def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Mapping[int, Sequence[Record]]:
        if self._reading is None:
            raise Unavailable("not a member")
        await asyncio.sleep(0)  # A reader with a full buffer must not starve the others.
        self._reading.membership.check()
        wanted = None if only is None else [TopicPartition(self._topic, partition) for partition in only]
        return await self._reading.poll(max_records=max_records, timeout=timeout, only=wanted)

    def seek(self, partition: int, offset: int) -> None:
        if self._reading is not None:
            self._reading.seek(TopicPartition(self._topic, partition), offset)

    def pause(self, partition: int) -> None:
        if self._reading is not None:
            self._reading.pause(TopicPartition(self._topic, partition))

    def level(self, partition: int) -> bool:
        return self._reading is not None and TopicPartition(self._topic, partition) in self._reading.level


class _Reading(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """One membership from start to stop, and what its fetches have told.

    aiokafka drops what it has fetched for a partition when that is paused, sought elsewhere or taken away.
    """

    def __init__(self, inner: Any, membership: Membership) -> None:
        self.inner = inner
        self.membership = membership
        self.level: set[TopicPartition] = set()
        # When each open partition's last fetch came (aiokafka's own stamp), at the seek and as last seen.
        self._fetched_at_seek: dict[TopicPartition, int | None] = {}
        self._fetched: dict[TopicPartition, int | None] = {}
        self._heard = time.monotonic()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        for tp in assigned:
            # A position at once, or aiokafka would look for a stored one, and no fetch from it.
            self.inner.seek(tp, 0)
            self.inner.pause(tp)
        self.membership.give(frozenset(tp.partition for tp in assigned))

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self.level.clear()
        self._fetched_at_seek.clear()
        self._fetched.clear()
        await self.membership.take_back()

    def seek(self, tp: TopicPartition, offset: int) -> None:
        if tp.partition in self.membership.owned:
            self.inner.seek(tp, offset)
            self.inner.resume(tp)
            self.level.discard(tp)
            self._fetched_at_seek[tp] = self.inner.last_poll_timestamp(tp)

    def pause(self, tp: TopicPartition) -> None:
        if tp.partition in self.membership.owned:
            self.inner.pause(tp)

    async def poll(
        self, *, max_records: int, timeout: float, only: Sequence[TopicPartition] | None
    ) -> dict[int, Sequence[Record]]:
        asked = () if only is None else [tp for tp in only if tp.partition in self.membership.owned]
        try:
            # aiokafka keeps the time itself, except during a rebalance: then it waits for the end of that.
            async with asyncio.timeout(timeout + REBALANCE_GRACE):
                polled = await self.inner.getmany(*asked, timeout_ms=round(timeout * 1000), max_records=max_records)
        except TimeoutError:
            polled = {}
        except OffsetOutOfRangeError as error:
            await self._raise_lost(error)
            polled = {}
        except KafkaError as error:
            if not error.retriable:
                raise
            raise Unavailable(repr(error)) from error
        await self._observe()
        if not polled and time.monotonic() - self._heard > PATIENCE:
            await self._ping()
        return {tp.partition: records for tp, records in polled.items()}

    async def _raise_lost(self, error: OffsetOutOfRangeError) -> None:
        for tp, offset in error.args[0].items():
            # Else it was raised for a position that has been left since.
            if tp in self._fetched_at_seek and await self.inner.position(tp) == offset:
                raise OffsetLost(tp.partition, offset) from error

    async def _observe(self) -> None:
        for tp, at_seek in self._fetched_at_seek.items():
            fetched = self.inner.last_poll_timestamp(tp)
            if fetched != self._fetched.get(tp):
                self._fetched[tp] = fetched
                self._heard = time.monotonic()
            if fetched != at_seek:
                read_all = await self.inner.position(tp) >= self.inner.highwater(tp)
                (self.level.add if read_all else self.level.discard)(tp)

    async def _ping(self) -> None:
        """A fetch that fails is tried again in silence for ever, and no partition may be open at all."""
        try:
            async with asyncio.timeout(PING_TIMEOUT):
                await self.inner.topics()
        except (KafkaError, TimeoutError) as error:
            raise Unavailable(f"the brokers are silent: {error!r}") from error
        self._heard = time.monotonic()


async def _close(inner: Any) -> None:
    if await close(inner.stop(), inner._client) or inner._fetcher is None:
        return
    # aiokafka comes to this last, and not at all if leaving the group was cut short.
    await asyncio.wait([asyncio.create_task(inner._fetcher.close())], timeout=CANCEL_TIMEOUT)
