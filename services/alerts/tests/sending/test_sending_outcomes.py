"""Guarantee 7: what became of an attempt is written once, and what a zombie writes undoes nothing of anybody else's."""

from typing import Any

from sqlalchemy import select

from alerts.decisions.reasons import DecisionReason
from alerts.errors import Failure
from alerts.postgres import schema
from alerts.samples import Sample
from alerts.sending.claims import Failed, Sent
from support.alerts_sending import DANA, DECIDED, DESK, SendingHarness

SENT = Sent(thread="1700.1")
AGAIN = Failed(Failure.UNAVAILABLE, "502", maybe_told=False, retry_in=500.0)
GIVEN_UP = Failed(Failure.MISCONFIGURED, "channel_not_found", maybe_told=False, retry_in=None)


async def test_a_sent_message_is_done(sending: SendingHarness) -> None:
    name = await sending.message()
    await sending.send(sending.queue(), SENT)
    row = await sending.row(name)
    assert (row.status, row.thread, row.lease_token, row.lease_until) == ("sent", "1700.1", None, None)
    assert row.done is not None
    assert await sending.attempts(name) == ["sent"]


async def test_a_message_is_done_when_it_was_sent_not_when_that_could_be_written(sending: SendingHarness) -> None:
    name = await sending.message()
    queue = sending.queue()
    [claimed] = await sending.claim(queue)
    await sending.execute("UPDATE alerts.attempt SET started = started - 1000")
    await queue.record(claimed, SENT, ago=500.0)
    [attempt] = await sending.rows(select(schema.attempt))
    row = await sending.row(name)
    for moment in (row.done, attempt.ended):
        assert attempt.started + 400 < moment < attempt.started + 600


async def test_a_failed_message_waits_for_its_next_attempt_and_anybody_may_make_it(sending: SendingHarness) -> None:
    name = await sending.message()
    await sending.send(sending.queue(), AGAIN)
    await sending.let_all_be_due()
    [claimed] = await sending.claim(sending.queue())
    assert (claimed.notification_id, claimed.attempt) == (name, 2)
    assert claimed.age >= 0
    await sending.execute("UPDATE alerts.attempt SET started = started - 1000 WHERE n = 1")
    await sending.let_leases_end()
    [claimed] = await sending.claim(sending.queue())
    assert claimed.age >= 1000, "counted from the first attempt"


async def test_without_an_answer_it_may_have_been_told(sending: SendingHarness) -> None:
    name = await sending.message()
    queue = sending.queue()
    await sending.send(queue, Failed(Failure.NO_ANSWER, "", maybe_told=True, retry_in=0.0))
    await sending.send(queue, Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=0.0))
    assert (await sending.row(name)).maybe_told, "what may have arrived once does not un-arrive"


async def decisions(sending: SendingHarness) -> list[Any]:
    return await sending.rows(select(schema.decision).order_by(schema.decision.c.seq))


async def test_a_way_that_is_given_up_is_followed_by_the_next(sending: SendingHarness) -> None:
    signals = [Sample(to="red").build(), Sample(to="yellow").build()]
    name = await sending.message(DESK, DANA, signals=signals, rank=0, account=signals[0].account_id)
    queue = sending.queue()
    await sending.send(queue, GIVEN_UP)
    assert (await sending.row(name)).status == "failed"
    [next_one] = await sending.claim(queue)
    assert next_one.ways == (DANA,)
    old, new = await sending.row(name), await sending.row(next_one.notification_id)
    same = ("partition", "account_id", "episode", "receiver", "path", "repeat_interval", "rank", "signals", "decided")
    assert [getattr(new, column) for column in same] == [getattr(old, column) for column in same]
    assert (new.address_key, new.reason, new.maybe_told) == (DANA.address_key, DecisionReason.HANDED_ON, False)
    assert [
        (row.signal_id, row.reason, row.receiver, row.address_key, row.notification_id)
        for row in await decisions(sending)
    ] == [
        (signal.signal_id, DecisionReason.HANDED_ON, "cs-desk", DANA.address_key, new.notification_id)
        for signal in signals
    ]
    assert [(row.at, row.path) for row in await decisions(sending)] == 2 * [(DECIDED, ["root", "cs-desk"])]


async def test_when_the_last_way_is_given_up_the_message_stays_visibly_failed(sending: SendingHarness) -> None:
    name = await sending.message(DANA)
    await sending.send(sending.queue(), GIVEN_UP)
    row = await sending.row(name)
    assert (row.status, row.lease_token) == ("failed", None)
    assert row.done is not None
    assert await sending.attempts(name) == [Failure.MISCONFIGURED]
    assert await sending.handed_on(name) == []


