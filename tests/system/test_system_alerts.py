"""Guarantees 7 and 8, all the way: an event is posted, and the right person hears of it, once, if it still stands."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest

from common.contracts.signals import Band, Kind, Signal, decode_signals_record
from local.fakes.slack_sink import SlackAnswer, SlackError, broken, rate_limited
from local.replay.ingest_client import ClientEvent, ndjson
from support.alerting import BEFORE_TOLD, WAITS, Alerting, green, mood, red
from support.audit import first_of_each, told_by
from support.client import bearer, happening
from support.office import DANA, DANAS_SLACK, THEO
from support.reckoning import reckoned

# One for each partition at the least.
CROWD = 12


HOUR = 3600.0


def account(account_id: str, **facts: object) -> ClientEvent:
    return happening(account_id, "account.updated", properties=dict(facts))


async def scored(alerting: Alerting) -> None:
    """All that was posted has become signals, and those have been told."""
    await alerting.system.scored()
    await alerting.system.told()
    await alerting.quiet()


async def signals_of(alerting: Alerting, account_id: str) -> list[Signal]:
    system = alerting.system
    records = first_of_each((await told_by(system))[system.partition_of(account_id)])
    signals = [decode_signals_record(one.value) for one in records if one.key == account_id.encode()]
    return [one for one in signals if isinstance(one, Signal)]


async def test_a_failed_payment_reaches_its_owner_in_slack_once_with_its_reasons(overheard: Alerting) -> None:
    failed = happening("birch", "invoice.payment_failed")
    await overheard.client.posted(account("birch", name="Birch Foods", owner=DANA, tier="high"), mood("birch", 90))
    await overheard.client.posted(failed, failed)
    await overheard.told(1)
    await scored(overheard)

    [post] = overheard.office.posts("birch")
    assert (post.to, post.text.count("Birch Foods")) == (DANAS_SLACK, 1)
    assert "payment failed" in str(post.blocks)
    signals = await signals_of(overheard, "birch")
    assert {one.cause for one in signals} == {("web", failed.event_id)}
    assert [(one.kind, one.told_band) for one in signals] == [(Kind.FLAG, Band.RED)]
    listed = (await overheard.ask("/v1/alerts", account="birch"))["alerts"]
    assert {one["id"] for one in listed} == {one.signal_id for one in signals}


async def test_a_payment_that_did_not_fail_is_withdrawn_in_the_thread_that_told_it(overheard: Alerting) -> None:
    failed = happening("larch", "invoice.payment_failed")
    facts = account("larch", name="Larch Tools", owner=DANA, tier="high")
    await overheard.client.posted(facts, mood("larch", 90), failed)
    await overheard.told(len(overheard.office.slack.posts.all) + 1)
    await scored(overheard)
    await overheard.client.posted(happening("larch", "event.retracted", properties={"event_id": failed.event_id}))
    await scored(overheard)

    first, *others = overheard.office.posts("larch")
    [withdrawn] = [one for one in others if "reported by mistake" in one.text]
    assert (withdrawn.to, withdrawn.thread) == (DANAS_SLACK, first.ts)
    [signal] = [one for one in await signals_of(overheard, "larch") if one.kind is Kind.RETRACTED]
    assert (signal.to, signal.cause) == ("payment_failed", ("web", failed.event_id))
    assert "reported by mistake, and told before" in await overheard.decisions("larch")


async def test_an_owner_who_has_only_mail_hears_of_the_recovery_in_the_same_thread(overheard: Alerting) -> None:
    facts = account("harbor", name="Harbor Clinics", owner=THEO, tier="high", arr=48_000)
    await overheard.client.posted(facts, mood("harbor", 90))
    await overheard.client.posted(mood("harbor", 20))
    await overheard.told(len(overheard.office.slack.posts.all) + 1)
    await scored(overheard)
    [fallen] = overheard.office.mails("harbor")
    assert (fallen.recipients, fallen.message["To"]) == ((THEO,), THEO)
    assert "Harbor Clinics" in fallen.message["Subject"]
    assert "48,000" in fallen.text

    await overheard.client.posted(mood("harbor", 95))
    await scored(overheard)
    _, recovered = overheard.office.mails("harbor")
    assert recovered.message["References"] == recovered.message["In-Reply-To"] == fallen.message["Message-ID"]
    assert recovered.message["Subject"] == f"Re: {fallen.message['Subject']}"
    assert await overheard.decisions("harbor") == ["new", "recovered"]


async def test_what_is_imported_is_kept_as_history_and_wakes_nobody(overheard: Alerting) -> None:
    client, messages = overheard.client, overheard.office.messages
    url = f"{overheard.system.ingest_url}/v1/events"
    headers = {"content-type": "application/x-ndjson", **bearer(overheard.system.keys.write)}
    for happened in ([account("archive", owner=DANA, tier="high"), mood("archive", 90)], [mood("archive", 10)]):
        answer = await client.http.post(url, params={"history": "true"}, content=ndjson(happened), headers=headers)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    await scored(overheard)

    [fallen] = await signals_of(overheard, "archive")
    assert (fallen.to, fallen.history) == ("red", True)
    assert await overheard.decisions("archive") == ["history"]
    [listed] = (await overheard.ask("/v1/alerts", account="archive"))["alerts"]
    assert (listed["id"], listed["history"], listed["told"]) == (fallen.signal_id, True, False)
    assert overheard.office.messages == messages


async def test_who_asks_why_nobody_was_told_is_given_the_reason(overheard: Alerting) -> None:
    await overheard.client.posted(account("kiosk", tier="tech"), mood("kiosk", 90))
    await overheard.client.posted(mood("kiosk", 10))
    await scored(overheard)
    [listed] = (await overheard.ask("/v1/alerts", account="kiosk", told="false"))["alerts"]
    [decision] = listed["decisions"]
    assert (decision["receiver"], decision["verdict"]) == ("nobody", "keep")
    assert decision["reason"] == "the routes tell nobody"
    assert overheard.office.posts("kiosk") == []


async def test_two_replicas_send_each_message_once_between_them(overheard: Alerting) -> None:
    replicas = [one for one in overheard.system.services if one.name == "alerts"]
    await overheard.shared(*replicas)
    crowd = [f"crowd-{n}" for n in range(CROWD)]
    for score in (90, 30):
        await overheard.client.posted(*(mood(name, score) for name in crowd))
    await scored(overheard)
    for name in crowd:
        assert len(overheard.office.posts(name)) + len(overheard.office.mails(name)) == 1
    found = await reckoned(overheard)
    assert (found.cut_short, found.repeats) == (0, 0)
    assert all(one.said("message.sent") for one in replicas), "both had something to say"


async def test_an_owner_whom_slack_does_not_know_is_written_to(overheard: Alerting) -> None:
    overheard.office.slack.plan(SlackError("channel_not_found"))
    await overheard.client.posted(account("elm", name="Elm Bank", owner=DANA, tier="high"), mood("elm", 90))
    await overheard.client.posted(mood("elm", 20))
    await scored(overheard)
    [mail] = overheard.office.mails("elm")
    assert (mail.recipients, overheard.office.posts("elm")) == ((DANA,), [])
    assert await overheard.decisions("elm") == ["new", "handed on, the way before it failed"]
    assert [outcome for _, outcome in await overheard.attempts("elm")] == ["not allowed, or no such address", "sent"]


@asynccontextmanager
async def answering(alerting: Alerting, answer: SlackAnswer) -> AsyncIterator[None]:
    alerting.office.slack.always(answer)
    yield
    alerting.office.slack.always(None)


@asynccontextmanager
async def gone(alerting: Alerting) -> AsyncIterator[None]:
    """Connections are refused."""
    await alerting.office.close()
    yield
    await alerting.office.open()


Outage = Callable[[Alerting], AbstractAsyncContextManager[None]]
OUTAGES: dict[str, Outage] = {
    "unavailable": lambda alerting: answering(alerting, broken(503)),
    "limited": lambda alerting: answering(alerting, rate_limited(1)),
    "gone": gone,
}


@pytest.mark.parametrize("outage", OUTAGES)
async def test_what_came_and_went_while_slack_was_down_is_not_told(overheard: Alerting, outage: str) -> None:
    brief, lasting = red(f"brief-{outage}"), red(f"lasting-{outage}")
    async with OUTAGES[outage](overheard):
        await overheard.tell(brief, lasting)
        await overheard.failed(brief.account_id)
        await overheard.tell(green(brief))
        await overheard.holds(PENDING, [(lasting.account_id,)])
    await overheard.quiet()
    assert overheard.office.posts(brief.account_id) == []
    assert len(overheard.office.posts(lasting.account_id)) == 1
    # The first word on the recovery depends on whether the red one was on its way at that moment.
    assert (await overheard.decisions(brief.account_id))[-2:] == [BEFORE_TOLD, BEFORE_TOLD]
    assert await overheard.decisions(lasting.account_id) == ["new"]
    *failed, last = [outcome for _, outcome in await overheard.attempts(lasting.account_id)]
    assert (last, {"sent", None} & set(failed)) == ("sent", set())


PENDING = "SELECT account_id FROM alerts.notification WHERE status = 'pending'"


async def test_what_may_have_arrived_before_it_was_over_is_taken_back(overheard: Alerting) -> None:
    """A 500 says nothing about the message: whoever has it must not be left with it."""
    fallen = red("doubt")
    async with answering(overheard, broken(500, taken=True)):
        await overheard.tell(fallen)
        await overheard.failed("doubt")
        overheard.office.slack.always(broken(503))
        await overheard.tell(green(fallen))
        await overheard.holds(f"{PENDING} AND reason = 'recovered'", [("doubt",)])
    await overheard.quiet()
    *taken, recovered = [post.text.partition(" · ")[0] for post in overheard.office.posts("doubt")]
    assert set(taken) == {"🔴 Doubt is red: 80 → 20"}
    assert recovered.startswith("🟢 Doubt")


async def test_what_scoring_tells_hours_later_is_told_only_if_it_still_stands(overheard: Alerting) -> None:
    """By the limits of production: more than five minutes is late."""
    brief, lasting = red("once", ago=2 * HOUR), red("still", ago=2 * HOUR)
    await overheard.tell(brief, lasting, green(brief, ago=HOUR))
    await overheard.holds("SELECT count(*) FROM alerts.alert WHERE waiting", [(3,)])
    assert await overheard.system.rows("SELECT * FROM alerts.notification WHERE account_id IN ('once', 'still')") == []

    await overheard.quiet()
    [post] = overheard.office.posts("still")
    assert "2 hours ago" in str(post.blocks)
    assert overheard.office.posts("once") == []
    assert await overheard.decisions("once") == [WAITS, WAITS, BEFORE_TOLD, BEFORE_TOLD]
    assert await overheard.decisions("still") == [WAITS, "new"]
