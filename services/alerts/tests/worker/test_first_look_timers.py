"""When a person is told what was gathered: the clock, the partitions that are behind, and whoever dies meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from alerts.worker import partition as partition_module
from common.bus.partitioner import partition_of
from common.contracts.signals import Facts
from common.topics import TimeMode
from support.alerts_decisions import at
from support.alerts_first_looks import (
    ROUTES,
    account_in,
    first_look,
    later,
    nothing_gathered,
    quiet,
)
from support.alerts_replicas import LATE, ReplicasHarness, Running, replicas_harness, titles

MINUTE = 60.0


@pytest.fixture
async def people(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=ROUTES) as built:
        yield built


@pytest.fixture
async def short(database: str) -> AsyncIterator[ReplicasHarness]:
    """A longer jump of the clock would look like a process that was suspended: that one looks at its timers anew."""
    async with replicas_harness(database, routes=f"{ROUTES}first_look: {{gather: 40s}}\n") as built:
        yield built


@pytest.fixture
async def stream(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=ROUTES, mode=TimeMode.STREAM) as built:
        yield built


async def test_without_a_notice_the_owners_own_look_finds_what_is_due(
    short: ReplicasHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_module, "LOOK", 0.5)
    short.notified = False
    await short.start()
    await short.start()
    await short.tell(first_look(account_in(0)), first_look(account_in(1)))
    await short.settled()
    short.clock.now += 41.0
    await short.post.until(arrived=1)
    assert titles(short.post.arrived) == ["🔴 First look at 2 accounts: 2 red"]


async def test_with_notices_nobody_waits_for_a_look(short: ReplicasHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two replicas, each with one partition: the person's owner hears of the other's account, and of its tick."""
    await short.start()
    await short.start()
    await quiet(short)  # both hear each other, and have looked once
    monkeypatch.setattr(partition_module, "LOOK", 3600.0)
    away = 1 - partition_of(b"slack:#desk", 2)
    await short.tell(first_look(account_in(away)))
    await short.settled()
    short.clock.now += 41.0
    await short.post.until(arrived=1)
    assert titles(short.post.arrived) == [f"🔴 First look at {account_in(away).title()}: red 30"]