async def test_an_outcome_whose_answer_was_lost_is_written_once(sending: SendingHarness) -> None:
    name = await sending.message(DESK, DANA)
    queue = sending.queue()
    claimed = await sending.send(queue, GIVEN_UP)
    await queue.record(claimed, GIVEN_UP, ago=1.0)
    assert len(await sending.handed_on(name)) == 1
    assert len(await decisions(sending)) == 1


async def test_an_outcome_told_twice_does_not_touch_the_attempt_after_it(sending: SendingHarness) -> None:
    name = await sending.message()
    queue = sending.queue()
    claimed = await sending.send(queue, Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=0.0))
    [second] = await sending.claim(queue)
    await queue.record(claimed, AGAIN, ago=0.0)
    assert (await sending.row(name)).lease_token == second.token
    assert await sending.attempts(name) == [Failure.UNAVAILABLE, None]


async def test_a_zombie_asks_before_it_sends_and_is_told_no(sending: SendingHarness) -> None:
    name = await sending.message()
    zombie, other = sending.queue(), sending.queue()
    [stopped] = await sending.claim(zombie)
    assert await zombie.renew(stopped)
    await sending.let_leases_end()
    [taken] = await sending.claim(other)
    assert not await zombie.renew(stopped)
    assert await other.renew(taken)
    assert await sending.attempts(name) == [Failure.CUT_SHORT, None]


async def test_a_lease_that_ended_while_nobody_else_came_is_renewed(sending: SendingHarness) -> None:
    name = await sending.message()
    queue = sending.queue()
    [claimed] = await sending.claim(queue)
    await sending.let_leases_end()
    assert await queue.renew(claimed)
    assert await sending.claim(sending.queue()) == []
    assert (await sending.row(name)).lease_until > 1


async def test_what_was_dropped_meanwhile_is_not_sent(sending: SendingHarness) -> None:
    """Overtaken, after the lease had ended: the attempt says that nothing went out."""
    name = await sending.message()
    queue = sending.queue()
    [claimed] = await sending.claim(queue)
    await sending.execute("UPDATE alerts.notification SET status = 'dropped'")
    assert not await queue.renew(claimed)
    assert await sending.attempts(name) == [Failure.CUT_SHORT]


async def test_what_a_zombie_has_sent_counts_and_the_other_need_not_send_it(sending: SendingHarness) -> None:
    name = await sending.message()
    zombie, other = sending.queue(), sending.queue()
    [late] = await sending.claim(zombie)
    await sending.let_leases_end()
    [taken] = await sending.claim(other)
    await zombie.record(late, SENT, ago=90.0)
    assert not await other.renew(taken)
    row = await sending.row(name)
    assert (row.status, row.thread) == ("sent", "1700.1")
    assert await sending.attempts(name) == ["sent", Failure.CUT_SHORT]


async def test_if_both_have_sent_it_both_attempts_say_so(sending: SendingHarness) -> None:
    name = await sending.message()
    zombie, other = sending.queue(), sending.queue()
    [late] = await sending.claim(zombie)
    await sending.let_leases_end()
    [taken] = await sending.claim(other)
    await other.record(taken, Sent(thread="other"), ago=0.0)
    await zombie.record(late, SENT, ago=90.0)
    row = await sending.row(name)
    assert (row.status, row.thread, row.maybe_told) == ("sent", "other", True)
    assert await sending.attempts(name) == ["sent", "sent"]


async def test_a_zombie_s_failure_is_nobody_else_s(sending: SendingHarness) -> None:
    for outcome in (AGAIN, GIVEN_UP):
        name = await sending.message(DESK, DANA)
        zombie, other = sending.queue(), sending.queue()
        [late] = await sending.claim(zombie)
        await sending.let_leases_end()
        [taken] = await sending.claim(other)
        await zombie.record(late, outcome, ago=0.0)
        row = await sending.row(name)
        assert (row.status, row.lease_token) == ("pending", taken.token)
        assert await sending.attempts(name) == [outcome.reason, None]
        assert await sending.handed_on(name) == []
        await other.record(taken, SENT, ago=0.0)


async def test_whatever_a_channel_says_can_be_stored(sending: SendingHarness) -> None:
    """An outcome that cannot be written would send the message again, for ever."""
    name = await sending.message()
    queue = sending.queue()
    await sending.send(queue, Failed(Failure.REFUSED, "nul \0 half \ud83d" + "x" * 10_000, False, 0.0))
    await sending.send(queue, Sent(thread="\0\ud83d"))
    assert await sending.attempts(name) == [Failure.REFUSED, "sent"]
    assert (await sending.row(name)).thread == "\ufffd?"


async def test_a_message_that_is_gone_has_no_outcome(sending: SendingHarness) -> None:
    await sending.message()
    queue = sending.queue()
    [claimed] = await sending.claim(queue)
    await sending.execute("DELETE FROM alerts.notification")
    await queue.record(claimed, SENT, ago=0.0)
    assert await sending.claim(queue) == []
