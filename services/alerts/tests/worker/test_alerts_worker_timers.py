"""Timers are in record time, and only a tick that was read back fires them: once, whoever dies."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from alerts.samples import Sample
from alerts.worker import decision_service
from common.bus.partitioner import partition_of
from common.contracts.signals import Kind, Signal
from common.topics import TimeMode
from support.alerts_decisions import at, band
from support.alerts_replicas import PARTITIONS, ReplicasHarness, Running, replicas_harness, titles

HERE = partition_of(b"cust-001", PARTITIONS)
DAY = 86_400.0
WEEK = 7 * DAY
# A recovery is told once it has lasted a day.
ROUTES = """
route: {receiver: desk}
receivers:
  - {name: desk, slack: {channel: "#desk"}}
"""
RED, GREEN = "🔴 Birch Foods is red: 78 → 30", "🟢 Birch Foods is green again: 78 → 80"


@pytest.fixture
async def slow(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=ROUTES) as built:
        yield built


@pytest.fixture
async def stream(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=ROUTES, mode=TimeMode.STREAM) as built:
        yield built


def later(replicas: ReplicasHarness, signal: Signal, *, hours: float = 0.0) -> None:
    replicas.clock.now = signal.at.timestamp() + hours * 3600


async def red_and_green(replicas: ReplicasHarness) -> Signal:
    """Red is told, and the recovery held; the recovery."""
    red, green = band("red"), band("green", hours=1, opens=band("red"))
    for signal in (red, green):
        later(replicas, signal)
        await replicas.tell(signal)
        await replicas.settled()
    return green


async def timers(replicas: ReplicasHarness) -> list[tuple[object, ...]]:
    return await replicas.rows("SELECT kind, subject, due FROM alerts.timer ORDER BY due, subject")


async def held(replicas: ReplicasHarness) -> int:
    return len(await replicas.rows("SELECT 1 FROM alerts.notification WHERE status = 'held'"))


async def test_a_held_recovery_is_sent_when_a_tick_says_that_it_has_lasted(slow: ReplicasHarness) -> None:
    await slow.start()
    green = await red_and_green(slow)
    assert titles(slow.post.arrived) == [RED]
    assert await timers(slow) == [("account", "cust-001", green.at.timestamp() + DAY)]
    assert slow.ticks(HERE) == []
    later(slow, green, hours=24)
    await slow.post.until(arrived=2)
    await slow.settled()
    assert titles(slow.post.arrived) == [RED, GREEN]
    assert slow.ticks(HERE) == [green.at.timestamp() + DAY]
    assert slow.count("timers_fired_total") == 1
    assert await timers(slow) == []
    # As if it had been decided when its time came: a day of waiting is no delay.
    due = green.at.timestamp() + DAY
    assert await slow.rows("SELECT decided, reason FROM alerts.notification ORDER BY seq DESC LIMIT 1") == [
        (due, "recovered")
    ]
    longest = slow.registry.get_sample_value("churn_alerts_event_to_sent_seconds_sum") or 0.0
    assert longest < 3600
    assert (await slow.reasons())[1:] == [
        ("green", "recovered, waits until it has held for resolve_after"),
        ("green", "recovered"),
    ]


async def test_where_nothing_is_due_no_tick_is_written(slow: ReplicasHarness) -> None:
    await slow.start()
    green = await red_and_green(slow)
    later(slow, green, hours=23)
    await asyncio.sleep(1.5)
    assert slow.ticks(0) + slow.ticks(1) == []
    assert await held(slow) == 1


async def test_a_replica_whose_clock_runs_ahead_fires_nothing_early(slow: ReplicasHarness) -> None:
    """It asks the log for the time, and believes the answer."""
    first = await slow.start()
    green = await red_and_green(slow)
    await first.stop()
    slow.running.remove(first)
    await slow.start(wall=lambda: slow.clock.now + 30 * DAY)
    async with asyncio.timeout(60):
        while not slow.ticks(HERE):  # noqa: ASYNC110 - a record tells nobody
            await asyncio.sleep(0.01)
    await asyncio.sleep(1.5)
    assert slow.ticks(HERE) == [green.at.timestamp()], "the log's time, and it was told that once"
    assert (await held(slow), slow.count("timers_fired_total")) == (1, 0)


async def test_what_came_due_while_alerts_was_down_is_sent_when_it_is_back(slow: ReplicasHarness) -> None:
    first = await slow.start()
    green = await red_and_green(slow)
    await first.stop()
    slow.running.remove(first)
    later(slow, green, hours=50)
    await slow.start()
    await slow.post.until(arrived=2)
    assert titles(slow.post.arrived) == [RED, GREEN]


async def test_a_relapse_while_alerts_was_down_takes_the_recovery_back(slow: ReplicasHarness) -> None:
    """No tick lies before it: nobody knows better than the log."""
    first = await slow.start()
    green = await red_and_green(slow)
    await first.stop()
    slow.running.remove(first)
    later(slow, green, hours=50)
    await slow.tell(band("red", hours=51))
    await slow.start()
    await slow.settled()
    assert titles(slow.post.arrived) == [RED]
    assert (await slow.reasons())[2:] == [("green", "overtaken before told"), ("red", "within resolve_after")]
    assert (await timers(slow), await held(slow)) == ([], 0)


async def test_a_tick_that_is_read_again_fires_nothing_again(slow: ReplicasHarness) -> None:
    first = await slow.start()
    green = await red_and_green(slow)
    later(slow, green, hours=24)
    await slow.post.until(arrived=2)
    await slow.settled()
    await first.stop()
    slow.running.remove(first)
    async with slow.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alerts.progress SET to_offset = 0, last_hash = NULL")
    await slow.start()
    await slow.settled()
    assert len(slow.post.arrived) == 2
    assert slow.count("timers_fired_total") == 1


async def test_in_stream_mode_the_ticks_that_scoring_forwards_fire_timers_and_alerts_writes_none(
    stream: ReplicasHarness,
) -> None:
    await stream.start()
    red = band("red")
    await stream.tell(red, stamped=True)
    await stream.settled()
    await stream.tell(band("green", hours=1, opens=red), stamped=True)
    await stream.tick(HERE, stamp=at(24).timestamp())
    await stream.settled()
    assert titles(stream.post.arrived) == [RED]
    await stream.tick(HERE, stamp=at(36).timestamp())
    await stream.settled()
    assert titles(stream.post.arrived) == [RED, GREEN]
    assert stream.ticks(HERE) == [at(24).timestamp(), at(36).timestamp()]


async def test_what_one_poll_brings_takes_effect_in_the_order_of_the_log(stream: ReplicasHarness) -> None:
    """A recovery and the tick by which it has lasted; of another account, the relapse before that tick."""
    other = next(name for n in range(9) if partition_of((name := f"cust-10{n}").encode(), PARTITIONS) == HERE)
    first = await stream.start()
    reds = [Sample(account=name, to="red", at=at(0), after=30.0).build() for name in ("cust-001", other)]
    await stream.tell(*reds, stamped=True)
    await stream.settled()
    await first.stop()
    stream.running.remove(first)
    for red in reds:
        green = Sample(account=red.account_id, to="green", at=at(1), after=80.0, episode=red.episode).build()
        await stream.tell(green, stamped=True)
    await stream.tell(Sample(account=other, to="red", at=at(2)).build(), stamped=True)
    await stream.tick(HERE, stamp=at(36).timestamp())
    await stream.start()
    await stream.settled()
    assert titles(stream.post.arrived) == [RED, RED, GREEN]
    assert (await stream.reasons(other))[-1] == ("red", "within resolve_after")


async def test_more_timers_than_one_transaction_takes_fire_once_each_through_a_hand_over(
    slow: ReplicasHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tick is read again by whoever comes next, and the timers that fired are gone."""
    monkeypatch.setattr(decision_service, "ACCOUNTS_AT_ONCE", 20)
    first = await slow.start()
    accounts = [name for n in range(400) if partition_of((name := f"acc-{n:04d}").encode(), PARTITIONS) == HERE]
    reds = [Sample(account=name, to="red", at=at(0)).build() for name in accounts]
    await slow.tell(*reds)
    await slow.settled()
    later(slow, reds[0], hours=1)
    await slow.tell(
        *(Sample(account=red.account_id, to="green", at=at(1), episode=red.episode).build() for red in reds)
    )
    await slow.settled()
    assert len(await timers(slow)) == len(accounts) > 100
    later(slow, reds[0], hours=26)
    async with asyncio.timeout(60):
        while slow.count("timers_fired_total") == 0:  # noqa: ASYNC110 - a counter tells nobody
            await asyncio.sleep(0.001)
    slow.running.remove(first)
    await first.kill()
    await slow.broker.expire_session(first.consumer)
    assert 0 < len(await timers(slow)) < len(accounts)
    await slow.start()
    async with asyncio.timeout(60):
        while await timers(slow):  # noqa: ASYNC110 - a row that goes tells nobody
            await asyncio.sleep(0.05)
    recovered = "SELECT signal_id, count(*) FROM alerts.decision WHERE reason = 'recovered' GROUP BY signal_id"
    counts = [count for _, count in await slow.rows(recovered)]
    assert (len(counts), set(counts)) == (len(accounts), {1})


