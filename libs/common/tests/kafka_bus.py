"""A Kafka broker for the contract tests, behind a proxy that can lose its answers."""

import asyncio
from contextlib import suppress
from secrets import token_bytes
from typing import ClassVar, cast

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from bus_contract import BusContract
from bus_harness import PATIENCE, Bus, answers, eventually, outgoing, taken, values

from common.bus import kafka_consumer
from common.bus.errors import BusUnavailable
from common.bus.kafka import KafkaAdmin, KafkaConsumer, KafkaProducer
from common.bus.ports import Outgoing
from local.fakes.kafka_proxy import KafkaApi, KafkaProxy, ProduceRefusal

_FETCH = cast(KafkaApi, 1)  # the proxy knows requests by number, and has a name for those that it reads


class KafkaBus(Bus):
    fetch_max_wait: ClassVar[float] = 0.5
    session_timeout: ClassVar[float] = 6.0

    def __init__(self, proxy: KafkaProxy) -> None:
        self._proxy = proxy

    def producer(self, *, deadline: float = 10.0, max_pending_bytes: int = 1 << 24) -> KafkaProducer:
        return KafkaProducer(self._proxy.bootstrap, deadline=deadline, max_pending_bytes=max_pending_bytes)

    def consumer(self, topic: str, *, group: str) -> KafkaConsumer:
        # The topic is this test's own: so is the group.
        return KafkaConsumer(
            self._proxy.bootstrap,
            topic,
            group=f"{group}-{topic}",
            fetch_max_wait=self.fetch_max_wait,
            session_timeout=self.session_timeout,
        )

    def admin(self) -> KafkaAdmin:
        return KafkaAdmin(self._proxy.bootstrap, timeout=5.0, fetch_max_wait=self.fetch_max_wait)

    def lose_next_ack(self) -> None:
        self._proxy.lose_next(KafkaApi.PRODUCE)

    def lose_fetches(self) -> None:
        """Readers are heard and never answered."""
        for _ in range(10_000):
            self._proxy.lose_next(_FETCH)

    def deny(self, no: ProduceRefusal | None) -> None:
        """Until told None."""
        self._proxy.refuse(no)

    def cut_after(self, answers: int | None) -> None:
        """So many answers come, then none: as a broker that goes in the middle. None: it is back."""
        self._proxy.cut_after(answers)

    def fall_silent(self) -> None:
        """Until it speaks again no request arrives; then all of them do, also those whose sender has given up."""
        self._proxy.stall()

    def speak_again(self) -> None:
        self._proxy.flow()

    async def go_offline(self) -> None:
        await self._proxy.stop()

    async def go_online(self) -> None:
        await self._proxy.start()

    async def truncate(self, topic: str, partition: int, *, before: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._proxy.bootstrap)
        await admin.start()
        try:
            await admin.delete_records({TopicPartition(topic, partition): RecordsToDelete(before)})
        finally:
            await admin.close()

    async def start_admin(self, topic: str) -> None:
        """What a service asks before it begins."""
        admin = self.admin()
        await admin.partitions(topic)
        await admin.stamping(topic)
        await admin.cluster_id()

    async def start_producer(self, topic: str) -> None:
        producer = self.producer(deadline=1.0)
        await producer.start()
        await producer.stop()

    async def start_consumer(self, topic: str) -> None:
        async with self.reading(topic) as reader:
            await reader.poll()

    async def tombstone(self, topic: str) -> None:
        """As another program would write it: our own producer has no such record."""
        producer = AIOKafkaProducer(bootstrap_servers=self._proxy.bootstrap)
        await producer.start()
        try:
            await producer.send_and_wait(topic, None, b"key", 0)
        finally:
            await producer.stop()


_TROUBLES = {"REQUEST_TIMED_OUT": 7, "NOT_ENOUGH_REPLICAS": 19, "KAFKA_STORAGE_ERROR": 56}


async def _closed_transport(*arguments: object) -> None:
    raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")


