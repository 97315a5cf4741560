"""Guarantee 7, the whole of it: replicas, channels and a database that fail in turn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from alerts import schema
from alerts.channels.letters import RenderedMessage
from alerts.core.destination import Channel, Target
from alerts.errors import Failure, Unreachable
from alerts.messages.story import MessageContent
from alerts.sending.backoff import Backoff
from alerts.sending.claims import Failed
from alerts.sending.limits import ChannelLimits, KindCapacity, SendCapacity
from alerts.sending.outgoing import PostgresNotificationQueue
from alerts.transaction import ConnectionMode, autocommit
from support.mailroom import DANA, DESK, HOOK, LEASE, Mailroom, Plain, Post, failure


async def test_what_is_decided_is_sent_and_written_down(room: Mailroom) -> None:
    names = [await room.message(target, account=account) for target in (DESK, HOOK, DANA) for account in "ab"]
    post = Post()
    async with room.running(room.sender(post)):
        await post.until(arrived=6)
    assert sorted(post.arrived) == sorted(names)
    for name in names:
        assert (await room.row(name)).status == "sent"
        assert await room.attempts(name) == ["sent"]
    assert len(room.tally.attempts) == len(room.tally.sent_over) == 6


async def test_a_sender_sleeps_until_it_is_woken(room: Mailroom) -> None:
    post = Post()
    sender = room.sender(post)
    async with room.running(sender):
        for n in range(3):
            await room.message(account=f"account {n}")
            sender.wake()
            await post.until(arrived=n + 1)


async def test_a_sender_wakes_by_itself_for_what_is_tried_again(room: Mailroom) -> None:
    name = await room.message()
    post = Post()
    post.plan[DESK.lane] = [failure(), failure()]
    async with room.running(room.sender(post)):
        await post.until(arrived=1)
    assert await room.attempts(name) == [Failure.UNAVAILABLE, Failure.UNAVAILABLE, "sent"]
    assert room.tally.failures == 2 * [(Channel.SLACK, Failure.UNAVAILABLE, False)]


async def test_only_open_partitions_are_sent_for(room: Mailroom) -> None:
    """What has not been read to the end may hold the recovery of what waits here."""
    behind = await room.message(partition=1, account="a")
    level = await room.message(partition=0, account="b", rank=2)
    opened = {0}
    post = Post()
    sender = room.sender(post, partitions=lambda: frozenset(opened))
    async with room.running(sender):
        await post.until(arrived=1)
        assert post.arrived == [level]
        opened.add(1)
        sender.wake()
        await post.until(arrived=2)
    assert post.arrived == [level, behind]


async def test_two_replicas_send_every_message_once_and_each_account_s_in_order(room: Mailroom) -> None:
    lanes = [Target(Channel.SLACK, "C1"), Target(Channel.SLACK, "C2"), DANA]
    told: dict[tuple[str, str], list[str]] = {}
    for n in range(60):
        lane, account = lanes[n % 3], "abcd"[n // 3 % 4]
        told.setdefault((lane.lane, account), []).append(await room.message(lane, account=account, rank=n % 2))
    posts = [Post(), Post()]
    senders = [room.sender(post) for post in posts]

    async def all_sent() -> bool:
        for sender in senders:
            sender.wake()
        return sum(len(post.arrived) for post in posts) >= 60

    async with room.running(*senders):
        await room.until(all_sent)
    arrived = posts[0].arrived + posts[1].arrived
    assert sorted(arrived) == sorted(name for names in told.values() for name in names)
    for names in told.values():
        done = [(await room.row(name)).done for name in names]
        assert done == sorted(done)
        assert [await room.attempts(name) for name in names] == [["sent"]] * len(names)


async def test_a_crash_between_sending_and_writing_repeats_one_message(room: Mailroom) -> None:
    names = [await room.message(account=account) for account in "abc"]
    crashing = Post()
    crashing.gate.clear()
    task = asyncio.create_task(room.sender(crashing).run(asyncio.Event()))
    await crashing.until(tried=1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await room.attempts(names[0]) == [None], "written before it was sent"

    await room.let_leases_end()
    post = Post()
    async with room.running(room.sender(post)):
        await post.until(arrived=3)
    assert sorted(post.arrived) == sorted(names)
    assert await room.attempts(names[0]) == [Failure.CUT_SHORT, "sent"]
    assert [(await room.row(name)).maybe_told for name in names] == [True, False, False]


async def test_an_orderly_end_finishes_what_is_on_its_way_and_begins_nothing(room: Mailroom) -> None:
    first, second = [await room.message(account=account) for account in "ab"]
    post = Post()
    post.gate.clear()
    stop = asyncio.Event()
    running = asyncio.create_task(room.sender(post).run(stop))
    await post.until(tried=1)
    stop.set()
    await asyncio.sleep(0)
    assert not running.done()
    post.gate.set()
    await running
    assert post.arrived == [first]
    assert (await room.row(first)).status == "sent"
    assert (await room.row(second)).attempts == 0


async def test_one_address_has_one_message_on_its_way(room: Mailroom) -> None:
    for account in "abc":
        await room.message(account=account)
    mail = await room.message(DANA, account="a")
    post = Post()
    post.gate.clear()
    async with room.running(room.sender(post)):
        await post.until(tried=2)
        assert {letter.target for letter in post.tried} == {DESK, DANA}
        post.gate.set()
        await post.until(arrived=4)
    assert mail in post.arrived


async def test_a_channel_has_so_many_messages_on_their_way(room: Mailroom) -> None:
    for n in range(5):
        await room.message(Target(Channel.SLACK, f"C{n}"), account="a")
    post = Post()
    post.gate.clear()
    narrow = dict.fromkeys(Channel, ChannelLimits(concurrency=2))
    async with room.running(room.sender(post, channels=narrow)):
        await post.until(tried=2)
        mail = await room.message(DANA, account="b")
        assert len(post.tried) == 2
        post.gate.set()
        await post.until(arrived=6)
    assert mail in post.arrived


SLOW = Backoff(retry=60.0, most=60.0, give_up=3600.0, hand_on=3600.0)


async def test_when_slack_asks_for_a_pause_the_bot_pauses_and_the_others_go_on(room: Mailroom) -> None:
    limited = await room.message(DESK, account="a", rank=0)
    paused = await room.message(Target(Channel.SLACK, "C0OTHER"), account="b", rank=1)
    post = Post()
    post.plan[DESK.lane] = [failure(Failure.RATE_LIMITED, retry_after=120.0)]
    narrow = dict.fromkeys(Channel, ChannelLimits(concurrency=1))
    sender = room.sender(post, channels=narrow, backoff=SLOW)
    async with room.running(sender):
        await post.until(tried=1)
        others = [await room.message(target, account="c") for target in (HOOK, DANA)]
        sender.wake()
        await post.until(arrived=2)
    assert sorted(post.arrived) == sorted(others)
    assert await room.attempts(limited) == [Failure.RATE_LIMITED]
    assert await room.attempts(paused) == []
    wait = await room.next_due(room.queue(), room=_only(DESK))
    assert wait is not None
    assert 100 < wait <= 120


def _only(target: Target) -> SendCapacity:
    return SendCapacity((KindCapacity("slack", target.channel, 1),), frozenset({"slack:C0OTHER"}))


async def test_an_address_that_fails_is_left_alone_for_a_while_by_other_accounts_too(room: Mailroom) -> None:
    await room.message(DESK, account="a", rank=0)
    await room.message(DESK, account="b", rank=1)
    post = Post()
    post.plan[DESK.lane] = [failure(Failure.UNREACHABLE)]
    sender = room.sender(post, backoff=SLOW)
    async with room.running(sender):
        await post.until(tried=1)
        mail = await room.message(DANA, account="a")
        sender.wake()
        await post.until(arrived=1)
    assert post.arrived == [mail]
    assert len(post.tried) == 2


async def test_a_way_that_is_given_up_is_followed_by_the_next_at_once(room: Mailroom) -> None:
    name = await room.message(DESK, HOOK, DANA)
    post = Post()
    post.plan[DESK.lane] = [failure(Failure.MISCONFIGURED, retryable=False)]
    post.plan[HOOK.lane] = [failure(Failure.REFUSED, retryable=False)]
    told: list[tuple[int, str]] = []
    async with room.running(room.sender(post, undelivered=lambda *whose: told.append(whose))):
        await post.until(arrived=1)
    hook, mail = await room.handed_on(name)
    assert post.arrived == [mail.notification_id]
    assert [(await room.row(one)).status for one in (name, hook.notification_id)] == ["failed", "failed"]
    assert told == [(0, "acme"), (0, "acme")]
    assert [final for _, _, final in room.tally.failures] == [True, True]


async def test_a_channel_without_settings_is_followed_by_the_next_way(room: Mailroom) -> None:
    name = await room.message(DESK, DANA)
    post = Post()
    async with room.running(room.sender(post, clients={Channel.EMAIL: post})):
        await post.until(arrived=1)
    assert await room.attempts(name) == [Failure.MISCONFIGURED]


async def test_a_message_is_given_up_when_the_time_given_is_over(room: Mailroom) -> None:
    name = await room.message(DESK, DANA)
    await room.send(room.queue(), Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=0.0))
    await room.execute("UPDATE alerts.attempt SET started = started - 4000")
    post = Post()
    post.plan[DESK.lane] = [failure()]
    async with room.running(room.sender(post)):
        await post.until(arrived=1)
    assert await room.attempts(name) == [Failure.UNAVAILABLE, Failure.TOO_OLD]
    assert post.tried[-1].target == DANA


class Picky(Plain):
    """Has no words for one account."""

    def letter(self, content: MessageContent) -> RenderedMessage:
        if content.head.account_id == "unspeakable":
            raise ValueError("no words")
        return super().letter(content)


async def test_a_message_that_cannot_be_written_harms_no_other(room: Mailroom) -> None:
    bad = await room.message(account="unspeakable", rank=0)
    good = await room.message(account="acme", rank=1)
    post = Post()
    async with room.running(room.sender(post, renderer=Picky())):
        await post.until(arrived=1)
    assert post.arrived == [good]
    assert (await room.row(bad)).status == "failed"
    assert await room.attempts(bad) == [Failure.REFUSED]


class Flaky(PostgresNotificationQueue):
    """A database that goes away around what is written down, `before` the COMMIT or `after` it, as planned."""

    def __init__(self, room: Mailroom, *plan: str) -> None:
        super().__init__(room.engine, lease=LEASE, patience=10.0)
        self.plan = list(plan)
        self.failed = asyncio.Event()

    @asynccontextmanager
    async def _connected(self, how: ConnectionMode = autocommit) -> AsyncIterator[AsyncConnection]:
        fate = self.plan.pop(0) if self.plan else "well"
        if fate == "before":
            self.failed.set()
            raise Unreachable("connection refused")
        async with super()._connected(how) as connection:
            yield connection
        if fate == "after":
            self.failed.set()
            raise Unreachable("the connection broke during COMMIT")


# In order: the claim, the renewal, (the claim after it was begun,) and what became of it; whatever fails, comes again.
@pytest.mark.parametrize(
    "plan",
    [
        ("before",),
        ("after",),
        ("well", "before"),
        ("well", "after"),
        ("well", "well", "before"),
        ("well", "well", "after"),
        ("well", "well", "well", "before"),
        ("well", "well", "well", "after"),
        ("after", "after", "after", "after"),
    ],
)
async def test_a_database_that_comes_and_goes_neither_loses_nor_repeats_a_message(
    room: Mailroom, plan: tuple[str, ...]
) -> None:
    """What became of it is kept in memory until it can be written down."""
    names = [await room.message(account=account) for account in "ab"]
    post = Post()
    queue = Flaky(room, *plan)
    async with room.running(room.sender(post, queue=queue)):
        await post.until(arrived=2)
        await queue.failed.wait()
    assert post.arrived == names
    for name in names:
        row = await room.row(name)
        assert (row.status, row.maybe_told) == ("sent", False)
        assert (await room.attempts(name))[-1] == "sent"


async def test_a_sender_says_that_the_database_is_away(room: Mailroom) -> None:
    queue = Flaky(room, "before")
    post = Post()
    sender = room.sender(post, queue=queue)
    await room.message()
    async with room.running(sender):
        await queue.failed.wait()
        assert sender.unavailable is not None
        await post.until(arrived=1)
        async with asyncio.timeout(20):
            while sender.unavailable is not None:  # noqa: ASYNC110 - it is said after the look that sent the message
                await asyncio.sleep(0.001)


async def test_a_message_that_cannot_be_read_is_counted_and_keeps_none_of_its_account_waiting(room: Mailroom) -> None:
    bad = await room.message()
    await room.execute("UPDATE alerts.notification SET ways = '[]'")
    good = await room.message()
    post = Post()
    told: list[tuple[int, str]] = []
    async with room.running(room.sender(post, undelivered=lambda *whose: told.append(whose))):
        await post.until(arrived=1)
    assert post.arrived == [good]
    assert (await room.row(bad)).status == "failed"
    assert room.tally.failures == [(Channel.SLACK, Failure.UNREADABLE, True)]
    assert told == [(0, "acme")]


async def test_the_road_to_a_message_is_measured_by_the_wall_clock(room: Mailroom) -> None:
    name = await room.message()
    signals = (await room.row(name)).signals
    post = Post()
    async with room.running(room.sender(post, wall=lambda: 2_000_000_000.0)):
        await post.until(arrived=1)
    [(channel, seconds)] = room.tally.sent_over
    assert channel is Channel.SLACK
    assert seconds is not None
    alert = schema.alert.c
    [happened] = await room.rows(select(alert.at, alert.recorded).where(alert.signal_id == signals[0]))
    assert seconds == pytest.approx(2_000_000_000.0 - happened.at, abs=60)
    assert room.tally.voiced == [pytest.approx(2_000_000_000.0 - happened.recorded, abs=60)]
