"""What stands after an import reaches each person in one message, whichever partitions their accounts are in."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from alerts.samples import Sample
from alerts.worker import partition as partition_module
from common.bus.partitioner import partition_of
from common.contracts.signals import Facts, Kind, OpenCondition, Severity, Signal
from common.topics import TimeMode
from support.alerts_decisions import at
from support.alerts_replicas import LATE, ReplicasHarness, Running, replicas_harness, titles

MINUTE = 60.0
ROUTES = """
route:
  receiver: desk
  resolve_after: at once
  routes:
    - matchers: ['owner!=""']
      receiver: owner
receivers:
  - name: desk
    slack: {channel: "#desk"}
  - {name: owner, owner: true, else: desk}
people:
  dana@example.com: {name: Dana, slack: UDANA}
  eli@example.com: {name: Eli, slack: UELI}
final_outcomes: [churned]
"""
SEVERITY = {"red": Severity.CRITICAL, "yellow": Severity.WARNING, "green": Severity.INFO}


def first_look(
    account: str, band: str = "red", *, minutes: float = 0.0, owner: str | None = None, flags: tuple[str, ...] = ()
) -> Signal:
    moment = at(minutes / 60)
    standing = [OpenCondition(Kind.BAND, band, moment)] if band != "green" else []
    standing += [OpenCondition(Kind.FLAG, name, moment) for name in flags]
    signal = Sample(
        account=account,
        kind=Kind.FIRST_LOOK,
        to=band,
        at=moment,
        after={"red": 30.0, "yellow": 60.0, "green": 80.0}[band],
        severity=SEVERITY["yellow" if flags and band == "green" else band],
        facts=Facts(name=account.title(), owner=owner, arr=1000.0),
    ).build()
    return replace(signal, standing=tuple(standing))


def later(replicas: ReplicasHarness, minutes: float) -> None:
    replicas.clock.now = at(minutes / 60).timestamp()


def account_in(partition: int, n: int = 0, *, partitions: int = 2) -> str:
    found = [name for k in range(200) if partition_of((name := f"acc-{k:03d}").encode(), partitions) == partition]
    return found[n]


@pytest.fixture
async def people(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=ROUTES) as built:
        yield built


@pytest.fixture
async def stream(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=ROUTES, mode=TimeMode.STREAM) as built:
        yield built


@pytest.fixture
async def twelve(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=ROUTES, partitions=12) as built:
        yield built


async def quiet(replicas: ReplicasHarness) -> None:
    """Long enough for a tick and a message, if there were any."""
    await asyncio.sleep(1.5)
    await replicas.settled()


async def nothing_gathered(replicas: ReplicasHarness) -> None:
    async with asyncio.timeout(60):
        while await replicas.rows("SELECT 1 FROM alerts.gathering"):  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(0.02)
    await replicas.settled()


async def kinds_of_timers(replicas: ReplicasHarness) -> list[tuple[object, ...]]:
    return await replicas.rows("SELECT kind, subject, partition, due FROM alerts.timer ORDER BY subject")


async def test_accounts_of_two_partitions_are_one_message_half_an_hour_after_the_last(people: ReplicasHarness) -> None:
    await people.start()
    await people.tell(first_look(account_in(0)), first_look(account_in(1), "yellow"))
    await people.settled()
    later(people, 20)
    await people.tell(first_look(account_in(1, 1), "green", minutes=20))
    await people.settled()
    due = at(50 / 60).timestamp()
    home = partition_of(b"slack:#desk", 2)
    assert await kinds_of_timers(people) == [("first_look", "slack:#desk", home, due)]
    later(people, 49)
    await quiet(people)
    assert people.post.arrived == []
    later(people, 50)
    await people.post.until(arrived=1)
    await nothing_gathered(people)
    assert titles(people.post.arrived) == ["🔴 First look at 3 accounts: 1 red, 1 yellow"]
    assert await people.reasons(account_in(0)) == [
        ("red", "gathered into a first look"),
        ("red", "told in a first look"),
    ]
    assert await people.reasons(account_in(1, 1)) == [
        ("green", "gathered into a first look"),
        ("green", "nothing stands"),
    ]
    assert await kinds_of_timers(people) == []


async def test_each_person_is_told_of_their_own_accounts(people: ReplicasHarness) -> None:
    await people.start()
    await people.tell(
        *(first_look(account_in(n % 2, n), owner="dana@example.com") for n in range(4)),
        *(first_look(account_in(n % 2, n), "yellow", owner="eli@example.com") for n in range(4, 6)),
    )
    await people.settled()
    later(people, 31)
    await people.post.until(arrived=2)
    assert sorted(titles(people.post.arrived)) == [
        "🔴 First look at 4 accounts: 4 red",
        "🟡 First look at 2 accounts: 2 yellow",
    ]


async def test_an_import_of_healthy_accounts_is_told_to_nobody(people: ReplicasHarness) -> None:
    await people.start()
    await people.tell(first_look(account_in(0), "green"), first_look(account_in(1), "green"))
    await people.settled()
    later(people, 31)
    await nothing_gathered(people)
    assert people.post.arrived == []
    assert (await people.reasons(account_in(0)))[1:] == [("green", "nothing stands")]
    assert await people.rows("SELECT 1 FROM alerts.notification") == []


async def test_five_thousand_accounts_over_twelve_partitions_are_one_message(twelve: ReplicasHarness) -> None:
    await twelve.start()
    await twelve.start()
    bands = ("red", "yellow", "green")
    await twelve.tell(*(first_look(f"acc-{n:05d}", bands[n % 3]) for n in range(5000)))
    async with asyncio.timeout(120):
        while await twelve.rows("SELECT 1 FROM alerts.gathered HAVING count(*) < 5000"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await twelve.settled()
    assert twelve.post.arrived == []
    later(twelve, 31)
    await twelve.post.until(arrived=1)
    await nothing_gathered(twelve)
    await quiet(twelve)
    assert titles(twelve.post.arrived) == ["🔴 First look at 5,000 accounts: 1,667 red, 1,667 yellow"]
    counted = "SELECT reason, count(DISTINCT signal_id), count(*) FROM alerts.decision GROUP BY reason ORDER BY reason"
    assert await twelve.rows(counted) == [
        ("gathered into a first look", 5000, 5000),
        ("nothing stands", 1666, 1666),
        ("told in a first look", 3334, 3334),
    ]


async def test_without_a_notice_the_owners_own_look_finds_what_is_due(
    people: ReplicasHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_module, "LOOK", 0.5)
    people.notified = False
    await people.start()
    await people.start()
    await people.tell(first_look(account_in(0)), first_look(account_in(1)))
    await people.settled()
    later(people, 31)
    await people.post.until(arrived=1)
    assert titles(people.post.arrived) == ["🔴 First look at 2 accounts: 2 red"]


async def test_with_notices_nobody_waits_for_a_look(people: ReplicasHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two replicas, each with one partition: the person's owner hears of the other's account, and of its tick."""
    await people.start()
    await people.start()
    await people.settled()
    monkeypatch.setattr(partition_module, "LOOK", 3600.0)
    home = partition_of(b"slack:#desk", 2)
    await people.tell(first_look(account_in(1 - home)))
    await people.settled()
    later(people, 31)
    await people.post.until(arrived=1)
    assert titles(people.post.arrived) == [f"🔴 First look at {account_in(1 - home).title()}: red 30"]


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
    await stream.tick(0, stamp=at(31 / 60).timestamp())
    await quiet(stream)
    assert stream.post.arrived == []
    await stream.tick(1, stamp=at(31 / 60).timestamp())
    await stream.post.until(arrived=1)
    assert titles(stream.post.arrived) == ["🔴 First look at 2 accounts: 2 red"]


