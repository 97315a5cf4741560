"""The producer's port on aiokafka: acks=all, snappy, never idempotent, its own deadline and its own bound.

Each partition has a lane: calls queue in it in their order, one batch is under way, and whatever queued up
meanwhile goes with the next, so that many small calls at once cost few requests and need no lingering.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from common.bus.closing import STOP_TIMEOUT, close
from common.bus.errors import Refused, Unavailable
from common.bus.kafka_lane import Call, Lane, Part, refuses, size_of
from common.bus.ports import Ack, Outgoing
from common.bus.quiet import quieten_aiokafka
from common.patience import Patience

# Kafka takes 1,048,588 bytes in a batch by default; what does not compress is sent as it is.
MAX_BATCH_BYTES = 1_000_000
MAX_RECORD_BYTES = 900_000
REPLACE_BACKOFF = 0.5
PROBE_TIMEOUT = 3.0

# Makes an aiokafka producer, not yet started.
Connect = Callable[[], Any]


def connecting(bootstrap: str, *, deadline: float) -> Connect:
    """`deadline` (seconds) is also when aiokafka itself gives a batch up."""

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
    """`deadline` is seconds; `max_pending_bytes` bounds what is unacknowledged, still wanted or given up."""

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
        self._lanes: dict[tuple[str, int], Lane] = {}

    @property
    def healthy(self) -> bool:
        return self._inner is not None

    async def start(self) -> None:
        quieten_aiokafka()
        self._loop = asyncio.get_running_loop()
        self._inner = await self._connected()

    async def stop(self) -> None:
        if self._replacing is not None:
            self._replacing.cancel()
            await asyncio.wait([self._replacing])
        pumps = [lane.pump for lane in self._lanes.values() if lane.pump is not None]
        if pumps:
            _, late = await asyncio.wait(pumps, timeout=STOP_TIMEOUT)
            for pump in late:
                pump.cancel()
        inner, self._inner = self._inner, None
        if inner is not None:
            await close(inner.stop(), inner.client)

    async def replaced(self) -> None:
        """Returns when a fresh producer has taken over, or at once if none has to."""
        if self._replacing is not None:
            await asyncio.wait([self._replacing])

    async def probe(self, topic: str) -> None:
        inner = self._inner
        if inner is None:
            raise Unavailable("there is no producer yet, or it is being replaced")
        # One request on a connection that is there. Else aiokafka asks for all topics, and only every five minutes.
        inner.client.add_topic(topic)
        try:
            async with asyncio.timeout(PROBE_TIMEOUT):
                answered = await inner.client.force_metadata_update()
        except TimeoutError as error:
            raise Unavailable(f"the brokers are silent for {PROBE_TIMEOUT:g} s") from error
        if not answered:
            raise Unavailable("no broker can be reached")
        if not inner.client.cluster.available_partitions_for_topic(topic):
            raise Unavailable(f"no partition of {topic} has a leader")

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        # Python 3.11 asks the kernel each time which loop is running.
        loop = self._loop or asyncio.get_running_loop()
        call = Call(loop.create_future())
        parts = _split(records, call)
        self._admit(parts.values())
        for partition, part in parts.items():
            self._enqueue(topic, partition, part)
        if parts:
            await self._settled(call, loop)
        acks = {partition: part.acks(partition) for partition, part in parts.items()}
        return [next(acks[record.partition]) for record in records]

    def _admit(self, parts: Collection[Part]) -> None:
        if self._inner is None:
            raise Unavailable("there is no producer yet, or it is being replaced")
        if self._pending_bytes + sum(part.size for part in parts) > self._max_pending_bytes:
            raise Unavailable(f"{self._pending_bytes} bytes are waiting for their acknowledgement")

    def _enqueue(self, topic: str, partition: int, part: Part) -> None:
        lane = self._lanes.get((topic, partition))
        if lane is None:
            lane = self._lanes[topic, partition] = Lane(topic, partition)
        lane.waiting.append(part)
        self._pending_bytes += part.size
        if lane.pump is None:
            lane.pump = asyncio.create_task(self._pump(lane))

    async def _settled(self, call: Call, loop: asyncio.AbstractEventLoop) -> None:
        late = Unavailable(f"not acknowledged in {self._deadline} s")
        deadline = loop.call_later(self._deadline, call.end, late)
        try:
            await call.done  # cancelled with its caller, it is done too
        finally:
            deadline.cancel()

    async def _pump(self, lane: Lane) -> None:
        try:
            while lane.waiting:
                await self._deliver(lane)
                self._pending_bytes -= lane.drop_finished()
        except asyncio.CancelledError:
            lane.fail_all(Unavailable("the producer was stopped"))
            raise
        except Exception as error:
            lane.fail_all(Unavailable(f"{lane.topic}: {error!r}"))
            raise
        finally:
            self._pending_bytes -= lane.drop_finished()
            lane.pump = None

    async def _deliver(self, lane: Lane) -> None:
        inner = self._inner
        if inner is None:
            lane.fail_all(Unavailable("the producer is being replaced"))
            return
        batch = inner.create_batch()
        filled = lane.fill(batch)
        if not filled:
            return
        try:
            # aiokafka lets go of a batch a little after its deadline; if it does not, it is beyond help.
            with Patience(self._deadline + STOP_TIMEOUT):
                if lane.partition not in await inner.partitions_for(lane.topic):
                    lane.fail(filled, Refused(f"{lane.topic} has no partition {lane.partition}"))
                    return
                written = await (await inner.send_batch(batch, lane.topic, partition=lane.partition))
        except KafkaError as error:
            if refuses(error):
                lane.refused(filled, error)
                return
            if not error.retriable:
                self._replace(inner)
            lane.fail(filled, Unavailable(f"{lane.topic}: {error!r}"))
        except TimeoutError:
            self._replace(inner)
            lane.fail(filled, Unavailable(f"{lane.topic}: no word of a batch"))
        else:
            lane.written(filled, written)

    def _replace(self, broken: Any) -> None:
        if self._inner is broken:
            self._inner = None
            self._replacing = asyncio.create_task(self._take_over(broken))

    async def _take_over(self, broken: Any) -> None:
        await close(broken.stop(), broken.client)
        while self._inner is None:
            try:
                self._inner = await self._connected()
            except Unavailable:
                await asyncio.sleep(REPLACE_BACKOFF)

    async def _connected(self) -> Any:
        inner = self._connect()
        try:
            async with asyncio.timeout(self._deadline):
                await inner.start()
        except (KafkaError, TimeoutError) as error:
            await close(inner.stop(), inner.client)
            raise Unavailable(f"cannot reach the brokers: {error!r}") from error
        except asyncio.CancelledError:
            await close(inner.stop(), inner.client)
            raise
        return inner


def _split(records: Sequence[Outgoing], call: Call) -> dict[int, Part]:
    """By partition. Raises `Refused` for a record that no batch has room for."""
    parts: dict[int, Part] = {}
    for record in records:
        size = size_of(record)
        if size > MAX_RECORD_BYTES:
            raise Refused(f"a record of {size} bytes is over {MAX_RECORD_BYTES}")
        part = parts.get(record.partition)
        if part is None:
            part = parts[record.partition] = call.part()
        part.add(record, size)
    return parts
