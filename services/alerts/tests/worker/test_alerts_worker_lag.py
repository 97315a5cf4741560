"""How far behind a replica says that it is: true, or too old, but never younger than it is."""

import asyncio

from common.bus.partitioner import partition_of
from support.alerts_decisions import band
from support.alerts_replicas import PARTITIONS, ReplicasHarness

HERE = partition_of(b"cust-001", PARTITIONS)


def lag(replicas: ReplicasHarness) -> float | None:
    """None while no replica owns the partition."""
    return replicas.registry.get_sample_value("churn_alerts_lag_seconds", {"partition": str(HERE)})


async def becomes(replicas: ReplicasHarness, expected: float) -> None:
    async with asyncio.timeout(60):
        while lag(replicas) != expected:  # noqa: ASYNC110 - a gauge tells nobody
            await asyncio.sleep(0.01)


async def test_while_the_log_is_away_nobody_can_say_that_nothing_is_unread(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.tell(band("red"))
    await replicas.settled()
    await becomes(replicas, 0.0)
    replicas.broker.go_offline()
    replicas.clock.now += 95.0
    assert lag(replicas) == 95.0
    replicas.broker.go_online()
    await becomes(replicas, 0.0)


async def test_after_a_restart_the_backlog_is_as_old_as_it_is(replicas: ReplicasHarness) -> None:
    first = await replicas.start()
    await replicas.tell(band("red"))
    await replicas.settled()
    await becomes(replicas, 0.0)
    await first.stop()
    replicas.running.remove(first)
    replicas.clock.now += 30.0
    await replicas.tell(band("green", hours=1))
    replicas.clock.now += 45.0
    async with replicas.theirs.begin() as holding:
        # The partition can be opened and nothing of it decided.
        await holding.exec_driver_sql("LOCK TABLE alerts.progress IN SHARE MODE")
        await replicas.start()
        await becomes(replicas, 45.0)
        replicas.clock.now += 10.0
        assert lag(replicas) == 55.0, "it grows while the loop waits"
    await becomes(replicas, 0.0)
