"""The consumer port on aiokafka: a group without committed offsets. A partition is paused until `seek` opens it."""

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from common.bus.aiokafka_faults import end_of_tasks, expect_closed_transports
from common.bus.client_close import CANCEL_TIMEOUT, close_client
from common.bus.errors import BusUnavailable, OffsetOutOfRange
from common.bus.log_filter import filter_aiokafka_logs
from common.bus.membership import Membership
from common.bus.ports import Assigned, Record

START_TIMEOUT = 30.0
# Without an answer to a fetch for so long the consumer pings the brokers, which then have so long to answer.
SILENCE_TIMEOUT = 3.0
PING_TIMEOUT = 2.0
REBALANCE_GRACE = 0.1
# Twice the largest batch that Kafka accepts by default: aiokafka skips a batch that does not fit.
MAX_PARTITION_FETCH_BYTES = 2 * 1024 * 1024
# aiokafka keeps a whole response until the next one comes, beside what it keeps of each partition.
FETCH_MAX_BYTES = 2 * MAX_PARTITION_FETCH_BYTES


class KafkaConsumer:
    """All durations are seconds.

    `fetch_max_wait` is how long the broker may hold a fetch open. Apache Kafka answers as soon as a record arrives;
    other brokers wait for the whole time and need a few milliseconds here.
    `rebalance_timeout` bounds the `revoked` callback: after it the partitions go to other members anyway.
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
        self._listeners: tuple[Assigned, Assigned] | None = None  # from start to stop
        self._member: _GroupMember | None = None

    async def start(self, *, assigned: Assigned, revoked: Assigned) -> None:
        filter_aiokafka_logs()
        expect_closed_transports()
        await self._join(assigned, revoked)
        self._listeners = assigned, revoked

    async def _join(self, assigned: Assigned, revoked: Assigned) -> None:
        inner = AIOKafkaConsumer(**self._settings)
        member = _GroupMember(inner, Membership(assigned=assigned, revoked=revoked))
        inner.subscribe([self._topic], listener=member)
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await inner.start()
        except (KafkaError, TimeoutError) as error:
            # The member may have been assigned partitions before it failed.
            await member.membership.end()
            await _close_consumer(inner)
            raise BusUnavailable(f"cannot join for {self._topic}: {error!r}") from error
        except asyncio.CancelledError:
            await _close_consumer(inner)
            raise
        self._member = member

    async def stop(self) -> None:
        self._listeners = None
        await self._leave()

    async def _leave(self) -> None:
        member, self._member = self._member, None
        if member is not None:
            await member.membership.end()
            coordinator = member.inner._coordinator
            if coordinator.generation == 0:
                # aiokafka takes generation 0 for "no member" and would not leave. Not every broker counts from 1.
                coordinator.generation = 1
            await _close_consumer(member.inner)

    async def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Mapping[int, Sequence[Record]]:
        if self._member is None:
            if self._listeners is None:
                raise BusUnavailable("not a member")
            await self._join(*self._listeners)
        member = self._member
        assert member is not None
        # A reader whose buffer is full gets records without waiting, and must not starve other tasks.
        await asyncio.sleep(0)
        # An exception of a rebalance callback is raised here, in the reader's own task.
        member.membership.check()
        wanted = None if only is None else [TopicPartition(self._topic, partition) for partition in only]
        try:
            return await member.poll(max_records=max_records, timeout=timeout, only=wanted)
        except MembershipEnded as error:
            # Its consumer is of no use any more. The next poll joins with another one.
            await self._leave()
            member.membership.check()
            raise BusUnavailable(f"the membership ended: {error}") from error

    def seek(self, partition: int, offset: int) -> None:
        if self._member is not None:
            self._member.seek(TopicPartition(self._topic, partition), offset)

    def pause(self, partition: int) -> None:
        if self._member is not None:
            self._member.pause(TopicPartition(self._topic, partition))

    def at_end(self, partition: int) -> bool:
        return self._member is not None and TopicPartition(self._topic, partition) in self._member.at_end


class MembershipEnded(Exception):
    """aiokafka's task of a consumer has ended by an error that it did not expect."""


