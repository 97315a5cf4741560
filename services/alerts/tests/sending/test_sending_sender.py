"""Guarantee 7, the whole of it: replicas, channels and a database that fail in turn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from alerts.channels.registry import Channel, ChannelLimits
from alerts.errors import Failure
from alerts.messages.content import MessageContent
from alerts.messages.renderer import RenderedMessage
from alerts.postgres import schema
from alerts.postgres.notification_queue import PostgresNotificationQueue
from alerts.postgres.transaction import ConnectionMode, autocommit
from alerts.routing.destination import Target
from alerts.sending.backoff import Backoff
from alerts.sending.claims import Failed
from alerts.sending.limits import KindCapacity, SendCapacity
from common.errors import Unreachable
from support.alerts_sending import DANA, DESK, HOOK, LEASE, FakeChannels, PlainRenderer, SendingHarness, failure


async def test_what_is_decided_is_sent_and_written_down(sending: SendingHarness) -> None:
    names = [await sending.message(target, account=account) for target in (DESK, HOOK, DANA) for account in "ab"]
    post = FakeChannels()
    async with sending.running(sending.sender(post)):
        await post.until(arrived=6)
    assert sorted(post.arrived) == sorted(names)
    for name in names:
        assert (await sending.row(name)).status == "sent"
        assert await sending.attempts(name) == ["sent"]
    assert len(sending.tally.attempts) == len(sending.tally.sent_over) == 6


async def test_a_sender_sleeps_until_it_is_woken(sending: SendingHarness) -> None:
    post = FakeChannels()
    sender = sending.sender(post)
    async with sending.running(sender):
        for n in range(3):
            await sending.message(account=f"account {n}")
            sender.wake()
            await post.until(arrived=n + 1)


async def test_a_sender_wakes_by_itself_for_what_is_tried_again(sending: SendingHarness) -> None:
    name = await sending.message()
    post = FakeChannels()
    post.plan[DESK.address_key] = [failure(), failure()]
    async with sending.running(sending.sender(post)):
        await post.until(arrived=1)
    assert await sending.attempts(name) == [Failure.UNAVAILABLE, Failure.UNAVAILABLE, "sent"]
    assert sending.tally.failures == 2 * [(Channel.SLACK, Failure.UNAVAILABLE, False)]


async def test_only_open_partitions_are_sent_for(sending: SendingHarness) -> None:
    """What has not been read to the end may hold the recovery of what waits here."""
    behind = await sending.message(partition=1, account="a")
    level = await sending.message(partition=0, account="b", rank=2)
    opened = {0}
    post = FakeChannels()
    sender = sending.sender(post, partitions=lambda: frozenset(opened))
    async with sending.running(sender):
        await post.until(arrived=1)
        assert post.arrived == [level]
        opened.add(1)
        sender.wake()
        await post.until(arrived=2)
    assert post.arrived == [level, behind]


async def test_two_replicas_send_every_message_once_and_each_account_s_in_order(sending: SendingHarness) -> None:
    targets = [Target(Channel.SLACK, "C1"), Target(Channel.SLACK, "C2"), DANA]
    told: dict[tuple[str, str], list[str]] = {}
    for n in range(60):
        target, account = targets[n % 3], "abcd"[n // 3 % 4]
        told.setdefault((target.address_key, account), []).append(
            await sending.message(target, account=account, rank=n % 2)
        )
    posts = [FakeChannels(), FakeChannels()]
    senders = [sending.sender(post) for post in posts]

    async def all_sent() -> bool:
        for sender in senders:
            sender.wake()
        return sum(len(post.arrived) for post in posts) >= 60

    async with sending.running(*senders):
        await sending.until(all_sent)
    arrived = posts[0].arrived + posts[1].arrived
    assert sorted(arrived) == sorted(name for names in told.values() for name in names)
    for names in told.values():
        done = [(await sending.row(name)).done for name in names]
        assert done == sorted(done)
        assert [await sending.attempts(name) for name in names] == [["sent"]] * len(names)


async def test_a_crash_between_sending_and_writing_repeats_one_message(sending: SendingHarness) -> None:
    names = [await sending.message(account=account) for account in "abc"]
    crashing = FakeChannels()
    crashing.gate.clear()
    task = asyncio.create_task(sending.sender(crashing).run(asyncio.Event()))
    await crashing.until(tried=1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await sending.attempts(names[0]) == [None], "written before it was sent"

    await sending.let_leases_end()
    post = FakeChannels()
    async with sending.running(sending.sender(post)):
        await post.until(arrived=3)
    assert sorted(post.arrived) == sorted(names)
    assert await sending.attempts(names[0]) == [Failure.CUT_SHORT, "sent"]
    assert [(await sending.row(name)).maybe_told for name in names] == [True, False, False]


async def test_an_orderly_end_finishes_what_is_on_its_way_and_begins_nothing(sending: SendingHarness) -> None:
    first, second = [await sending.message(account=account) for account in "ab"]
    post = FakeChannels()
    post.gate.clear()
    stop = asyncio.Event()
    running = asyncio.create_task(sending.sender(post).run(stop))
    await post.until(tried=1)
    stop.set()
    await asyncio.sleep(0)
    assert not running.done()
    post.gate.set()
    await running
    assert post.arrived == [first]
    assert (await sending.row(first)).status == "sent"
    assert (await sending.row(second)).attempts == 0


async def test_one_address_has_one_message_on_its_way(sending: SendingHarness) -> None:
    for account in "abc":
        await sending.message(account=account)
    mail = await sending.message(DANA, account="a")
    post = FakeChannels()
    post.gate.clear()
    async with sending.running(sending.sender(post)):
        await post.until(tried=2)
        assert {letter.target for letter in post.tried} == {DESK, DANA}
        post.gate.set()
        await post.until(arrived=4)
    assert mail in post.arrived


async def test_a_channel_has_so_many_messages_on_their_way(sending: SendingHarness) -> None:
    for n in range(5):
        await sending.message(Target(Channel.SLACK, f"C{n}"), account="a")
    post = FakeChannels()
    post.gate.clear()
    narrow = dict.fromkeys(Channel, ChannelLimits(concurrency=2))
    async with sending.running(sending.sender(post, channels=narrow)):
        await post.until(tried=2)
        mail = await sending.message(DANA, account="b")
        assert len(post.tried) == 2
        post.gate.set()
        await post.until(arrived=6)
    assert mail in post.arrived


SLOW = Backoff(retry=60.0, most=60.0, give_up=3600.0, hand_on=3600.0)


async def test_when_slack_asks_for_a_pause_the_bot_pauses_and_the_others_go_on(sending: SendingHarness) -> None:
    limited = await sending.message(DESK, account="a", rank=0)
    paused = await sending.message(Target(Channel.SLACK, "C0OTHER"), account="b", rank=1)
    post = FakeChannels()
    post.plan[DESK.address_key] = [failure(Failure.RATE_LIMITED, retry_after=120.0)]
    narrow = dict.fromkeys(Channel, ChannelLimits(concurrency=1))
    sender = sending.sender(post, channels=narrow, backoff=SLOW)
    async with sending.running(sender):
        await post.until(tried=1)
        others = [await sending.message(target, account="c") for target in (HOOK, DANA)]
        sender.wake()
        await post.until(arrived=2)
    assert sorted(post.arrived) == sorted(others)
    assert await sending.attempts(limited) == [Failure.RATE_LIMITED]
    assert await sending.attempts(paused) == []
    wait = await sending.next_due(sending.queue(), capacity=_only(DESK))
    assert wait is not None
    assert 100 < wait <= 120


def _only(target: Target) -> SendCapacity:
    return SendCapacity((KindCapacity("slack", target.channel, 1),), frozenset({"slack:C0OTHER"}))


async def test_an_address_that_fails_is_left_alone_for_a_while_by_other_accounts_too(sending: SendingHarness) -> None:
    await sending.message(DESK, account="a", rank=0)
    await sending.message(DESK, account="b", rank=1)
    post = FakeChannels()
    post.plan[DESK.address_key] = [failure(Failure.UNREACHABLE)]
    sender = sending.sender(post, backoff=SLOW)
    async with sending.running(sender):
        await post.until(tried=1)
        mail = await sending.message(DANA, account="a")
        sender.wake()
        await post.until(arrived=1)
    assert post.arrived == [mail]
    assert len(post.tried) == 2


async def test_a_way_that_is_given_up_is_followed_by_the_next_at_once(sending: SendingHarness) -> None:
    name = await sending.message(DESK, HOOK, DANA)
    post = FakeChannels()
    post.plan[DESK.address_key] = [failure(Failure.MISCONFIGURED, retryable=False)]
    post.plan[HOOK.address_key] = [failure(Failure.REFUSED, retryable=False)]
    told: list[tuple[int, str]] = []
    async with sending.running(sending.sender(post, undelivered=lambda *whose: told.append(whose))):
        await post.until(arrived=1)
    hook, mail = await sending.handed_on(name)
    assert post.arrived == [mail.notification_id]
    assert [(await sending.row(one)).status for one in (name, hook.notification_id)] == ["failed", "failed"]
    assert told == [(0, "acme"), (0, "acme")]
    assert [final for _, _, final in sending.tally.failures] == [True, True]


async def test_a_channel_without_settings_is_followed_by_the_next_way(sending: SendingHarness) -> None:
    name = await sending.message(DESK, DANA)
    post = FakeChannels()
    async with sending.running(sending.sender(post, clients={Channel.EMAIL: post})):
        await post.until(arrived=1)
    assert await sending.attempts(name) == [Failure.MISCONFIGURED]


async def test_a_message_is_given_up_when_the_time_given_is_over(sending: SendingHarness) -> None:
    name = await sending.message(DESK, DANA)
    await sending.send(sending.queue(), Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=0.0))
    await sending.execute("UPDATE alerts.attempt SET started = started - 4000")
    post = FakeChannels()
    post.plan[DESK.address_key] = [failure()]
    async with sending.running(sending.sender(post)):
        await post.until(arrived=1)
    assert await sending.attempts(name) == [Failure.UNAVAILABLE, Failure.TOO_OLD]
    assert post.tried[-1].target == DANA


class Picky(PlainRenderer):
    """Has no words for one account."""

    def render(self, content: MessageContent) -> RenderedMessage:
        if content.head.account_id == "unspeakable":
            raise ValueError("no words")
        return super().render(content)


async def test_a_message_that_cannot_be_written_harms_no_other(sending: SendingHarness) -> None:
    bad = await sending.message(account="unspeakable", rank=0)
    good = await sending.message(account="acme", rank=1)
    post = FakeChannels()
    async with sending.running(sending.sender(post, renderer=Picky())):
        await post.until(arrived=1)
    assert post.arrived == [good]
    assert (await sending.row(bad)).status == "failed"
    assert await sending.attempts(bad) == [Failure.REFUSED]


class Flaky(PostgresNotificationQueue):
    """A database that goes away around what is written down, `before` the COMMIT or `after` it, as planned."""

    def __init__(self, sending: SendingHarness, *plan: str) -> None:
        super().__init__(sending.engine, lease=LEASE, patience=10.0)
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
    sending: SendingHarness, plan: tuple[str, ...]
) -> None:
    """What became of it is kept in memory until it can be written down."""
    names = [await sending.message(account=account) for account in "ab"]
    post = FakeChannels()
    queue = Flaky(sending, *plan)
    async with sending.running(sending.sender(post, queue=queue)):
        await post.until(arrived=2)
        await queue.failed.wait()
    assert post.arrived == names
    for name in names:
        row = await sending.row(name)
        assert (row.status, row.maybe_told) == ("sent", False)
        assert (await sending.attempts(name))[-1] == "sent"


async def test_a_sender_says_that_the_database_is_away(sending: SendingHarness) -> None:
    queue = Flaky(sending, "before")
    post = FakeChannels()
    sender = sending.sender(post, queue=queue)
    await sending.message()
    async with sending.running(sender):
        await queue.failed.wait()
        assert sender.unavailable is not None
        await post.until(arrived=1)
        async with asyncio.timeout(60):
            while sender.unavailable is not None:  # noqa: ASYNC110 - it is said after the look that sent the message
                await asyncio.sleep(0.001)


async def test_a_message_that_cannot_be_read_is_counted_and_keeps_none_of_its_account_waiting(
    sending: SendingHarness,
) -> None:
    bad = await sending.message()
    await sending.execute("UPDATE alerts.notification SET ways = '[]'")
    good = await sending.message()
    post = FakeChannels()
    told: list[tuple[int, str]] = []
    async with sending.running(sending.sender(post, undelivered=lambda *whose: told.append(whose))):
        await post.until(arrived=1)
    assert post.arrived == [good]
    assert (await sending.row(bad)).status == "failed"
    assert sending.tally.failures == [(Channel.SLACK, Failure.UNREADABLE, True)]
    assert told == [(0, "acme")]


async def test_the_time_to_a_message_is_measured_by_the_wall_clock(sending: SendingHarness) -> None:
    name = await sending.message()
    signals = (await sending.row(name)).signals
    post = FakeChannels()
    async with sending.running(sending.sender(post, wall=lambda: 2_000_000_000.0)):
        await post.until(arrived=1)
    [(channel, seconds)] = sending.tally.sent_over
    assert channel is Channel.SLACK
    assert seconds is not None
    alert = schema.alert.c
    [happened] = await sending.rows(select(alert.at, alert.recorded).where(alert.signal_id == signals[0]))
    assert seconds == pytest.approx(2_000_000_000.0 - happened.at, abs=60)
    assert sending.tally.seconds_from_signal == [pytest.approx(2_000_000_000.0 - happened.recorded, abs=60)]