async def test_accounts_that_go_to_another_owner_meanwhile_are_told_to_the_new_one(people: ReplicasHarness) -> None:
    await people.start()
    mine, other = account_in(0), account_in(1)
    await people.tell(first_look(mine, owner="dana@example.com"), first_look(other, owner="dana@example.com"))
    await people.settled()
    await people.facts(mine, Facts(name="Moved", owner="eli@example.com", arr=9.0))
    await people.settled()
    later(people, 31)
    await people.post.until(arrived=2)
    assert sorted(titles(people.post.arrived)) == [
        f"🔴 First look at {other.title()}: red 30",
        "🔴 First look at Moved: red 30",
    ]
    assert [reason for _, reason in await people.reasons(mine)] == [
        "gathered into a first look",
        "the account has another owner now",
        "gathered into a first look",
        "told in a first look",
    ]


async def test_whoever_takes_over_many_accounts_gets_one_message(people: ReplicasHarness) -> None:
    """The former owner was told; what is open is news to the next one."""
    await people.start()
    accounts = [account_in(n % 2, n) for n in range(6)]
    await people.tell(*(first_look(name, owner="dana@example.com") for name in accounts))
    await people.settled()
    later(people, 31)
    await people.post.until(arrived=1)
    await people.settled()
    for name in accounts:
        await people.facts(name, Facts(name=name, owner="eli@example.com"))
    await people.settled()
    later(people, 62)
    await people.post.until(arrived=2)
    assert titles(people.post.arrived) == ["🔴 First look at 6 accounts: 6 red"] * 2


