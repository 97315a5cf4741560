"""A message about many accounts on its way: handed on, sent again, and shown for each of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from alerts.errors import Failure
from alerts.postgres.resend import resend_failed
from alerts.samples import Sample
from common.contracts.signals import Severity
from support.alerts_api import Rows, alerts_api
from support.alerts_decisions import at
from support.alerts_first_looks import account_in, first_look, later, nothing_gathered
from support.alerts_replicas import ReplicasHarness, replicas_harness, titles
from support.alerts_sending import failure

ROUTES = """
route: {receiver: owner, resolve_after: at once}
receivers:
  - {name: owner, owner: true, else: desk}
  - {name: desk, slack: {channel: "#desk"}}
people:
  dana@example.com: {name: Dana, slack: UDANA}
"""
DANA, DANAS_MAIL, DESK = "slack:UDANA", "email:dana@example.com", "slack:#desk"
GONE = failure(Failure.MISCONFIGURED, retryable=False)
OWNER = "dana@example.com"


@pytest.fixture
async def owned(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=ROUTES) as built:
        yield built


async def import_told(replicas: ReplicasHarness, *, accounts: int = 12) -> list[str]:
    """Dana's accounts: all red but the last, which is well."""
    names = [account_in(n % 2, n) for n in range(accounts)]
    await replicas.tell(*(first_look(name, owner=OWNER) for name in names[:-1]))
    await replicas.tell(first_look(names[-1], "green", owner=OWNER))
    await replicas.settled()
    later(replicas, 31)
    await nothing_gathered(replicas)
    return names


async def told(replicas: ReplicasHarness) -> list[tuple[str, str]]:
    return [
        (row[0], row[1])
        for row in await replicas.rows("SELECT address_key, status FROM alerts.notification ORDER BY seq")
    ]


async def test_a_way_that_fails_hands_the_message_on_for_every_account(owned: ReplicasHarness) -> None:
    owned.post.plan[DANA] = [GONE]
    await owned.start()
    names = await import_told(owned)
    await owned.post.until(arrived=1)
    await owned.settled()
    assert await told(owned) == [(DANA, "failed"), (DANAS_MAIL, "sent")]
    assert titles(owned.post.arrived) == ["🔴 First look at 12 accounts: 11 red"]
    for name in names[:-1]:
        assert (await owned.reasons(name))[-1] == ("red", "handed on, the way before it failed")
    assert (await owned.reasons(names[-1]))[-1] == ("green", "nothing stands")
    # The recovery goes to where the message arrived.
    look = first_look(names[0], owner=OWNER)
    await owned.tell(Sample(account=names[0], to="green", at=at(1), episode=look.episode, facts=look.facts).build())
    await owned.post.until(arrived=2)
    await owned.settled()
    assert (await told(owned))[-1] == (DANAS_MAIL, "sent")


async def test_what_failed_for_good_is_sent_again_as_it_was(owned: ReplicasHarness) -> None:
    for address in (DANA, DANAS_MAIL, DESK):
        owned.post.plan[address] = [GONE]
    await owned.start()
    names = await import_told(owned)
    await owned.post.until(tried=3)
    await owned.settled()
    assert [status for _, status in await told(owned)] == ["failed"] * 3
    last = first_look(names[10], owner=OWNER).signal_id
    async with owned.engine.begin() as connection:
        assert len(await resend_failed(connection, alerts=(last,))) == 1
    await owned.post.until(arrived=1)
    await owned.settled()
    assert titles(owned.post.arrived) == ["🔴 First look at 12 accounts: 11 red"]
    assert (await owned.reasons(names[3]))[-1] == ("red", "sent again on request, after it had failed")


async def test_later_news_of_an_account_waits_for_the_message_that_tells_of_it(owned: ReplicasHarness) -> None:
    """The news is more urgent, and the message has to be tried again."""
    owned.post.gate.clear()
    owned.post.plan[DANA] = [failure()]
    await owned.start()
    names = [account_in(0), account_in(1)]
    looks = [first_look(name, "yellow", owner=OWNER) for name in names]
    await owned.tell(*looks)
    await owned.settled()
    later(owned, 31)
    await owned.post.until(tried=1)
    for name, episode in ((names[0], looks[0].episode), (account_in(0, 90), None)):
        red = Sample(account=name, to="red", at=at(0.6), after=30.0, episode=episode, facts=looks[0].facts)
        await owned.tell(red.build())
    async with asyncio.timeout(60):
        while len(await told(owned)) < 3:  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(0.01)
    owned.post.gate.set()
    await owned.post.until(arrived=3)
    await owned.settled()
    order = await owned.rows("SELECT account_id FROM alerts.notification WHERE status = 'sent' ORDER BY done")
    assert order == [(account_in(0, 90),), ("",), (names[0],)]


async def test_the_api_says_of_each_account_why_it_was_told_or_not(owned: ReplicasHarness) -> None:
    await owned.start()
    names = await import_told(owned)
    await owned.post.until(arrived=1)
    await owned.settled()
    ((message,),) = await owned.rows("SELECT notification_id FROM alerts.notification")
    async with alerts_api(Rows(owned.engine)) as api:
        of_message = await api.list(message=message)
        assert sorted(one["account_id"] for one in of_message) == sorted(names[:-1])
        assert await api.list(message="another") == []
        assert {one["account_id"] for one in await api.list(kind="first_look", told="false")} == {names[-1]}
        assert len(await api.list(kind="first_look", told="true", receiver="owner")) == len(names) - 1
        shown = await api.one(first_look(names[10], owner=OWNER))
        assert (shown["what"], shown["told_to"]) == ("first look red 30", ["owner"])
        assert [one["id"] for one in shown["notifications"]] == [message]
        assert [(one["verdict"], one["reason"], one["notification_id"]) for one in shown["decisions"]] == [
            ("wait", "gathered into a first look", None),
            ("tell", "told in a first look", message),
        ]
        well = await api.one(first_look(names[-1], "green", owner=OWNER))
        assert (well["told"], well["notifications"], well["decisions"][-1]["reason"]) == (False, [], "nothing stands")
        # Somebody takes the account in hand; what is no worse is not told again.
        acknowledged = await api.acknowledge(first_look(names[0], owner=OWNER), "Dana")
        assert acknowledged["severity"] == Severity.CRITICAL
