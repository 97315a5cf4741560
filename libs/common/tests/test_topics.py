import pytest

from common.bus.memory import MemoryBroker
from common.bus.ports import Outgoing
from common.topics import TimeMode, TopicMismatch, Topics, ensure, topic_config


async def test_a_deployment_has_three_topics_below_its_prefix() -> None:
    broker = MemoryBroker()
    topics = Topics("demo.")
    for _ in range(2):
        await ensure(broker.admin(), topics, mode=TimeMode.WALL, partitions=4, replication=1, retention_days=35)
    assert sorted(broker.topics) == [
        "demo.account.events.v1",
        "demo.account.events.v1.dead",
        "demo.account.signals.v1",
    ]
    assert [await broker.admin().partitions(name) for name in broker.topics] == [4, 4, 4]


async def test_a_topic_with_another_number_of_partitions_is_an_error() -> None:
    admin = MemoryBroker().admin()
    await admin.create("account.signals.v1", partitions=3, replication=1, config={})
    with pytest.raises(TopicMismatch, match=r"account\.signals\.v1 has 3 partitions, PARTITIONS says 4"):
        await ensure(admin, Topics(), mode=TimeMode.WALL, partitions=4, replication=1, retention_days=35)


async def test_topics_of_the_other_mode_are_an_error() -> None:
    admin = MemoryBroker().admin()
    for mode in (TimeMode.STREAM, TimeMode.WALL):
        prefix = Topics(f"{mode}.")
        await ensure(admin, prefix, mode=mode, partitions=1, replication=1, retention_days=35)
    with pytest.raises(TopicMismatch, match="stamped by CreateTime, TIME_MODE wall"):
        await ensure(admin, Topics("stream."), mode=TimeMode.WALL, partitions=1, replication=1, retention_days=35)
    with pytest.raises(TopicMismatch, match="stamped by LogAppendTime, TIME_MODE stream"):
        await ensure(admin, Topics("wall."), mode=TimeMode.STREAM, partitions=1, replication=1, retention_days=35)


# Who stamps, and for how long records are kept.
@pytest.mark.parametrize(
    ("mode", "stamped", "retention"), [(TimeMode.WALL, 9_000, str(35 * 86_400_000)), (TimeMode.STREAM, 1_000, "-1")]
)
async def test_the_mode_sets_who_stamps_records(mode: TimeMode, stamped: int, retention: str) -> None:
    broker = MemoryBroker(clock=lambda: 9.0)
    topics = Topics()
    await ensure(broker.admin(), topics, mode=mode, partitions=1, replication=1, retention_days=35)
    await broker.producer().send(topics.events, [Outgoing(0, None, b"x", timestamp=1_000)])
    assert broker.records(topics.events, 0)[0].timestamp == stamped
    assert topic_config(mode, retention_days=35)["retention.ms"] == retention
