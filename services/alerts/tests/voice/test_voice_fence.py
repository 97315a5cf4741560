"""Two readers of one partition: the row of its progress lets one of them decide."""

import pytest

from alerts.entries import ReadSignal
from alerts.errors import Fenced
from alerts.inbox import PostgresDecisionStore
from alerts.position import TopicPosition
from support.deciding import band
from support.voice import Voice

HERE = 0


def at_offset(offset: int) -> TopicPosition:
    return TopicPosition("memory", offset, b"hash", 1.0)


async def move(decision_store: PostgresDecisionStore, stored: TopicPosition | None, to: TopicPosition) -> None:
    async with decision_store.desk(HERE, stored=stored, to=to) as desk:
        await desk.record([ReadSignal(band("red"), 1.0, None)])


async def fail(decision_store: PostgresDecisionStore) -> None:
    async with decision_store.desk(HERE, stored=None, to=at_offset(3)) as desk:
        await desk.record([ReadSignal(band("red"), 1.0, None)])
        raise RuntimeError("in the middle")


async def recorded(heard: Voice) -> int:
    return len(await heard.rows("SELECT 1 FROM alerts.alert"))


async def test_a_partition_is_begun_by_one_reader(heard: Voice) -> None:
    decision_store = PostgresDecisionStore(heard.engine, patience=5.0)
    await move(decision_store, None, at_offset(3))
    with pytest.raises(Fenced):
        await move(decision_store, None, at_offset(2))
    assert await decision_store.opened(HERE) == at_offset(3)


async def test_a_reader_that_was_overtaken_writes_nothing(heard: Voice) -> None:
    decision_store = PostgresDecisionStore(heard.engine, patience=5.0)
    async with decision_store.desk(HERE, stored=None, to=at_offset(3)):
        pass
    async with decision_store.desk(HERE, stored=at_offset(3), to=at_offset(5)):
        pass
    with pytest.raises(Fenced):
        await move(decision_store, at_offset(3), at_offset(4))
    assert await recorded(heard) == 0
    assert await decision_store.opened(HERE) == at_offset(5)


async def test_what_fails_is_undone_with_the_position(heard: Voice) -> None:
    decision_store = PostgresDecisionStore(heard.engine, patience=5.0)
    with pytest.raises(RuntimeError, match="in the middle"):
        await fail(decision_store)
    assert await recorded(heard) == 0
    assert await decision_store.opened(HERE) is None
