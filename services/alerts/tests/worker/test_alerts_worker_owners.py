"""Who owns the account now is asked when a message is sent, and a new owner hears of what is open."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from alerts.errors import Failure
from alerts.samples import Sample
from common.contracts.signals import Facts, Kind, Signal
from support.alerts_decisions import at
from support.alerts_replicas import ReplicasHarness, replicas_harness, titles
from support.alerts_sending import failure

ROUTES = """
route:
  receiver: owner
  resolve_after: at once
  routes:
    - {matchers: ['severity="critical"'], receiver: team, continue: true}
    - {matchers: ['kind!="nothing"'], receiver: owner}
receivers:
  - {name: owner, owner: true, else: desk}
  - {name: desk, email: {to: desk@example.com}}
  - {name: team, slack: {channel: "#team"}}
people:
  dana@example.com: {name: Dana, slack: U0DANA, notify: [slack]}
  eli@example.com: {name: Eli, slack: U0ELI, notify: [slack]}
"""
DANAS = Facts(name="Birch Foods", tier="high", owner="dana@example.com")
ELIS = replace(DANAS, owner="eli@example.com", name="Birch Group")
DANA, ELI, TEAM, DESK = "slack:U0DANA", "slack:U0ELI", "slack:#team", "email:desk@example.com"


@pytest.fixture
async def owned(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=ROUTES) as built:
        yield built


def band(to: str, *, hours: float = 0.0, opens: Signal | None = None, facts: Facts = DANAS) -> Signal:
    episode = None if opens is None else opens.episode
    return Sample(to=to, at=at(hours), after={"green": 80.0}.get(to, 30.0), episode=episode, facts=facts).build()


async def messages(replicas: ReplicasHarness) -> list[tuple[str, str]]:
    query = "SELECT address_key, status FROM alerts.notification ORDER BY seq"
    return [(row[0], row[1]) for row in await replicas.rows(query)]


async def test_a_new_owner_hears_of_what_is_open_and_nobody_else_of_anything(owned: ReplicasHarness) -> None:
    await owned.start()
    red = band("red")
    await owned.facts("cust-001", DANAS)
    await owned.tell(red)
    await owned.settled()
    await owned.facts("cust-001", ELIS)
    await owned.settled()
    assert sorted(await messages(owned)) == sorted([(TEAM, "sent"), (DANA, "sent"), (ELI, "sent")])
    assert titles(owned.post.arrived)[-1].startswith("🔴 Birch Group"), "as it is called now"
    await owned.tell(band("green", hours=1, opens=red, facts=ELIS))
    await owned.settled()
    assert [one for one, _ in await messages(owned)].count(DANA) == 2, "whoever was told hears that it is over"
    assert len(owned.post.arrived) == 6


async def test_what_waits_to_be_sent_goes_to_the_new_owner_and_not_to_the_former(owned: ReplicasHarness) -> None:
    await owned.start()
    await owned.facts("cust-001", DANAS)
    owned.post.plan[DANA] = [failure(Failure.UNAUTHORIZED, retry_after=3.0)] * 9
    storm = Sample(kind=Kind.FLAG, to="support_storm", at=at(0), facts=DANAS).build()
    await owned.tell(storm)
    await owned.tried(1)
    await owned.facts("cust-001", ELIS)
    await owned.post.until(arrived=1)
    await owned.settled()
    assert await messages(owned) == [(DANA, "dropped"), (ELI, "sent")]
    assert await owned.reasons() == [
        ("support_storm", "new"),
        ("support_storm", "the account has another owner now"),
        ("support_storm", "new"),
    ]


async def test_an_owner_whom_nobody_knows_is_stood_in_for_by_else(owned: ReplicasHarness) -> None:
    await owned.start()
    await owned.facts("cust-001", DANAS)
    await owned.tell(band("red"))
    await owned.settled()
    await owned.facts("cust-001", replace(DANAS, owner="nobody@example.com"))
    await owned.settled()
    assert (await messages(owned))[-1] == (DESK, "sent")


async def test_after_a_recovery_a_new_owner_is_told_nothing(owned: ReplicasHarness) -> None:
    await owned.start()
    red = band("red")
    await owned.tell(red, band("green", hours=0.01, opens=red))
    await owned.facts("cust-001", ELIS)
    await owned.settled()
    assert ELI not in {one for one, _ in await messages(owned)}


async def test_other_facts_change_no_message_and_are_in_the_next_one(owned: ReplicasHarness) -> None:
    await owned.start()
    await owned.facts("cust-001", DANAS)
    await owned.tell(band("red"))
    await owned.settled()
    decided = len(await owned.reasons())
    await owned.facts("cust-001", replace(DANAS, name="Birch & Sons", arr=12_000.0))
    await owned.settled()
    assert len(await owned.reasons()) == decided
    assert await owned.rows("SELECT facts ->> 'name' FROM alerts.account_facts") == [("Birch & Sons",)]


async def test_what_was_late_is_routed_by_who_owns_the_account_now(owned: ReplicasHarness) -> None:
    await owned.start()
    late = band("yellow", hours=-2)
    await owned.tell(late)
    await owned.facts("cust-001", ELIS)
    await owned.settled()
    assert await messages(owned) == []
    await owned.caught_up(0)
    await owned.caught_up(1)
    await owned.settled()
    assert await messages(owned) == [(ELI, "sent")]
