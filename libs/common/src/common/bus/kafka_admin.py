"""The admin port on aiokafka. Each call opens its own connection, for calls are rare."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, KafkaTimeoutError, OffsetOutOfRangeError, TopicAlreadyExistsError, for_code

from common.bus.aiokafka_faults import expect_closed_transports
from common.bus.client_close import close_client
from common.bus.errors import BusUnavailable
from common.bus.kafka_consumer import MAX_PARTITION_FETCH_BYTES
from common.bus.log_filter import filter_aiokafka_logs
from common.bus.ports import Record, Stamping

_SCAN_BATCH = 500
# Of an empty partition a broker says so after the first of these: a scan of many such must not take seconds for each.
_SCAN_FETCH_WAIT = 0.05  # seconds
_SCAN_POLL_MS = 100


class KafkaAdmin:
    """`timeout` (seconds) bounds each call, which raises `BusUnavailable` after it."""

    def __init__(self, bootstrap: str, *, timeout: float = 15.0, fetch_max_wait: float = 0.5) -> None:
        self._bootstrap = bootstrap
        self._timeout = timeout
        self._fetch_max_wait = fetch_max_wait

    async def cluster_id(self) -> str:
        async with self._admin() as admin:
            description = await admin.describe_cluster()
            return str(description["cluster_id"])

    async def partitions(self, topic: str) -> int | None:
        async with self._admin() as admin:
            # All topics, for a broker with auto.create.topics.enable would create a topic that is asked for by name.
            for described in await admin.describe_topics():
                if described["topic"] == topic:
                    return len(described["partitions"])
            return None

    async def stamping(self, topic: str) -> Stamping | None:
        async with self._admin() as admin:
            resource = ConfigResource(ConfigResourceType.TOPIC, topic)
            for response in await admin.describe_configs([resource]):
                for code, _, _, _, entries in response.resources:
                    values = {} if code else {name: value for name, value, *_ in entries}
                    if (stamping := values.get("message.timestamp.type")) is not None:
                        return Stamping(stamping)
        return None

    async def create(self, topic: str, *, partitions: int, replication: int, config: Mapping[str, str]) -> None:
        async with self._admin() as admin:
            new = NewTopic(topic, partitions, replication, topic_configs=dict(config))
            response = await admin.create_topics([new])
            for _, code, *_ in response.topic_errors:
                if code not in (0, TopicAlreadyExistsError.errno):
                    raise for_code(code)

    async def earliest(self, topic: str, partition: int) -> int:
        tp = TopicPartition(topic, partition)
        async with self._reader(tp, fetch_max_wait=self._fetch_max_wait) as reader:
            offsets = await reader.beginning_offsets([tp])
            return int(offsets[tp])

    async def latest(self, topic: str, partition: int) -> int:
        tp = TopicPartition(topic, partition)
        async with self._reader(tp, fetch_max_wait=min(self._fetch_max_wait, _SCAN_FETCH_WAIT)) as reader:
            reader.seek(tp, (await reader.end_offsets([tp]))[tp])
            reader.resume(tp)
            # The embedded broker lists the last batch's first offset; what a fetch says is right everywhere.
            await _first_records(reader, tp)
            return int(reader.highwater(tp))

    async def read(self, topic: str, partition: int, offset: int, *, timeout: float) -> Record | None:
        tp = TopicPartition(topic, partition)
        # A broker without the record answers after `fetch_max_wait`, which has to be well before the timeout.
        async with self._reader(tp, fetch_max_wait=min(self._fetch_max_wait, timeout / 4)) as reader:
            reader.seek(tp, offset)
            reader.resume(tp)
            with suppress(OffsetOutOfRangeError):
                polled = await reader.getmany(tp, timeout_ms=round(timeout * 1000), max_records=1)
                record: Record
                for record in polled.get(tp, ()):
                    # If this record was compacted away, Kafka returns the next one that it has.
                    return record if record.offset == offset else None
                if reader.highwater(tp) is None:
                    raise KafkaTimeoutError(f"{topic} says nothing of partition {partition}")
        return None

    async def scan(self, topic: str, partition: int, *, start: int = 0) -> AsyncGenerator[Sequence[Record], None]:
        tp = TopicPartition(topic, partition)
        reader = self._new_reader(min(self._fetch_max_wait, _SCAN_FETCH_WAIT))
        try:
            # The time of each step is bounded, not that of the whole: the caller may take long in between.
            async with self._bounded():
                await _open(reader, tp)
                first = (await reader.beginning_offsets([tp]))[tp]
                reader.seek(tp, max(start, first))
                reader.resume(tp)
                try:
                    records = await _first_records(reader, tp)
                except OffsetOutOfRangeError:
                    # A start behind the end of the log is no outage.
                    if start > (await reader.end_offsets([tp]))[tp]:
                        return
                    raise
                end = reader.highwater(tp)
            while True:
                if records:
                    yield [record for record in records if record.offset < end]
                if await reader.position(tp) >= end:
                    return
                async with self._bounded():
                    records = await _next_records(reader, tp)
        finally:
            await close_client(reader.stop(), reader._client)

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[Any]:
        async with self._bounded():
            admin = AIOKafkaAdminClient(
                bootstrap_servers=self._bootstrap, request_timeout_ms=round(self._timeout * 1000)
            )
            try:
                await admin.start()
                yield admin
            finally:
                # Without a broker aiokafka's `close` may hang.
                await close_client(admin.close(), admin._client)

    @asynccontextmanager
    async def _reader(self, tp: TopicPartition, *, fetch_max_wait: float) -> AsyncIterator[Any]:
        async with self._bounded():
            reader = self._new_reader(fetch_max_wait)
            try:
                await _open(reader, tp)
                yield reader
            finally:
                await close_client(reader.stop(), reader._client)

    def _new_reader(self, fetch_max_wait: float) -> Any:
        return AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=round(fetch_max_wait * 1000),
            max_partition_fetch_bytes=MAX_PARTITION_FETCH_BYTES,
            request_timeout_ms=round(self._timeout * 1000),
        )

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        filter_aiokafka_logs()
        expect_closed_transports()
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except (KafkaError, TimeoutError) as error:
            raise BusUnavailable(f"{self._bootstrap}: {error!r}") from error


async def _open(reader: Any, tp: TopicPartition) -> None:
    await reader.start()
    reader.assign([tp])
    # Without a position aiokafka would look for a committed one. Paused, it does not fetch from it.
    reader.seek(tp, 0)
    reader.pause(tp)


async def _first_records(reader: Any, tp: TopicPartition) -> Sequence[Record]:
    """Returns once a broker has said where the log ends; empty if no record has come with that."""
    while True:
        records = await _poll(reader, tp)
        if reader.highwater(tp) is not None:
            return records


async def _next_records(reader: Any, tp: TopicPartition) -> Sequence[Record]:
    """Returns once there are some."""
    while not (records := await _poll(reader, tp)):
        pass
    return records


async def _poll(reader: Any, tp: TopicPartition) -> Sequence[Record]:
    polled = await reader.getmany(tp, timeout_ms=_SCAN_POLL_MS, max_records=_SCAN_BATCH)
    records: Sequence[Record] = polled.get(tp, ())
    return records
