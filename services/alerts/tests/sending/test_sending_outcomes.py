"""Guarantee 7: what became of an attempt is written once, and what a zombie writes undoes nothing of anybody else's."""

from typing import Any

from sqlalchemy import select

from alerts import schema
from alerts.core.reasons import DecisionReason
from alerts.errors import Failure
from alerts.samples import Sample
from alerts.sending.claims import Failed, Sent
from support.mailroom import DANA, DECIDED, DESK, Mailroom

SENT = Sent(thread="1700.1")
AGAIN = Failed(Failure.UNAVAILABLE, "502", maybe_told=False, retry_in=500.0)
GIVEN_UP = Failed(Failure.MISCONFIGURED, "channel_not_found", maybe_told=False, retry_in=None)


async def test_a_sent_message_is_done(room: Mailroom) -> None:
    name = await room.message()
    await room.send(room.queue(), SENT)
    row = await room.row(name)
    assert (row.status, row.thread, row.lease_token, row.lease_until) == ("sent", "1700.1", None, None)
    assert row.done is not None
    assert await room.attempts(name) == ["sent"]


async def test_a_message_is_done_when_it_was_sent_not_when_that_could_be_written(room: Mailroom) -> None:
    name = await room.message()
    queue = room.queue()
    [claimed] = await room.claim(queue)
    await room.execute("UPDATE alerts.attempt SET started = started - 1000")
    await queue.record(claimed, SENT, ago=500.0)
    [attempt] = await room.rows(select(schema.attempt))
    row = await room.row(name)
    for moment in (row.done, attempt.ended):
        assert attempt.started + 400 < moment < attempt.started + 600


async def test_a_failed_message_waits_for_its_next_attempt_and_anybody_may_make_it(room: Mailroom) -> None:
    name = await room.message()
    await room.send(room.queue(), AGAIN)
    await room.let_all_be_due()
    [claimed] = await room.claim(room.queue())
    assert (claimed.notification_id, claimed.attempt) == (name, 2)
    assert claimed.age >= 0
    await room.execute("UPDATE alerts.attempt SET started = started - 1000 WHERE n = 1")
    await room.let_leases_end()
    [claimed] = await room.claim(room.queue())
    assert claimed.age >= 1000, "counted from the first attempt"


async def test_without_an_answer_it_may_have_been_told(room: Mailroom) -> None:
    name = await room.message()
    queue = room.queue()
    await room.send(queue, Failed(Failure.NO_ANSWER, "", maybe_told=True, retry_in=0.0))
    await room.send(queue, Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=0.0))
    assert (await room.row(name)).maybe_told, "what may have arrived once does not un-arrive"


async def decisions(room: Mailroom) -> list[Any]:
    return await room.rows(select(schema.decision).order_by(schema.decision.c.seq))


async def test_a_way_that_is_given_up_is_followed_by_the_next(room: Mailroom) -> None:
    signals = [Sample(to="red").build(), Sample(to="yellow").build()]
    name = await room.message(DESK, DANA, signals=signals, rank=0, account=signals[0].account_id)
    queue = room.queue()
    await room.send(queue, GIVEN_UP)
    assert (await room.row(name)).status == "failed"
    [next_one] = await room.claim(queue)
    assert next_one.ways == (DANA,)
    old, new = await room.row(name), await room.row(next_one.notification_id)
    same = ("partition", "account_id", "episode", "receiver", "path", "repeat_interval", "rank", "signals", "decided")
    assert [getattr(new, column) for column in same] == [getattr(old, column) for column in same]
    assert (new.lane, new.reason, new.maybe_told) == (DANA.lane, DecisionReason.HANDED_ON, False)
    assert [
        (row.signal_id, row.reason, row.receiver, row.lane, row.notification_id) for row in await decisions(room)
    ] == [(signal.signal_id, DecisionReason.HANDED_ON, "cs-desk", DANA.lane, new.notification_id) for signal in signals]
    assert [(row.at, row.path) for row in await decisions(room)] == 2 * [(DECIDED, ["root", "cs-desk"])]


async def test_when_the_last_way_is_given_up_the_message_stays_visibly_failed(room: Mailroom) -> None:
    name = await room.message(DANA)
    await room.send(room.queue(), GIVEN_UP)
    row = await room.row(name)
    assert (row.status, row.lease_token) == ("failed", None)
    assert row.done is not None
    assert await room.attempts(name) == [Failure.MISCONFIGURED]
    assert await room.handed_on(name) == []