class KafkaContract(BusContract):
    @pytest.mark.parametrize("start", ["admin", "producer", "consumer"])
    async def test_a_start_fails_as_unavailable_whenever_the_broker_goes(
        self, bus: KafkaBus, start: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Anything else would end a process that could wait."""
        topic = await bus.topic()
        lost: list[int] = []
        with monkeypatch.context() as hurry:
            hurry.setattr(kafka_consumer, "START_TIMEOUT", 0.5)
            for step in range(8):
                bus.cut_after(step)
                try:
                    await getattr(bus, f"start_{start}")(topic)
                except BusUnavailable:
                    lost.append(step)
        assert lost[:2] == [0, 1]
        bus.cut_after(None)
        await getattr(bus, f"start_{start}")(topic)

    @pytest.mark.parametrize(
        "broken",
        [
            "_coordinator.ensure_coordinator_known",
            "_fetcher._proc_fetch_request",
            "_client._metadata_update",
        ],
    )
    async def test_a_membership_that_aiokafka_ends_by_itself_is_followed_by_another(
        self, bus: KafkaBus, broken: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """uvloop raises RuntimeError for a connection that has just gone, and aiokafka expects an OSError."""
        topic = await bus.topic()
        async with bus.producing() as producer, bus.reading(topic) as reader:
            await producer.send(topic, [outgoing(1)])
            await reader.read(1)
            member = cast(KafkaConsumer, reader.consumer)._member
            assert member is not None
            part, _, method = broken.partition(".")
            with monkeypatch.context() as breaking:
                breaking.setattr(getattr(member.inner, part), method, _closed_transport)
                member.inner._coordinator.request_rejoin()
                member.inner._client.force_metadata_update()
                with pytest.raises(BusUnavailable, match=r"RuntimeError|retrieval"):
                    await reader.until(lambda: False)
            await producer.send(topic, [outgoing(2)])
            assert values(await reader.read(1)) == [2]
        # The rebalance that was asked for may come before the end: then there are three memberships.
        rounds = len(reader.told) // 2
        assert rounds in (2, 3)
        assert reader.told == [(what, frozenset({0})) for what in ("assigned", "revoked") * rounds]

    @pytest.mark.parametrize("used", ["probe", "send"])
    async def test_a_producer_whose_task_aiokafka_ends_by_itself_is_replaced(
        self, bus: KafkaBus, used: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An ingest that is not ready gets no requests: a probe has to be enough."""
        topic = await bus.topic()
        async with bus.producing() as producer:
            await producer.send(topic, [outgoing(1)])
            client = cast(KafkaProducer, producer)._inner.client
            with monkeypatch.context() as breaking:
                breaking.setattr(client, "_metadata_update", _closed_transport)
                client.force_metadata_update()
                await asyncio.wait([client._sync_task])
            with pytest.raises(BusUnavailable, match="replaced"):
                await (producer.probe(topic) if used == "probe" else producer.send(topic, [outgoing(2)]))
            await cast(KafkaProducer, producer).replaced()
            await producer.probe(topic)
            await producer.send(topic, [outgoing(3)])

    async def test_a_silent_broker_is_reported_as_unavailable(self, bus: KafkaBus) -> None:
        topic = await bus.topic()
        async with bus.producing() as producer:
            await producer.probe(topic)
            bus.fall_silent()
            with pytest.raises(BusUnavailable, match="silent"):
                await asyncio.wait_for(producer.probe(topic), PATIENCE)
            bus.speak_again()
            await eventually(lambda: answers(producer, topic))

    @pytest.mark.parametrize("code", _TROUBLES.values(), ids=_TROUBLES.keys())
    async def test_a_failing_partition_fails_only_calls_that_wrote_to_it(self, bus: KafkaBus, code: int) -> None:
        topic = await bus.topic(partitions=2)
        async with bus.producing(deadline=1.5) as producer:
            await producer.send(topic, [outgoing(0, partition=0), outgoing(0, partition=1)])
            bus.deny(ProduceRefusal(code, written=True, partition=1))
            spread = [[outgoing(n, partition=n % 2)] for n in range(4)] + [[outgoing(4), outgoing(5, partition=1)]]
            calls = (producer.send(topic, records) for records in spread)
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [
                list,
                BusUnavailable,
                list,
                BusUnavailable,
                BusUnavailable,
            ]
            assert producer.healthy
            bus.deny(None)
            await eventually(lambda: taken(producer, topic, outgoing(6, partition=1)))

    async def test_first_copies_are_in_order_if_what_has_no_ack_is_sent_again_from_its_first_record_on(
        self, bus: KafkaBus
    ) -> None:
        """As the relay does. A call takes several batches; acks and requests are lost, or come after their deadline."""
        topic = await bus.topic()
        rows = [Outgoing(0, b"%d" % n, token_bytes(240_000)) for n in range(40)]  # four to a batch
        waiting, attempt = rows, 0
        async with bus.producing(deadline=1) as producer, bus.reading(topic) as reader:
            while waiting:
                attempt += 1
                match attempt:
                    case 2:
                        bus.fall_silent()
                    case 4:
                        bus.speak_again()
                    case 6:
                        await bus.go_offline()
                    case 8:
                        await bus.go_online()
                    case 5 | 9 | 10:
                        bus.lose_next_ack()
                run = waiting[: 5 + attempt % 4]
                with suppress(BusUnavailable):
                    await producer.send(topic, run)
                    waiting = waiting[len(run) :]
            await reader.until(lambda: any(record.key == rows[-1].key for record in reader.records))
        copies = [record.key for record in reader.records]
        assert len(copies) > len(rows)
        assert list(dict.fromkeys(copies)) == [row.key for row in rows]

    async def test_a_record_without_a_value_can_be_read(self, bus: KafkaBus) -> None:
        topic = await bus.topic()
        await bus.tombstone(topic)
        (record,) = await bus.records(topic, 1)
        assert (record.offset, record.key, record.value) == (0, b"key", None)

    async def test_a_silent_log_is_not_taken_for_one_without_the_record(self, bus: KafkaBus) -> None:
        """A worker that took silence for the end would stop and ask for a person."""
        topic = await bus.topic()
        async with bus.producing() as producer:
            await producer.send(topic, [outgoing(0)])
        bus.lose_fetches()
        with pytest.raises(BusUnavailable):
            await bus.admin().read(topic, 0, 0, timeout=1.0)