async def test_the_owner_hears_of_the_last_partition_that_passes_the_moment(
    stream: ReplicasHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two replicas, each with one partition: the person's owner has passed the moment, and waits for the other."""
    await stream.start()
    await stream.start()
    await quiet(stream)  # both hear each other, and have looked once
    monkeypatch.setattr(partition_module, "LOOK", 3600.0)
    home = partition_of(b"slack:#desk", 2)
    away = 1 - home
    await stream.tell(first_look(account_in(away)), stamped=True)
    await stream.settled()
    await stream.tick(home, stamp=at(31 / 60).timestamp())
    await stream.settled()
    async with asyncio.timeout(60):
        # A tick that comes before its reader has heard of the gathering wakes nobody: the next one does.
        while not stream.post.arrived:
            await stream.tick(away, stamp=at(31 / 60).timestamp())
            await asyncio.sleep(0.1)
    assert titles(stream.post.arrived) == [f"🔴 First look at {account_in(away).title()}: red 30"]


async def test_what_came_due_while_alerts_was_down_is_one_message_when_it_is_back(people: ReplicasHarness) -> None:
    """The backlog is read to its end first: no partition's accounts are told before the others'."""
    first = await people.start(max_records=10)
    await people.tell(first_look(account_in(0)))
    await people.settled()
    await first.stop()
    people.running.remove(first)
    for n in range(1, 40):
        later(people, n)
        await people.tell(first_look(account_in(n % 2, n), minutes=n))
    later(people, 300)
    await people.start(max_records=1)
    await people.post.until(arrived=1)
    await nothing_gathered(people)
    assert titles(people.post.arrived) == ["🔴 First look at 40 accounts: 40 red"]


async def test_a_person_waits_for_the_partition_that_is_behind(people: ReplicasHarness) -> None:
    """Its owner is away; what it has not read may be of the same person."""
    first = await people.start()
    await people.tell(first_look(account_in(0)), first_look(account_in(1)))
    await people.settled()
    await first.stop()
    people.running.remove(first)
    home = partition_of(b"slack:#desk", 2)
    away = 1 - home
    later(people, 20)
    await people.tell(first_look(account_in(away, 1), minutes=20))
    later(people, 31)
    # The home partition passes the moment; the other has not been read since.
    async with people.engine.begin() as connection:
        await connection.exec_driver_sql(
            f"UPDATE alerts.progress SET newest = {at(31 / 60).timestamp()} WHERE partition = {home}"
        )
    await people.start()
    await people.settled()
    await quiet(people)
    assert people.post.arrived == [], "the look of twenty past moved the moment"
    later(people, 51)
    await people.post.until(arrived=1)
    assert titles(people.post.arrived) == ["🔴 First look at 3 accounts: 3 red"]


async def test_the_backlog_of_another_partition_is_read_before_a_person_is_told(people: ReplicasHarness) -> None:
    """The home partition has passed the moment long ago; the other is read slowly, but it is read."""
    first = await people.start()
    home = partition_of(b"slack:#desk", 2)
    await people.tell(first_look(account_in(home)), first_look(account_in(1 - home)))
    await people.settled()
    await first.stop()
    people.running.remove(first)
    for n in range(1, 30):
        later(people, n)
        await people.tell(first_look(account_in(1 - home, n), minutes=n))
    later(people, 300)
    await people.facts(account_in(home, 50), Facts(name="Somebody else"))
    async with people.engine.begin() as connection:
        await connection.exec_driver_sql(f"SELECT 1 FROM alerts.progress WHERE partition = {1 - home} FOR UPDATE")
        await people.start(max_records=1)
        await asyncio.sleep(2.0)
        assert people.post.arrived == []
    await people.post.until(arrived=1)
    await nothing_gathered(people)
    assert titles(people.post.arrived) == ["🔴 First look at 31 accounts: 31 red"]


async def test_a_partition_that_reads_nothing_is_waited_for_another_quiet_interval(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_module, "LOOK", 0.2)
    routes = f"{ROUTES}first_look: {{gather: 3s}}\n"
    async with replicas_harness(database, routes=routes) as short:
        await short.start()
        home = partition_of(b"slack:#desk", 2)
        await short.tell(first_look(account_in(home)))
        await short.settled()
        async with short.engine.begin() as connection:
            await connection.exec_driver_sql(f"SELECT 1 FROM alerts.progress WHERE partition = {1 - home} FOR UPDATE")
            await connection.exec_driver_sql(
                f"INSERT INTO alerts.progress VALUES ({1 - home}, 'memory', 0, NULL, 0) ON CONFLICT DO NOTHING"
            )
            short.clock.now += 4.0
            await asyncio.sleep(2.0)
            assert short.post.arrived == []
            await short.post.until(arrived=1)


async def test_late_looks_wait_for_word_and_the_person_waits_for_them(people: ReplicasHarness) -> None:
    await people.start()
    await people.tell(first_look(account_in(0)))
    await people.settled()
    later(people, 20)
    assert 20 * MINUTE > LATE
    await people.tell(first_look(account_in(1), minutes=0))
    await people.settled()
    later(people, 40)
    await quiet(people)
    assert (await people.reasons(account_in(1)))[0][1] == "late, waits for word that scoring has caught up"
    assert people.post.arrived == []
    later(people, 45)
    await people.caught_up(partition_of(account_in(1).encode(), 2))
    await people.settled()
    later(people, 76)
    await people.post.until(arrived=1)
    assert titles(people.post.arrived) == ["🔴 First look at 2 accounts: 2 red"]


async def test_in_stream_mode_the_ticks_that_scoring_forwards_tell_what_was_gathered(stream: ReplicasHarness) -> None:
    await stream.start()
    await stream.tell(first_look(account_in(0)), first_look(account_in(1)), stamped=True)
    await stream.settled()
    for partition in (0, 1):
        await stream.tick(partition, stamp=at(29 / 60).timestamp())
    await stream.settled()
    home = partition_of(b"slack:#desk", 2)
    await stream.tick(home, stamp=at(31 / 60).timestamp())
    await quiet(stream)
    assert stream.post.arrived == [], "the other partition may have more of the same person"
    await stream.tick(1 - home, stamp=at(31 / 60).timestamp())
    await stream.post.until(arrived=1)
    assert titles(stream.post.arrived) == ["🔴 First look at 2 accounts: 2 red"]


async def test_new_customers_who_keep_coming_delay_nobody_for_ever(people: ReplicasHarness) -> None:
    await people.start()
    await people.tell(first_look(account_in(0)))
    await people.settled()
    for n in range(1, 40):
        later(people, n * 20)
        await people.tell(first_look(account_in(n % 2, n), "green", minutes=n * 20))
        await people.settled()
    await people.post.until(arrived=1)
    assert titles(people.post.arrived)[0].endswith(" accounts: 1 red")


@pytest.mark.parametrize("seed", range(4))
async def test_each_account_is_told_once_whoever_dies_between_tick_and_message(
    people: ReplicasHarness, seed: int
) -> None:
    draw = random.Random(seed)
    people.lease = 2.0
    running: list[Running] = [await people.start(), await people.start()]
    owners = ("dana@example.com", "eli@example.com", None)
    looks = [first_look(f"acc-{n:03d}", minutes=draw.random() * 40, owner=draw.choice(owners)) for n in range(40)]
    for look in sorted(looks, key=lambda one: one.at):
        people.clock.now = look.at.timestamp()
        await people.tell(look)
        if draw.random() < 0.15:
            victim = running.pop(draw.randrange(len(running)))
            people.running.remove(victim)
            await victim.kill()
            await people.broker.expire_session(victim.consumer)
            running.append(await people.start(max_records=draw.choice((1, 500))))
    for minutes in range(50, 90, 5):
        later(people, minutes)
        await asyncio.sleep(draw.random() * 0.4)
        if draw.random() < 0.4:
            victim = running.pop(draw.randrange(len(running)))
            people.running.remove(victim)
            await victim.kill()
            await people.broker.expire_session(victim.consumer)
            running.append(await people.start())
    await nothing_gathered(people)
    async with asyncio.timeout(60):
        unsent = "SELECT 1 FROM alerts.notification WHERE status <> 'sent'"
        while await people.rows(unsent):  # noqa: ASYNC110 - a row that changes tells nobody
            await asyncio.sleep(0.05)
    told = "SELECT signal_id, count(*) FROM alerts.decision WHERE reason = 'told in a first look' GROUP BY signal_id"
    assert dict(await people.rows(told)) == dict.fromkeys([one.signal_id for one in looks], 1)
    sent = "SELECT address_key, count(*) FROM alerts.notification GROUP BY address_key"
    assert set(dict(await people.rows(sent)).values()) == {1}
