"""Guarantee 7: the oldest message of a receiver and an account is claimed, by one replica, and written down first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from alerts.errors import Failure
from alerts.postgres.notification_queue import PostgresNotificationQueue
from alerts.postgres.transaction import ConnectionMode, autocommit
from alerts.routing.destination import Target
from alerts.samples import NOON, Sample
from alerts.sending.claims import ClaimedMessage, Failed, Sent
from alerts.sending.limits import KindCapacity, SendCapacity
from common.errors import Unreachable
from support.alerts_sending import AMPLE, DANA, DECIDED, DESK, HOOK, LEASE, SendingHarness

SENT = Sent()


def names(claimed: list[ClaimedMessage]) -> list[str]:
    return [one.notification_id for one in claimed]


async def test_a_claim_is_written_down_before_anything_is_sent(sending: SendingHarness) -> None:
    name = await sending.message()
    [claimed] = await sending.claim(sending.queue())
    row = await sending.row(name)
    assert (row.status, row.attempts, row.lease_token) == ("pending", 1, claimed.token)
    assert await sending.attempts(name) == [None]
    assert (claimed.attempt, claimed.target) == (1, DESK)


async def test_what_one_replica_holds_the_other_does_not_get(sending: SendingHarness) -> None:
    await sending.message()
    assert len(await sending.claim(sending.queue())) == 1
    assert await sending.claim(sending.queue()) == []


async def test_of_one_account_only_the_oldest_message_of_an_address_is_claimed(sending: SendingHarness) -> None:
    queue = sending.queue()
    older = await sending.message()
    newer = await sending.message(rank=0)
    [claimed] = await sending.claim(queue)
    assert claimed.notification_id == older
    assert await sending.claim(queue) == [], "not beside the one that is on its way"
    await queue.record(claimed, Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=500.0), ago=0.0)
    assert await sending.claim(queue) == [], "not before the one that will be tried again"
    await sending.let_all_be_due()
    await sending.send(queue, SENT)
    assert names(await sending.claim(queue)) == [newer]


async def test_an_older_message_that_came_to_light_later_waits_for_the_one_on_its_way(sending: SendingHarness) -> None:
    """Numbers are given before they can be seen: another transaction may have been slower."""
    late, early = await sending.message(), await sending.message()
    await sending.execute(f"UPDATE alerts.notification SET status = 'unseen' WHERE notification_id = '{late}'")
    queue = sending.queue()
    [claimed] = await sending.claim(queue)
    await sending.execute(f"UPDATE alerts.notification SET status = 'pending' WHERE notification_id = '{late}'")
    assert claimed.notification_id == early
    assert await sending.claim(queue) == []
    await queue.record(claimed, SENT, ago=0.0)
    assert names(await sending.claim(queue)) == [late]


async def test_each_address_gets_one_message_the_most_urgent_first_and_then_the_oldest(sending: SendingHarness) -> None:
    await sending.message(account="a", rank=2)
    urgent = await sending.message(account="b", rank=0)
    await sending.message(account="c", rank=0)
    mail = await sending.message(DANA, account="a", rank=1)
    assert names(await sending.claim(sending.queue())) == [urgent, mail]


async def test_the_bot_and_the_webhooks_share_the_slots_of_slack(sending: SendingHarness) -> None:
    await sending.message(DESK, account="a", rank=1)
    urgent = await sending.message(HOOK, account="b", rank=0)
    mail = await sending.message(DANA, account="c", rank=2)
    narrow = SendCapacity(tuple(KindCapacity(opening.kind, opening.channel, 1) for opening in AMPLE.kinds))
    assert names(await sending.claim(sending.queue(), capacity=narrow)) == [urgent, mail]


async def test_closed_addresses_and_channels_without_capacity_are_left_alone(sending: SendingHarness) -> None:
    await sending.message(DESK, account="a")
    await sending.message(DANA, account="b")
    hook = await sending.message(HOOK, account="c")
    openings = tuple(opening for opening in AMPLE.kinds if opening.channel is not Channel.EMAIL)
    asked = SendCapacity(openings, frozenset({DESK.address_key}))
    queue = sending.queue()
    assert names(await sending.claim(queue, capacity=asked)) == [hook]
    assert (
        await sending.next_due(queue, capacity=SendCapacity(openings, frozenset({DESK.address_key, HOOK.address_key})))
        is None
    )


async def test_only_what_was_asked_for_is_claimed(sending: SendingHarness) -> None:
    await sending.message(partition=1)
    queue = sending.queue()
    taken = await queue.claim({0}, AMPLE)
    assert (taken.messages, taken.next_due) == ((), None)
    assert len((await queue.claim({1}, AMPLE)).messages) == 1


async def test_what_is_not_due_is_not_claimed_but_announced(sending: SendingHarness) -> None:
    await sending.message()
    queue = sending.queue()
    await sending.send(queue, Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=500.0))
    wait = await sending.next_due(queue)
    assert wait is not None
    assert 400 < wait <= 500
    await sending.let_all_be_due()
    async with sending.engine.begin() as deciding:
        await deciding.execute(text("SELECT 1 FROM alerts.notification FOR UPDATE"))
        assert await sending.next_due(queue) == 0.0


async def test_a_claim_announces_only_what_there_is_capacity_for_beside_what_it_took(sending: SendingHarness) -> None:
    """The end of what it took is waited for anyhow."""
    queue = sending.queue()
    await sending.message(DANA, account="b")
    await sending.send(queue, Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=500.0))
    for target, account in ((DESK, "a"), (DESK, "c"), (HOOK, "a")):
        await sending.message(target, account=account)
    narrow = SendCapacity(tuple(KindCapacity(opening.kind, opening.channel, 1) for opening in AMPLE.kinds))
    taken = await queue.claim({0, 1}, narrow)
    assert [one.target for one in taken.messages] == [DESK]
    assert taken.next_due is not None
    assert taken.next_due > 400


async def test_what_another_replica_holds_is_announced_for_the_end_of_its_lease(sending: SendingHarness) -> None:
    await sending.message()
    await sending.claim(sending.queue())
    wait = await sending.next_due(sending.queue())
    assert wait is not None
    assert LEASE / 2 < wait <= LEASE


async def test_a_replica_that_died_loses_no_message(sending: SendingHarness) -> None:
    """Nobody can know whether it was sent: it goes again, and everybody may know why."""
    name = await sending.message()
    await sending.claim(sending.queue())
    await sending.let_leases_end()
    [again] = await sending.claim(sending.queue())
    assert (again.notification_id, again.attempt) == (name, 2)
    assert await sending.attempts(name) == [Failure.CUT_SHORT, None]
    assert (await sending.row(name)).maybe_told


async def test_a_failed_attempt_is_no_riddle_to_the_next_one(sending: SendingHarness) -> None:
    name = await sending.message()
    queue = sending.queue()
    await sending.send(queue, Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=0.0))
    await sending.claim(queue)
    assert await sending.attempts(name) == [Failure.UNAVAILABLE, None]
    assert not (await sending.row(name)).maybe_told


class Deaf(PostgresNotificationQueue):
    """A database whose first answers to a COMMIT are lost."""

    def __init__(self, inner: PostgresNotificationQueue, *, times: int = 1) -> None:
        super().__init__(inner._engine, lease=LEASE, patience=10.0)
        self.times = times

    @asynccontextmanager
    async def _connected(self, how: ConnectionMode = autocommit) -> AsyncIterator[AsyncConnection]:
        async with super()._connected(how) as connection:
            yield connection
        if self.times:
            self.times -= 1
            raise Unreachable("the connection broke during COMMIT")


async def test_a_claim_whose_answer_was_lost_is_not_lost(sending: SendingHarness) -> None:
    """Nothing can have been sent by then: no second attempt, no doubt, no waiting for the end of the lease."""
    name = await sending.message()
    queue = Deaf(sending.queue())
    with pytest.raises(Unreachable):
        await sending.claim(queue)
    [claimed] = await sending.claim(queue)
    assert (claimed.notification_id, claimed.attempt) == (name, 1)
    assert await sending.attempts(name) == [None]
    await queue.record(claimed, SENT, ago=0.0)
    assert (await sending.row(name)).status == "sent"


async def test_a_claim_in_doubt_that_failed_is_made_anew(sending: SendingHarness) -> None:
    queue = Deaf(sending.queue())
    with pytest.raises(Unreachable):
        await sending.claim(queue)
    name = await sending.message()
    assert names(await sending.claim(queue)) == [name]


async def test_a_row_in_somebodys_hands_is_passed_over_not_waited_for(sending: SendingHarness) -> None:
    """Whoever decides may be about to drop it."""
    held = await sending.message(account="a")
    free = await sending.message(DANA, account="b")
    queue = sending.queue()
    async with sending.engine.begin() as deciding:
        await deciding.execute(
            text("SELECT 1 FROM alerts.notification WHERE notification_id = :n FOR UPDATE"), {"n": held}
        )
        assert names(await sending.claim(queue)) == [free]
        await deciding.execute(
            text("UPDATE alerts.notification SET status = 'dropped' WHERE notification_id = :n"), {"n": held}
        )
    assert await sending.claim(queue) == []


async def test_many_replicas_at_once_share_the_messages_without_overlap(sending: SendingHarness) -> None:
    targets = [Target(Channel.SLACK, f"C{n}") for n in range(8)]
    every = {await sending.message(target, account=account) for target in targets for account in "abcd"}
    taken: list[str] = []

    async def replica() -> None:
        queue = sending.queue()
        while claimed := await sending.claim(queue):
            taken.extend(names(claimed))
            for one in claimed:
                await queue.record(one, SENT, ago=0.0)

    while len(taken) < len(every):
        await asyncio.gather(*(replica() for _ in range(4)))
    assert sorted(taken) == sorted(every)
    for name in every:
        assert await sending.attempts(name) == ["sent"]


async def test_replicas_that_look_at_the_same_moment_never_take_the_same_message(sending: SendingHarness) -> None:
    """A long list makes a look long: one replica commits while another still decides by what it saw before."""
    name = await sending.message()
    await sending.execute(
        f"""
        INSERT INTO alerts.notification (notification_id, partition, account_id, episode, receiver, address_key, ways,
            path, repeat_interval, reason, rank, signals, decided, status, maybe_told, attempts, due)
        SELECT 'copy ' || i, partition, 'account ' || i, episode, receiver, address_key, ways, path,
            repeat_interval, reason, rank, signals, decided, status, maybe_told, attempts, due
        FROM alerts.notification, generate_series(1, 3000) AS i WHERE notification_id = '{name}'
        """
    )
    taken: list[str] = []

    async def replica() -> None:
        queue = sending.queue()
        for _ in range(10):
            taken.extend(names(await sending.claim(queue)))

    await asyncio.gather(*(replica() for _ in range(4)))
    assert taken
    assert len(taken) == len(set(taken))


async def test_a_message_knows_the_first_and_the_newest_of_its_thread(sending: SendingHarness) -> None:
    opened = Sample(to="yellow").build()
    queue = sending.queue()
    sent = []
    for hour in range(3):
        signal = Sample(to="red", at=NOON + timedelta(hours=hour)).build()
        await sending.message(episode=opened.episode, signals=[signal], account=signal.account_id)
        sent.append(await sending.send(queue, Sent(thread=f"ts {hour}")))
    await sending.message(DANA, episode=opened.episode, account=opened.account_id, signals=[opened])
    (mail,) = await sending.claim(queue)
    await sending.message(
        episode=opened.episode, account=opened.account_id, signals=[opened, signal], reason=DecisionReason.WORSE
    )
    [claimed] = await sending.claim(queue)
    content = claimed.content(now=DECIDED)
    assert content.first is not None
    assert content.last is not None
    assert (content.first.notification_id, content.first.thread) == (sent[0].notification_id, "ts 0")
    assert (content.last.notification_id, content.last.thread) == (sent[2].notification_id, "ts 2")
    assert (content.signals, content.reason, content.now) == ((opened, signal), DecisionReason.WORSE, DECIDED)
    assert mail.content(now=DECIDED).first is None, "another address has its own thread"


@pytest.mark.parametrize("damage", ['ways = \'[{"channel": "pigeon"}]\'', "ways = '[]'", "signals = '{gone}'"])
async def test_a_stored_message_that_cannot_be_read_is_given_up_and_the_next_of_its_account_goes_on(
    sending: SendingHarness, damage: str
) -> None:
    name = await sending.message()
    await sending.execute(f"UPDATE alerts.notification SET {damage}")
    after = await sending.message()
    queue = sending.queue()
    taken = await queue.claim({0, 1}, AMPLE)
    assert taken.messages == ()
    assert [(one.notification_id, one.address_key) for one in taken.unreadable] == [(name, DESK.address_key)]
    row = await sending.row(name)
    assert (row.status, row.lease_token) == ("failed", None)
    assert await sending.attempts(name) == [Failure.UNREADABLE]
    assert names(await sending.claim(queue)) == [after]


async def test_a_database_that_cannot_do_it_is_unreachable(sending: SendingHarness) -> None:
    await sending.execute("DROP TABLE alerts.attempt")
    await sending.message()
    with pytest.raises(Unreachable):
        await sending.claim(sending.queue())