async def test_an_outcome_whose_answer_was_lost_is_written_once(room: Mailroom) -> None:
    name = await room.message(DESK, DANA)
    queue = room.queue()
    claimed = await room.send(queue, GIVEN_UP)
    await queue.record(claimed, GIVEN_UP, ago=1.0)
    assert len(await room.handed_on(name)) == 1
    assert len(await decisions(room)) == 1


async def test_an_outcome_told_twice_does_not_touch_the_attempt_after_it(room: Mailroom) -> None:
    name = await room.message()
    queue = room.queue()
    claimed = await room.send(queue, Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=0.0))
    [second] = await room.claim(queue)
    await queue.record(claimed, AGAIN, ago=0.0)
    assert (await room.row(name)).lease_token == second.token
    assert await room.attempts(name) == [Failure.UNAVAILABLE, None]


async def test_a_zombie_asks_before_it_sends_and_is_told_no(room: Mailroom) -> None:
    name = await room.message()
    zombie, other = room.queue(), room.queue()
    [stopped] = await room.claim(zombie)
    assert await zombie.renew(stopped)
    await room.let_leases_end()
    [taken] = await room.claim(other)
    assert not await zombie.renew(stopped)
    assert await other.renew(taken)
    assert await room.attempts(name) == [Failure.CUT_SHORT, None]


async def test_a_lease_that_ended_while_nobody_else_came_is_renewed(room: Mailroom) -> None:
    name = await room.message()
    queue = room.queue()
    [claimed] = await room.claim(queue)
    await room.let_leases_end()
    assert await queue.renew(claimed)
    assert await room.claim(room.queue()) == []
    assert (await room.row(name)).lease_until > 1


async def test_what_was_dropped_meanwhile_is_not_sent(room: Mailroom) -> None:
    """Overtaken, after the lease had ended: the attempt says that nothing went out."""
    name = await room.message()
    queue = room.queue()
    [claimed] = await room.claim(queue)
    await room.execute("UPDATE alerts.notification SET status = 'dropped'")
    assert not await queue.renew(claimed)
    assert await room.attempts(name) == [Failure.CUT_SHORT]


async def test_what_a_zombie_has_sent_counts_and_the_other_need_not_send_it(room: Mailroom) -> None:
    name = await room.message()
    zombie, other = room.queue(), room.queue()
    [late] = await room.claim(zombie)
    await room.let_leases_end()
    [taken] = await room.claim(other)
    await zombie.record(late, SENT, ago=90.0)
    assert not await other.renew(taken)
    row = await room.row(name)
    assert (row.status, row.thread) == ("sent", "1700.1")
    assert await room.attempts(name) == ["sent", Failure.CUT_SHORT]


async def test_if_both_have_sent_it_both_attempts_say_so(room: Mailroom) -> None:
    name = await room.message()
    zombie, other = room.queue(), room.queue()
    [late] = await room.claim(zombie)
    await room.let_leases_end()
    [taken] = await room.claim(other)
    await other.record(taken, Sent(thread="other"), ago=0.0)
    await zombie.record(late, SENT, ago=90.0)
    row = await room.row(name)
    assert (row.status, row.thread, row.maybe_told) == ("sent", "other", True)
    assert await room.attempts(name) == ["sent", "sent"]


async def test_a_zombie_s_failure_is_nobody_else_s(room: Mailroom) -> None:
    for outcome in (AGAIN, GIVEN_UP):
        name = await room.message(DESK, DANA)
        zombie, other = room.queue(), room.queue()
        [late] = await room.claim(zombie)
        await room.let_leases_end()
        [taken] = await room.claim(other)
        await zombie.record(late, outcome, ago=0.0)
        row = await room.row(name)
        assert (row.status, row.lease_token) == ("pending", taken.token)
        assert await room.attempts(name) == [outcome.reason, None]
        assert await room.handed_on(name) == []
        await other.record(taken, SENT, ago=0.0)


async def test_whatever_a_channel_says_can_be_stored(room: Mailroom) -> None:
    """An outcome that cannot be written would send the message again, for ever."""
    name = await room.message()
    queue = room.queue()
    await room.send(queue, Failed(Failure.REFUSED, "nul \0 half \ud83d" + "x" * 10_000, False, 0.0))
    await room.send(queue, Sent(thread="\0\ud83d"))
    assert await room.attempts(name) == [Failure.REFUSED, "sent"]
    assert (await room.row(name)).thread == "\ufffd?"


async def test_a_message_that_is_gone_has_no_outcome(room: Mailroom) -> None:
    await room.message()
    queue = room.queue()
    [claimed] = await room.claim(queue)
    await room.execute("DELETE FROM alerts.notification")
    await queue.record(claimed, SENT, ago=0.0)
    assert await room.claim(queue) == []