@pytest.mark.parametrize("seed", range(4))
async def test_every_timer_fires_once_whoever_dies_between_tick_and_message(slow: ReplicasHarness, seed: int) -> None:
    draw = random.Random(seed)
    slow.lease = 2.0  # so long a message waits whose sender has died
    running: list[Running] = [await slow.start(), await slow.start()]
    accounts = [f"acc-{n}" for n in range(12)]
    reds = {name: Sample(account=name, to="red", at=at(0)).build() for name in accounts}
    await slow.tell(*reds.values())
    await slow.settled()
    greens = {}
    for name, red in reds.items():
        hours = 1 + draw.random() * 3
        greens[name] = Sample(account=name, to="green", at=at(hours), episode=red.episode).build()
        later(slow, greens[name])
        await slow.tell(greens[name])
    for step in range(12):
        slow.clock.now = at(24.5 + step * 0.5).timestamp()
        await asyncio.sleep(draw.random() * 0.3)
        if draw.random() < 0.4:
            victim = running.pop(draw.randrange(len(running)))
            slow.running.remove(victim)
            await victim.kill()
            await slow.broker.expire_session(victim.consumer)
            running.append(await slow.start(max_records=draw.choice((1, 500))))
    async with asyncio.timeout(60):
        unsent = "SELECT 1 FROM alerts.notification WHERE status <> 'sent'"
        while await timers(slow) or await slow.rows(unsent):  # noqa: ASYNC110 - a row that changes tells nobody
            await asyncio.sleep(0.05)
    sent = await slow.rows(
        "SELECT s, count(*) FROM alerts.notification n, unnest(n.signals) s WHERE n.status = 'sent' GROUP BY s"
    )
    assert dict(sent) == dict.fromkeys([one.signal_id for one in (*reds.values(), *greens.values())], 1)


async def test_a_held_message_that_cannot_be_read_is_set_aside_and_counted(slow: ReplicasHarness) -> None:
    await slow.start()
    green = await red_and_green(slow)
    async with slow.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alerts.alert SET body = '{}' WHERE \"to\" = 'green'")
    later(slow, green, hours=24)
    failed = "SELECT 1 FROM alerts.notification WHERE status = 'failed'"
    async with asyncio.timeout(60):
        while not await slow.rows(failed):  # noqa: ASYNC110 - a row that changes tells nobody
            await asyncio.sleep(0.05)
    assert slow.count("rows_unreadable_total") >= 1
    assert await timers(slow) == []


async def test_a_flag_that_comes_while_a_recovery_is_held_moves_no_timer(slow: ReplicasHarness) -> None:
    await slow.start()
    green = await red_and_green(slow)
    before = await timers(slow)
    later(slow, green, hours=5)
    await slow.tell(Sample(kind=Kind.FLAG, to="champion_left", at=at(6)).build())
    await slow.settled()
    assert len(slow.post.arrived) == 2
    assert await timers(slow) == before
