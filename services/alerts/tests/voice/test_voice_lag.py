"""How far behind a replica says that it is: true, or too old, but never younger than it is."""

import asyncio

from common.topics import partition_of
from support.deciding import band
from support.voice import PARTITIONS, Voice

HERE = partition_of(b"cust-001", PARTITIONS)


def lag(heard: Voice) -> float | None:
    """None while no replica owns the partition."""
    return heard.registry.get_sample_value("churn_alerts_lag_seconds", {"partition": str(HERE)})


async def becomes(heard: Voice, expected: float) -> None:
    async with asyncio.timeout(20):
        while lag(heard) != expected:  # noqa: ASYNC110 - a gauge tells nobody
            await asyncio.sleep(0.01)


async def test_while_the_log_is_away_nobody_can_say_that_nothing_is_unread(heard: Voice) -> None:
    await heard.start()
    await heard.tell(band("red"))
    await heard.settled()
    await becomes(heard, 0.0)
    heard.broker.go_offline()
    heard.clock.now += 95.0
    assert lag(heard) == 95.0
    heard.broker.go_online()
    await becomes(heard, 0.0)


async def test_after_a_restart_the_backlog_is_as_old_as_it_is(heard: Voice) -> None:
    first = await heard.start()
    await heard.tell(band("red"))
    await heard.settled()
    await becomes(heard, 0.0)
    await first.stop()
    heard.running.remove(first)
    heard.clock.now += 30.0
    await heard.tell(band("green", hours=1))
    heard.clock.now += 45.0
    async with heard.theirs.begin() as holding:
        # The partition can be opened and nothing of it decided.
        await holding.exec_driver_sql("LOCK TABLE alerts.progress IN SHARE MODE")
        await heard.start()
        await becomes(heard, 45.0)
        heard.clock.now += 10.0
        assert lag(heard) == 55.0, "it grows while the loop waits"
    await becomes(heard, 0.0)
