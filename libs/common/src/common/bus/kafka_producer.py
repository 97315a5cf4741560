"""The producer port on aiokafka: acks=all, snappy, not idempotent, with a delivery deadline and a memory bound.

Each partition has a queue with at most one batch in flight. Records that arrive meanwhile go with the next batch. So
many small concurrent calls need few requests, and no lingering.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from common.bus.aiokafka_faults import end_of_tasks, expect_closed_transports
from common.bus.client_close import STOP_TIMEOUT, close_client
from common.bus.errors import BusUnavailable, RecordRefused
from common.bus.kafka_partition_queue import CallSlice, PartitionQueue, SendCall, record_size, rejects_record
from common.bus.log_filter import filter_aiokafka_logs
from common.bus.ports import Ack, Outgoing
from common.timeout import Timeout

# Kafka accepts batches of 1,048,588 bytes by default. Data that does not compress is sent as it is.
MAX_BATCH_BYTES = 1_000_000
MAX_RECORD_BYTES = 900_000
REPLACE_BACKOFF = 0.5
PROBE_TIMEOUT = 3.0

Connect = Callable[[], Any]
"""Makes an aiokafka producer that is not started yet."""


def connecting(bootstrap: str, *, deadline: float) -> Connect:
    """`deadline` (seconds) is also the request timeout after which aiokafka gives up a batch."""

    def connect() -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            acks="all",
            enable_idempotence=False,
            compression_type="snappy",
            linger_ms=0,
            max_batch_size=MAX_BATCH_BYTES,
            request_timeout_ms=round(deadline * 1000),
        )

    return connect


class KafkaProducer:
    """`deadline` is seconds. `max_pending_bytes` bounds unacknowledged records, including those of cancelled calls.

    After an error that is not retriable, or the end of one of its tasks, the aiokafka producer is closed, and a new one
    takes its place.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        deadline: float = 10.0,
        max_pending_bytes: int = 64 * 1024 * 1024,
        connect: Connect | None = None,
    ) -> None:
        self._connect = connect or connecting(bootstrap, deadline=deadline)
        self._deadline = deadline
        self._max_pending_bytes = max_pending_bytes
        self._pending_bytes = 0
        self._inner: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._replacing: asyncio.Task[None] | None = None
        self._queues: dict[tuple[str, int], PartitionQueue] = {}

    @property
    def healthy(self) -> bool:
        return self._inner is not None

    async def start(self) -> None:
        filter_aiokafka_logs()
        expect_closed_transports()
        self._loop = asyncio.get_running_loop()
        self._inner = await self._start_inner()

    async def stop(self) -> None:
        if self._replacing is not None:
            self._replacing.cancel()
            await asyncio.wait([self._replacing])
        senders = [queue.sender for queue in self._queues.values() if queue.sender is not None]
        if senders:
            _, late = await asyncio.wait(senders, timeout=STOP_TIMEOUT)
            for sender in late:
                sender.cancel()
        inner, self._inner = self._inner, None
        if inner is not None:
            await close_client(inner.stop(), inner.client)

    async def replaced(self) -> None:
        """Returns when a new aiokafka producer has started, or at once if none is being replaced."""
        if self._replacing is not None:
            await asyncio.wait([self._replacing])

    async def probe(self, topic: str) -> None:
        self._replace_if_ended()
        inner = self._inner
        if inner is None:
            raise BusUnavailable("there is no producer yet, or it is being replaced")
        # With the topic added this is one metadata request on an open connection. aiokafka by itself asks for all
        # topics, and only every five minutes.
        inner.client.add_topic(topic)
        try:
            async with asyncio.timeout(PROBE_TIMEOUT):
                answered = await inner.client.force_metadata_update()
        except TimeoutError as error:
            raise BusUnavailable(f"the brokers are silent for {PROBE_TIMEOUT:g} s") from error
        if not answered:
            raise BusUnavailable("no broker can be reached")
        if not inner.client.cluster.available_partitions_for_topic(topic):
            raise BusUnavailable(f"no partition of {topic} has a leader")

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        # `get_running_loop` is a system call in Python 3.11 (it asks for the process id).
        loop = self._loop or asyncio.get_running_loop()
        call = SendCall(loop.create_future())
        slices = _split_by_partition(records, call)
        self._check_capacity(slices.values())
        for partition, part in slices.items():
            self._enqueue(topic, partition, part, loop)
        if slices:
            await self._wait_until_done(call, loop)
        acks = {partition: part.acks(partition) for partition, part in slices.items()}
        return [next(acks[record.partition]) for record in records]

    def _check_capacity(self, slices: Collection[CallSlice]) -> None:
        if self._inner is None:
            raise BusUnavailable("there is no producer yet, or it is being replaced")
        if self._pending_bytes + sum(part.size for part in slices) > self._max_pending_bytes:
            raise BusUnavailable(f"{self._pending_bytes} bytes are waiting for their acknowledgement")

    def _enqueue(self, topic: str, partition: int, part: CallSlice, loop: asyncio.AbstractEventLoop) -> None:
        queue = self._queues.get((topic, partition))
        if queue is None:
            queue = self._queues[topic, partition] = PartitionQueue(topic, partition)
        queue.slices.append(part)
        self._pending_bytes += part.size
        if queue.sender is None:
            queue.sender = loop.create_task(self._send_queued(queue))

    async def _wait_until_done(self, call: SendCall, loop: asyncio.AbstractEventLoop) -> None:
        late = BusUnavailable(f"not acknowledged in {self._deadline} s")
        deadline = loop.call_later(self._deadline, call.finish, late)
        try:
            # Cancelling the caller cancels this future, which finishes the call's slices too.
            await call.done
        finally:
            deadline.cancel()

    async def _send_queued(self, queue: PartitionQueue) -> None:
        try:
            while queue.slices:
                await self._send_batch(queue)
                self._pending_bytes -= queue.drop_finished()
        except asyncio.CancelledError:
            queue.fail_all(BusUnavailable("the producer was stopped"))
            raise
        except Exception as error:
            queue.fail_all(BusUnavailable(f"{queue.topic}: {error!r}"))
            raise
        finally:
            self._pending_bytes -= queue.drop_finished()
            queue.sender = None

    async def _send_batch(self, queue: PartitionQueue) -> None:
        self._replace_if_ended()
        inner = self._inner
        if inner is None:
            queue.fail_all(BusUnavailable("the producer is being replaced"))
            return
        batch = inner.create_batch()
        filled = queue.fill(batch)
        if not filled:
            return
        try:
            # aiokafka gives up a batch a little after its request timeout. If it does not, it has to be replaced.
            with Timeout(self._deadline + STOP_TIMEOUT, self._loop):
                if queue.partition not in await inner.partitions_for(queue.topic):
                    queue.fail(filled, RecordRefused(f"{queue.topic} has no partition {queue.partition}"))
                    return
                metadata = await (await inner.send_batch(batch, queue.topic, partition=queue.partition))
        except KafkaError as error:
            if rejects_record(error):
                queue.refuse(filled, error)
                return
            # aiokafka's producer does not recover from such an error.
            if not error.retriable:
                self._replace(inner)
            queue.fail(filled, BusUnavailable(f"{queue.topic}: {error!r}"))
        except TimeoutError:
            self._replace(inner)
            queue.fail(filled, BusUnavailable(f"{queue.topic}: no word of a batch"))
        else:
            queue.acknowledge(filled, metadata)

    def _replace_if_ended(self) -> None:
        inner = self._inner
        if inner is not None and end_of_tasks((inner.client._sync_task, inner._sender.sender_task)) is not None:
            self._replace(inner)

    def _replace(self, broken: Any) -> None:
        # Several partitions may report the same broken producer.
        if self._inner is broken:
            self._inner = None
            self._replacing = asyncio.create_task(self._close_and_start_new(broken))

    async def _close_and_start_new(self, broken: Any) -> None:
        await close_client(broken.stop(), broken.client)
        while self._inner is None:
            try:
                self._inner = await self._start_inner()
            except BusUnavailable:
                await asyncio.sleep(REPLACE_BACKOFF)

    async def _start_inner(self) -> Any:
        inner = self._connect()
        try:
            async with asyncio.timeout(self._deadline):
                await inner.start()
        except (KafkaError, TimeoutError) as error:
            await close_client(inner.stop(), inner.client)
            raise BusUnavailable(f"cannot reach the brokers: {error!r}") from error
        except asyncio.CancelledError:
            await close_client(inner.stop(), inner.client)
            raise
        return inner


def _split_by_partition(records: Sequence[Outgoing], call: SendCall) -> dict[int, CallSlice]:
    """Raises `RecordRefused` for a record that fits into no batch."""
    slices: dict[int, CallSlice] = {}
    for record in records:
        size = record_size(record)
        if size > MAX_RECORD_BYTES:
            raise RecordRefused(f"a record of {size} bytes is over {MAX_RECORD_BYTES}")
        part = slices.get(record.partition)
        if part is None:
            part = slices[record.partition] = call.new_slice()
        part.add(record, size)
    return slices