class _GroupMember(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """One membership from start to stop, with what its fetches have shown.

    aiokafka drops the records fetched for a partition when that is paused, sought or revoked.
    """

    def __init__(self, inner: Any, membership: Membership) -> None:
        self.inner = inner
        self.membership = membership
        self.at_end: set[TopicPartition] = set()
        # aiokafka's timestamp of each open partition's last fetch: at the seek, and as last seen.
        self._fetched_at_seek: dict[TopicPartition, int | None] = {}
        self._fetched: dict[TopicPartition, int | None] = {}
        self._answered_at = time.monotonic()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        for tp in assigned:
            # Without a position aiokafka would look for a committed one. Paused, it does not fetch from it.
            self.inner.seek(tp, 0)
            self.inner.pause(tp)
        self.membership.assign(frozenset(tp.partition for tp in assigned))

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self.at_end.clear()
        self._fetched_at_seek.clear()
        self._fetched.clear()
        await self.membership.revoke()

    def seek(self, tp: TopicPartition, offset: int) -> None:
        if tp.partition in self.membership.owned:
            self.inner.seek(tp, offset)
            self.inner.resume(tp)
            self.at_end.discard(tp)
            self._fetched_at_seek[tp] = self.inner.last_poll_timestamp(tp)

    def pause(self, tp: TopicPartition) -> None:
        if tp.partition in self.membership.owned:
            self.inner.pause(tp)

    async def poll(
        self, *, max_records: int, timeout: float, only: Sequence[TopicPartition] | None
    ) -> dict[int, Sequence[Record]]:
        asked = () if only is None else [tp for tp in only if tp.partition in self.membership.owned]
        try:
            # aiokafka keeps to its timeout, except during a rebalance: then it waits for the end of that.
            async with asyncio.timeout(timeout + REBALANCE_GRACE):
                polled = await self.inner.getmany(*asked, timeout_ms=round(timeout * 1000), max_records=max_records)
        except TimeoutError:
            polled = {}
        except OffsetOutOfRangeError as error:
            await self._raise_out_of_range(error)
            polled = {}
        except KafkaError as error:
            self._raise_if_ended()
            if not error.retriable:
                raise
            raise BusUnavailable(repr(error)) from error
        self._raise_if_ended()
        await self._observe()
        if not polled and time.monotonic() - self._answered_at > SILENCE_TIMEOUT:
            await self._ping()
        return {tp.partition: records for tp, records in polled.items()}

    def _raise_if_ended(self) -> None:
        inner = self.inner
        tasks = (inner._coordinator._coordination_task, inner._fetcher._fetch_task, inner._client._sync_task)
        if (end := end_of_tasks(tasks)) is not None:
            raise MembershipEnded(end)

    async def _raise_out_of_range(self, error: OffsetOutOfRangeError) -> None:
        for tp, offset in error.args[0].items():
            # Otherwise the error is about a position that the reader has left since.
            if tp in self._fetched_at_seek and await self.inner.position(tp) == offset:
                raise OffsetOutOfRange(tp.partition, offset) from error

    async def _observe(self) -> None:
        for tp, at_seek in self._fetched_at_seek.items():
            fetched = self.inner.last_poll_timestamp(tp)
            if fetched != self._fetched.get(tp):
                self._fetched[tp] = fetched
                self._answered_at = time.monotonic()
            # Until a fetch after the seek has come, the high watermark is that of an earlier fetch.
            if fetched != at_seek:
                read_all = await self.inner.position(tp) >= self.inner.highwater(tp)
                (self.at_end.add if read_all else self.at_end.discard)(tp)

    async def _ping(self) -> None:
        """Asks the brokers whether they are there. aiokafka retries a failed fetch silently and for ever."""
        try:
            async with asyncio.timeout(PING_TIMEOUT):
                await self.inner.topics()
        except (KafkaError, TimeoutError) as error:
            raise BusUnavailable(f"the brokers are silent: {error!r}") from error
        self._answered_at = time.monotonic()


async def _close_consumer(inner: Any) -> None:
    if await close_client(inner.stop(), inner._client) or inner._fetcher is None:
        return
    # aiokafka closes the fetcher last, and not at all if leaving the group was cut short.
    closing = asyncio.create_task(inner._fetcher.close())
    # A fetcher that has ended by an error raises that once more.
    closing.add_done_callback(lambda task: task.cancelled() or task.exception())
    await asyncio.wait([closing], timeout=CANCEL_TIMEOUT)
