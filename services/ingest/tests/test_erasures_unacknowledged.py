"""Erasures while one partition of the log has no leader: what the others acknowledged, and who reads meanwhile."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from common.bus.errors import BusUnavailable
from common.bus.memory import MemoryBroker
from common.bus.partitioner import partition_of
from common.bus.ports import Ack, Outgoing, Producer
from common.contracts.events import Erased, EventsRecord, MentionsErased, decode_events_record
from common.problems import Problem
from common.topics import TimeMode, Topics, ensure
from ingest.erasures.erased_subjects import ErasedSubjects
from ingest.erasures.erasure import AskedErasure, ErasureState, StoredErasure
from ingest.erasures.memory_store import MemoryErasureStore
from ingest.erasures.service import ErasureAnnouncer, ErasureService
from ingest.in_memory import ERASURE_KEY, PARTITIONS

TOPICS = Topics("")
LEADERLESS = 1
ACCOUNT = "acme"  # of another partition


class LeaderlessProducer:
    """Acknowledges nothing of one partition while `away`."""

    def __init__(self, producer: Producer) -> None:
        self.away = True
        self.before: Callable[[], Awaitable[None]] | None = None
        self._producer = producer

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        before, self.before = self.before, None
        if before is not None:
            await before()
        left_out = [one for one in records if self.away and one.partition == LEADERLESS]
        acks = await self._producer.send(topic, [one for one in records if one not in left_out])
        if left_out:
            raise BusUnavailable("the partition has no leader")
        return acks


def asked(account_id: str) -> AskedErasure:
    return AskedErasure(
        erasure_id=f"request of {account_id}",
        pseudonym=ERASURE_KEY.pseudonym(account_id),
        fingerprint=ERASURE_KEY.fingerprint,
        filed_by="key-1",
        partition=partition_of(account_id.encode(), PARTITIONS),
        account_id=account_id,
    )


class ReadStore(MemoryErasureStore):
    """Counts how often it was read who is erased."""

    reads = 0

    async def in_force(self, *, most: int) -> Sequence[StoredErasure]:
        self.reads += 1
        return await super().in_force(most=most)


class Site:
    def __init__(self, broker: MemoryBroker) -> None:
        self.broker = broker
        self.store = ReadStore(now=lambda: datetime.now(UTC))
        self.producer = LeaderlessProducer(broker.producer())
        self.erased = ErasedSubjects(ERASURE_KEY)
        announcer = ErasureAnnouncer(
            self.producer,  # type: ignore[arg-type]
            topic=TOPICS.events,
            partitions=PARTITIONS,
            mode=TimeMode.WALL,
        )
        self.service = ErasureService(
            self.store, announcer, self.erased, key=ERASURE_KEY, partitions=PARTITIONS, every=0.005
        )

    def told(self) -> Iterator[EventsRecord]:
        for partition in range(PARTITIONS):
            yield from self._records(partition)

    def copies(self) -> Counter[tuple[type, int]]:
        """How often each record is in each partition."""
        return Counter((type(one), partition) for partition in range(PARTITIONS) for one in self._records(partition))

    def _records(self, partition: int) -> list[EventsRecord]:
        return [decode_events_record(one.value or b"") for one in self.broker.records(TOPICS.events, partition)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(self.service.run(stop))
        yield
        stop.set()
        await task


async def rounds(site: Site, count: int) -> None:
    """Until the process has read so many times who is erased."""
    read = site.store.reads
    async with asyncio.timeout(60):
        while site.store.reads < read + count:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


@pytest.fixture
async def site() -> Site:
    broker = MemoryBroker()
    await ensure(broker.admin(), TOPICS, mode=TimeMode.WALL, partitions=PARTITIONS, replication=1, retention_days=35)
    return Site(broker)


async def test_what_a_partition_has_acknowledged_is_not_sent_again_while_another_is_away(site: Site) -> None:
    """Each copy costs every service a search of its tables."""
    with pytest.raises(Problem) as refused:
        await site.service.erase_account(ACCOUNT, by="key-1")
    assert refused.value.code == "not_acknowledged"
    once = Counter[tuple[type, int]]([(Erased, partition_of(ACCOUNT.encode(), PARTITIONS))])
    once.update((MentionsErased, partition) for partition in range(PARTITIONS) if partition != LEADERLESS)
    async with site.running():
        await rounds(site, 20)
        assert site.copies() == once
        site.producer.away = False
        await rounds(site, 20)
    (erasure,) = await site.store.in_force(most=9)
    assert (erasure.state, erasure.account_id) == (ErasureState.ANNOUNCED, None)
    # The second deletion tells of mentions once more.
    once[MentionsErased, LEADERLESS] = 1
    once.update((MentionsErased, partition) for partition in range(PARTITIONS))
    assert site.copies() == once


async def test_while_a_second_deletion_waits_for_kafka_the_process_reads_who_is_erased(site: Site) -> None:
    site.producer.away = False
    await site.service.erase_account(ACCOUNT, by="key-1")
    site.producer.away = True
    async with site.running():
        await rounds(site, 20)
        # As another process does.
        filed = await site.store.file(asked("beta"))
        await site.store.announced(filed)
        await rounds(site, 2)
        assert site.erased.account("beta")
        await site.store.ask_to_lift(filed.erasure_id, by="key-1")
        await site.store.lifted(filed.erasure_id)
        await rounds(site, 2)
        assert not site.erased.account("beta")


async def test_what_was_lifted_while_others_were_settled_is_not_announced_as_erased(site: Site) -> None:
    """A late record would rename those who name the account that is back."""
    first, second = await site.store.file(asked("beta")), await site.store.file(asked("gamma"))

    async def lift_second() -> None:
        await site.store.announced(second)
        await site.store.ask_to_lift(second.erasure_id, by="key-1")
        await site.store.lifted(second.erasure_id)

    site.producer.away = False
    site.producer.before = lift_second
    async with site.running():
        await rounds(site, 3)
    told = {one.erasure_id for one in site.told() if isinstance(one, Erased | MentionsErased)}
    assert told == {first.erasure_id}
