"""What stands after an import reaches each person in one message, whichever partitions their accounts are in."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec.structs import replace as changed

from alerts.samples import Sample
from common.bus.partitioner import partition_of
from common.contracts.signals import Band, Facts, Kind, OpenCondition, Signal
from support.alerts_decisions import at
from support.alerts_first_looks import (
    ROUTES,
    account_in,
    first_look,
    kinds_of_timers,
    later,
    nothing_gathered,
    quiet,
)
from support.alerts_replicas import ReplicasHarness, replicas_harness, titles


@pytest.fixture
async def people(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=ROUTES) as built:
        yield built


@pytest.fixture
async def twelve(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=ROUTES, partitions=12) as built:
        yield built


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


async def test_of_the_accounts_that_are_well_those_up_for_renewal_are_told(people: ReplicasHarness) -> None:
    await people.start()
    renewing, growing = (
        changed(first_look(account_in(n), "green"), standing=(OpenCondition(kind, "open", at(0)),))
        for n, kind in enumerate((Kind.RENEWAL_WINDOW, Kind.EXPANSION_READY))
    )
    await people.tell(renewing, growing, first_look(account_in(1, 1), "yellow"))
    await people.settled()
    later(people, 31)
    await people.post.until(arrived=1)
    assert titles(people.post.arrived) == ["🟡 First look at 3 accounts: 1 yellow, 1 up for renewal"]
    assert (await people.reasons(account_in(1)))[-1] == ("green", "nothing stands")


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


def unpaid(account: str, *, minutes: float, was: Band = Band.YELLOW) -> Signal:
    """A flag that brings red."""
    flag = Sample(account=account, kind=Kind.FLAG, to="payment_failed", at=at(minutes / 60), after=30.0, was=was)
    return replace(flag, band=Band.RED).build()


async def test_a_band_that_a_flag_brings_before_the_message_is_told_with_the_flag(people: ReplicasHarness) -> None:
    await people.start()
    look = first_look(account_in(0), "yellow")
    await people.tell(look, first_look(account_in(1)))
    await people.settled()
    later(people, 10)
    await people.tell(unpaid(look.account_id, minutes=10))
    await people.settled()
    await people.post.until(arrived=1)
    later(people, 31)
    await people.post.until(arrived=2)
    assert sorted(await people.reasons(look.account_id)) == [
        ("payment_failed", "new"),
        ("yellow", "gathered into a first look"),
        ("yellow", "overtaken before told"),
    ]


async def test_a_look_repeats_nothing_that_a_flag_with_its_band_has_told(people: ReplicasHarness) -> None:
    await people.start()
    name = account_in(0)
    await people.tell(unpaid(name, minutes=0, was=Band.GREEN))
    await people.settled()
    await people.post.until(arrived=1)
    await people.settled()
    later(people, 10)
    await people.tell(first_look(name, minutes=10, flags=("payment_failed",)))
    await people.settled()
    assert (await people.reasons(name))[-1] == ("red", "told within the repeat interval")


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