async def test_what_recovers_before_the_message_is_not_told(people: ReplicasHarness) -> None:
    await people.start()
    look = first_look(account_in(0))
    await people.tell(look, first_look(account_in(1)))
    await people.settled()
    later(people, 10)
    green = Sample(account=look.account_id, to="green", at=at(10 / 60), after=80.0, episode=look.episode).build()
    await people.tell(green)
    await people.settled()
    later(people, 31)
    await people.post.until(arrived=1)
    assert titles(people.post.arrived) == ["🔴 First look at 2 accounts: 1 red"]
    assert [reason for _, reason in await people.reasons(look.account_id)] == [
        "gathered into a first look",
        "recovered before told",
        "recovered before told",
    ]


async def test_news_after_the_message_goes_on_with_what_it_told(people: ReplicasHarness) -> None:
    """The recovery of what was told goes out, worse is told, the same is not."""
    await people.start()
    yellow = first_look(account_in(0), "yellow", flags=("payment_failed",))
    red = first_look(account_in(1))
    await people.tell(yellow, red)
    await people.settled()
    later(people, 31)
    await people.post.until(arrived=1)
    await people.settled()
    hour = timedelta(minutes=60)
    name = yellow.account_id
    await people.tell(Sample(account=name, kind=Kind.FLAG, to="payment_failed", at=at(0.6)).build())
    await people.tell(Sample(account=name, to="red", at=at(0) + hour, after=30.0, episode=yellow.episode).build())
    await people.settled()
    await people.tell(Sample(account=red.account_id, to="green", at=at(1), after=80.0, episode=red.episode).build())
    await people.settled()
    await people.post.until(arrived=3)
    reasons = [reason for _, reason in await people.reasons(name)]
    assert reasons[1:] == ["told in a first look", "told within the repeat interval", "worse than last told"]
    assert [reason for _, reason in await people.reasons(red.account_id)][1:] == ["told in a first look", "recovered"]


async def test_a_second_import_of_what_was_told_is_not_told_again(people: ReplicasHarness) -> None:
    await people.start()
    name = account_in(0)
    await people.tell(first_look(name, "yellow"))
    await people.settled()
    later(people, 31)
    await people.post.until(arrived=1)
    await people.settled()
    later(people, 600)
    await people.tell(first_look(name, "yellow", minutes=600))
    await people.settled()
    assert (await people.reasons(name))[-1] == ("yellow", "told within the repeat interval")
    await people.tell(first_look(name, "red", minutes=601))
    await people.settled()
    assert (await people.reasons(name))[-1] == ("red", "gathered into a first look")


async def test_a_second_look_of_an_account_replaces_the_first(people: ReplicasHarness) -> None:
    await people.start()
    name = account_in(0)
    await people.tell(first_look(name, "yellow"))
    await people.settled()
    await people.tell(first_look(name, "red", minutes=1))
    await people.settled()
    later(people, 31)
    await people.post.until(arrived=1)
    assert titles(people.post.arrived) == [f"🔴 First look at {name.title()}: red 30"]
    assert sorted(await people.reasons(name)) == [
        ("red", "gathered into a first look"),
        ("red", "told in a first look"),
        ("yellow", "gathered into a first look"),
        ("yellow", "overtaken before told"),
    ]


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
