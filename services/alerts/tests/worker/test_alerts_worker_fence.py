"""Two readers of one partition: the row of its progress lets one of them decide."""

import pytest

from alerts.postgres.decision_store import PostgresDecisionStore
from alerts.topic.batch import ReadSignal
from alerts.topic.position import TopicPosition
from common.errors import Fenced
from support.alerts_decisions import band
from support.alerts_replicas import PARTITIONS, ReplicasHarness

HERE = 0


def at_offset(offset: int) -> TopicPosition:
    return TopicPosition("memory", offset, b"hash", 1.0)


async def move(decision_store: PostgresDecisionStore, stored: TopicPosition | None, to: TopicPosition) -> None:
    async with decision_store.transaction(HERE, stored=stored, to=to) as transaction:
        await transaction.record([ReadSignal(band("red"), 1.0, None)])


async def fail(decision_store: PostgresDecisionStore) -> None:
    async with decision_store.transaction(HERE, stored=None, to=at_offset(3)) as transaction:
        await transaction.record([ReadSignal(band("red"), 1.0, None)])
        raise RuntimeError("in the middle")


async def recorded(replicas: ReplicasHarness) -> int:
    return len(await replicas.rows("SELECT 1 FROM alerts.alert"))


async def test_a_partition_is_begun_by_one_reader(replicas: ReplicasHarness) -> None:
    decision_store = PostgresDecisionStore(replicas.engine, patience=5.0, partitions=PARTITIONS)
    await move(decision_store, None, at_offset(3))
    with pytest.raises(Fenced):
        await move(decision_store, None, at_offset(2))
    assert await decision_store.position(HERE) == at_offset(3)


async def test_a_reader_that_was_overtaken_writes_nothing(replicas: ReplicasHarness) -> None:
    decision_store = PostgresDecisionStore(replicas.engine, patience=5.0, partitions=PARTITIONS)
    async with decision_store.transaction(HERE, stored=None, to=at_offset(3)):
        pass
    async with decision_store.transaction(HERE, stored=at_offset(3), to=at_offset(5)):
        pass
    with pytest.raises(Fenced):
        await move(decision_store, at_offset(3), at_offset(4))
    assert await recorded(replicas) == 0
    assert await decision_store.position(HERE) == at_offset(5)


async def test_what_fails_is_undone_with_the_position(replicas: ReplicasHarness) -> None:
    decision_store = PostgresDecisionStore(replicas.engine, patience=5.0, partitions=PARTITIONS)
    with pytest.raises(RuntimeError, match="in the middle"):
        await fail(decision_store)
    assert await recorded(replicas) == 0
    assert await decision_store.position(HERE) is None
