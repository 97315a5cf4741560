"""When sending fails for good: who is told in their place, and how a message is sent again."""

import argparse
import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from alerts.commands import resend
from alerts.errors import Failure
from alerts.postgres.resend import resend_failed
from alerts.samples import Sample
from alerts.settings import AlertsSettings
from common.contracts.signals import Facts, Kind, Signal
from support.alerts_decisions import at
from support.alerts_replicas import ReplicasHarness, replicas_harness, titles
from support.alerts_sending import failure

# The owner has one way; else the desk is told, at both of its addresses.
ROUTES = """
route: {receiver: owner, resolve_after: at once}
receivers:
  - {name: owner, owner: true, else: desk}
  - {name: desk, slack: {channel: "#desk"}, email: {to: desk@example.com}}
people:
  dana@example.com: {name: Dana, slack: U0DANA, notify: [slack]}
"""
OWNED = Facts(name="Birch Foods", tier="high", owner="dana@example.com")
DANA, DESK, MAIL = "slack:U0DANA", "slack:#desk", "email:desk@example.com"
GONE = failure(Failure.MISCONFIGURED, retryable=False)


@pytest.fixture
async def owned(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=ROUTES) as built:
        yield built


def band(to: str, *, hours: float = 0.0, opens: Signal | None = None) -> Signal:
    episode = None if opens is None else opens.episode
    score = 80.0 if to == "green" else 30.0
    return Sample(to=to, at=at(hours), after=score, episode=episode, facts=OWNED).build()


async def told(replicas: ReplicasHarness) -> list[tuple[str, str, str]]:
    query = "SELECT receiver, address_key, status FROM alerts.notification ORDER BY seq"
    return [(row[0], row[1], row[2]) for row in await replicas.rows(query)]


async def test_when_no_way_to_the_owner_works_else_is_told_at_each_of_its_addresses(owned: ReplicasHarness) -> None:
    owned.post.plan[DANA] = [GONE]
    await owned.start()
    await owned.tell(band("red"))
    await owned.settled()
    assert await told(owned) == [("owner", DANA, "failed"), ("desk", DESK, "sent"), ("desk", MAIL, "sent")]
    assert (await owned.reasons()) == [
        ("red", "new"),
        ("red", "handed on, the way before it failed"),
        ("red", "handed on, the way before it failed"),
    ]
    paths = await owned.rows("SELECT DISTINCT path[array_length(path, 1)] FROM alerts.notification ORDER BY 1")
    assert paths == [("else desk",), ("owner Dana",)]


async def test_who_was_told_in_the_owners_place_hears_of_the_recovery_and_of_nothing_twice(
    owned: ReplicasHarness,
) -> None:
    owned.post.plan[DANA] = [GONE] * 9
    await owned.start()
    red = band("red")
    await owned.tell(red)
    await owned.settled()
    storm = [Sample(kind=Kind.FLAG, to="support_storm", at=at(hour), facts=OWNED).build() for hour in (1, 1.5)]
    for one in storm:
        owned.clock.now = one.at.timestamp()
        await owned.tell(one)
        await owned.settled()
    owned.clock.now = at(2).timestamp()
    await owned.tell(band("green", hours=2, opens=red))
    await owned.settled()
    desk = "SELECT signals[1] FROM alerts.notification WHERE address_key = 'slack:#desk' AND status = 'sent'"
    assert len(await owned.rows(desk)) == 3, "red, the storm once, and the recovery"
    assert (await owned.reasons())[-1] == ("green", "recovered")


async def test_a_token_that_has_expired_for_a_while_loses_nothing(owned: ReplicasHarness) -> None:
    owned.post.plan[DANA] = [failure(Failure.UNAUTHORIZED) for _ in range(5)]
    await owned.start()
    await owned.tell(band("red"))
    await owned.settled()
    assert await told(owned) == [("owner", DANA, "sent")]
    assert len(owned.post.arrived) == 1


async def lost(replicas: ReplicasHarness) -> Signal:
    """Red has reached nobody."""
    for address in (DANA, DESK, MAIL):
        replicas.post.plan[address] = [GONE]
    red = band("red")
    await replicas.tell(red)
    await replicas.settled()
    assert {status for _, _, status in await told(replicas)} == {"failed"}
    return red


async def resent(replicas: ReplicasHarness, signal: Signal) -> list[str]:
    async with replicas.engine.begin() as connection:
        return await resend_failed(connection, alerts=[signal.signal_id])


async def decided_again(replicas: ReplicasHarness) -> None:
    """When its timers have fired; the owner of the partition looks for them every few seconds."""
    async with asyncio.timeout(40):
        while await replicas.rows("SELECT 1 FROM alerts.timer"):  # noqa: ASYNC110 - a row that goes tells nobody
            await asyncio.sleep(0.05)


async def test_a_failed_message_can_be_sent_again(owned: ReplicasHarness) -> None:
    await owned.start()
    red = await lost(owned)
    again = await resent(owned, red)
    assert len(again) == 2, "those of the desk: the owner's was handed on"
    assert await resent(owned, red) == [], "they wait already"
    await decided_again(owned)
    await owned.settled()
    assert [one for one in await told(owned) if one[2] == "sent"] == [("desk", DESK, "sent"), ("desk", MAIL, "sent")]
    assert titles(owned.post.arrived) == ["🔴 Birch Foods is red: 78 → 30", "🔴 Birch Foods is red: 78 → 30"]
    assert ("red", "sent again on request, after it had failed") in await owned.reasons()


async def test_what_is_over_by_now_is_not_sent_again(owned: ReplicasHarness) -> None:
    await owned.start()
    red = await lost(owned)
    await owned.tell(band("green", hours=1, opens=red))
    await owned.settled()
    await resent(owned, red)
    await decided_again(owned)
    await owned.settled()
    assert owned.post.arrived == []
    assert (await owned.reasons())[-1][1] == "recovered before told"


async def test_its_time_is_counted_anew(owned: ReplicasHarness) -> None:
    """Its first attempt was long ago, and a day is all that a message has."""
    await owned.start()
    red = await lost(owned)
    async with owned.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alerts.attempt SET started = started - 1000000")
    owned.post.plan[DESK] = [failure()]
    await resent(owned, red)
    await decided_again(owned)
    await owned.settled()
    assert ("desk", DESK, "sent") in await told(owned)


async def test_the_command_sends_again_what_failed_since_a_moment(
    owned: ReplicasHarness, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await owned.start()
    await lost(owned)
    parser = argparse.ArgumentParser()
    resend.add_arguments(parser)
    settings = AlertsSettings(database_url=database)
    assert await resend.run(parser.parse_args(["--since", "2999-01-01"]), settings) == 0
    assert _ids(capsys) == []
    assert await resend.run(parser.parse_args([]), settings) == 2
    assert await resend.run(parser.parse_args(["--since", "2020-01-01", "--by", "dana"]), settings) == 0
    assert len(_ids(capsys)) == 2
    asked = "SELECT DISTINCT by FROM alerts.decision WHERE by IS NOT NULL"
    assert [row[0] for row in await owned.rows(asked)] == ["dana"]
    await decided_again(owned)
    await owned.settled()
    assert len(owned.post.arrived) == 2


def _ids(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the command printed; the replicas log to the same place."""
    return [line for line in capsys.readouterr().out.splitlines() if re.fullmatch("[0-9a-f]{32}", line)]
