"""Guarantee 7: the oldest message of a receiver and an account is claimed, by one replica, and written down first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from alerts.core.destination import Channel, Target
from alerts.core.reasons import DecisionReason
from alerts.errors import Failure, Unreachable
from alerts.samples import NOON, Sample
from alerts.sending.claims import ClaimedMessage, Failed, Sent
from alerts.sending.limits import KindCapacity, SendCapacity
from alerts.sending.outgoing import PostgresNotificationQueue
from alerts.transaction import ConnectionMode, autocommit
from support.mailroom import DANA, DECIDED, DESK, HOOK, LEASE, ROOMY, Mailroom

SENT = Sent()


def names(claimed: list[ClaimedMessage]) -> list[str]:
    return [one.notification_id for one in claimed]


async def test_a_claim_is_written_down_before_anything_is_sent(room: Mailroom) -> None:
    name = await room.message()
    [claimed] = await room.claim(room.queue())
    row = await room.row(name)
    assert (row.status, row.attempts, row.lease_token) == ("pending", 1, claimed.token)
    assert await room.attempts(name) == [None]
    assert (claimed.attempt, claimed.target) == (1, DESK)


async def test_what_one_replica_holds_the_other_does_not_get(room: Mailroom) -> None:
    await room.message()
    assert len(await room.claim(room.queue())) == 1
    assert await room.claim(room.queue()) == []


async def test_of_one_account_only_the_oldest_message_of_a_lane_is_claimed(room: Mailroom) -> None:
    queue = room.queue()
    older = await room.message()
    newer = await room.message(rank=0)
    [claimed] = await room.claim(queue)
    assert claimed.notification_id == older
    assert await room.claim(queue) == [], "not beside the one that is on its way"
    await queue.record(claimed, Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=500.0), ago=0.0)
    assert await room.claim(queue) == [], "not before the one that will be tried again"
    await room.let_all_be_due()
    await room.send(queue, SENT)
    assert names(await room.claim(queue)) == [newer]


async def test_an_older_message_that_came_to_light_later_waits_for_the_one_on_its_way(room: Mailroom) -> None:
    """Numbers are given before they can be seen: another transaction may have been slower."""
    late, early = await room.message(), await room.message()
    await room.execute(f"UPDATE alerts.notification SET status = 'unseen' WHERE notification_id = '{late}'")
    queue = room.queue()
    [claimed] = await room.claim(queue)
    await room.execute(f"UPDATE alerts.notification SET status = 'pending' WHERE notification_id = '{late}'")
    assert claimed.notification_id == early
    assert await room.claim(queue) == []
    await queue.record(claimed, SENT, ago=0.0)
    assert names(await room.claim(queue)) == [late]


async def test_each_lane_gets_one_message_the_most_urgent_first_and_then_the_oldest(room: Mailroom) -> None:
    await room.message(account="a", rank=2)
    urgent = await room.message(account="b", rank=0)
    await room.message(account="c", rank=0)
    mail = await room.message(DANA, account="a", rank=1)
    assert names(await room.claim(room.queue())) == [urgent, mail]


async def test_the_bot_and_the_webhooks_share_the_slots_of_slack(room: Mailroom) -> None:
    await room.message(DESK, account="a", rank=1)
    urgent = await room.message(HOOK, account="b", rank=0)
    mail = await room.message(DANA, account="c", rank=2)
    narrow = SendCapacity(tuple(KindCapacity(opening.kind, opening.channel, 1) for opening in ROOMY.openings))
    assert names(await room.claim(room.queue(), room=narrow)) == [urgent, mail]


async def test_closed_lanes_and_channels_without_room_are_left_alone(room: Mailroom) -> None:
    await room.message(DESK, account="a")
    await room.message(DANA, account="b")
    hook = await room.message(HOOK, account="c")
    openings = tuple(opening for opening in ROOMY.openings if opening.channel is not Channel.EMAIL)
    asked = SendCapacity(openings, frozenset({DESK.lane}))
    queue = room.queue()
    assert names(await room.claim(queue, room=asked)) == [hook]
    assert await room.next_due(queue, room=SendCapacity(openings, frozenset({DESK.lane, HOOK.lane}))) is None


async def test_only_what_was_asked_for_is_claimed(room: Mailroom) -> None:
    await room.message(partition=1)
    queue = room.queue()
    taken = await queue.claim({0}, ROOMY)
    assert (taken.messages, taken.next_due) == ((), None)
    assert len((await queue.claim({1}, ROOMY)).messages) == 1


async def test_what_is_not_due_is_not_claimed_but_announced(room: Mailroom) -> None:
    await room.message()
    queue = room.queue()
    await room.send(queue, Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=500.0))
    wait = await room.next_due(queue)
    assert wait is not None
    assert 400 < wait <= 500
    await room.let_all_be_due()
    async with room.engine.begin() as deciding:
        await deciding.execute(text("SELECT 1 FROM alerts.notification FOR UPDATE"))
        assert await room.next_due(queue) == 0.0


async def test_a_look_announces_only_what_there_is_room_for_beside_what_it_took(room: Mailroom) -> None:
    """The end of what it took is waited for anyhow."""
    queue = room.queue()
    await room.message(DANA, account="b")
    await room.send(queue, Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=500.0))
    for target, account in ((DESK, "a"), (DESK, "c"), (HOOK, "a")):
        await room.message(target, account=account)
    narrow = SendCapacity(tuple(KindCapacity(opening.kind, opening.channel, 1) for opening in ROOMY.openings))
    taken = await queue.claim({0, 1}, narrow)
    assert [one.target for one in taken.messages] == [DESK]
    assert taken.next_due is not None
    assert taken.next_due > 400


async def test_what_another_replica_holds_is_announced_for_the_end_of_its_lease(room: Mailroom) -> None:
    await room.message()
    await room.claim(room.queue())
    wait = await room.next_due(room.queue())
    assert wait is not None
    assert LEASE / 2 < wait <= LEASE


async def test_a_replica_that_died_loses_no_message(room: Mailroom) -> None:
    """Nobody can know whether it was sent: it goes again, and everybody may know why."""
    name = await room.message()
    await room.claim(room.queue())
    await room.let_leases_end()
    [again] = await room.claim(room.queue())
    assert (again.notification_id, again.attempt) == (name, 2)
    assert await room.attempts(name) == [Failure.CUT_SHORT, None]
    assert (await room.row(name)).maybe_told


async def test_a_failed_attempt_is_no_riddle_to_the_next_one(room: Mailroom) -> None:
    name = await room.message()
    queue = room.queue()
    await room.send(queue, Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=0.0))
    await room.claim(queue)
    assert await room.attempts(name) == [Failure.UNAVAILABLE, None]
    assert not (await room.row(name)).maybe_told


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


async def test_a_claim_whose_answer_was_lost_is_not_lost(room: Mailroom) -> None:
    """Nothing can have been sent by then: no second attempt, no doubt, no waiting for the end of the lease."""
    name = await room.message()
    queue = Deaf(room.queue())
    with pytest.raises(Unreachable):
        await room.claim(queue)
    [claimed] = await room.claim(queue)
    assert (claimed.notification_id, claimed.attempt) == (name, 1)
    assert await room.attempts(name) == [None]
    await queue.record(claimed, SENT, ago=0.0)
    assert (await room.row(name)).status == "sent"


async def test_a_claim_in_doubt_that_failed_is_made_anew(room: Mailroom) -> None:
    queue = Deaf(room.queue())
    with pytest.raises(Unreachable):
        await room.claim(queue)
    name = await room.message()
    assert names(await room.claim(queue)) == [name]


async def test_a_row_in_somebodys_hands_is_passed_over_not_waited_for(room: Mailroom) -> None:
    """Whoever decides may be about to drop it."""
    held = await room.message(account="a")
    free = await room.message(DANA, account="b")
    queue = room.queue()
    async with room.engine.begin() as deciding:
        await deciding.execute(
            text("SELECT 1 FROM alerts.notification WHERE notification_id = :n FOR UPDATE"), {"n": held}
        )
        assert names(await room.claim(queue)) == [free]
        await deciding.execute(
            text("UPDATE alerts.notification SET status = 'dropped' WHERE notification_id = :n"), {"n": held}
        )
    assert await room.claim(queue) == []


async def test_many_replicas_at_once_share_the_messages_without_overlap(room: Mailroom) -> None:
    lanes = [Target(Channel.SLACK, f"C{n}") for n in range(8)]
    every = {await room.message(lane, account=account) for lane in lanes for account in "abcd"}
    taken: list[str] = []

    async def replica() -> None:
        queue = room.queue()
        while claimed := await room.claim(queue):
            taken.extend(names(claimed))
            for one in claimed:
                await queue.record(one, SENT, ago=0.0)

    while len(taken) < len(every):
        await asyncio.gather(*(replica() for _ in range(4)))
    assert sorted(taken) == sorted(every)
    for name in every:
        assert await room.attempts(name) == ["sent"]


async def test_replicas_that_look_at_the_same_moment_never_take_the_same_message(room: Mailroom) -> None:
    """A long list makes a look long: one replica commits while another still decides by what it saw before."""
    name = await room.message()
    await room.execute(
        f"""
        INSERT INTO alerts.notification (notification_id, partition, account_id, episode, receiver, lane, ways, path,
            repeat_interval, reason, rank, signals, decided, status, maybe_told, attempts, due)
        SELECT 'copy ' || i, partition, 'account ' || i, episode, receiver, lane, ways, path,
            repeat_interval, reason, rank, signals, decided, status, maybe_told, attempts, due
        FROM alerts.notification, generate_series(1, 3000) AS i WHERE notification_id = '{name}'
        """
    )
    taken: list[str] = []

    async def replica() -> None:
        queue = room.queue()
        for _ in range(10):
            taken.extend(names(await room.claim(queue)))

    await asyncio.gather(*(replica() for _ in range(4)))
    assert taken
    assert len(taken) == len(set(taken))


async def test_a_message_knows_the_first_and_the_newest_of_its_thread(room: Mailroom) -> None:
    opened = Sample(to="yellow").build()
    queue = room.queue()
    sent = []
    for hour in range(3):
        signal = Sample(to="red", at=NOON + timedelta(hours=hour)).build()
        await room.message(episode=opened.episode, signals=[signal], account=signal.account_id)
        sent.append(await room.send(queue, Sent(thread=f"ts {hour}")))
    await room.message(DANA, episode=opened.episode, account=opened.account_id, signals=[opened])
    (mail,) = await room.claim(queue)
    await room.message(
        episode=opened.episode, account=opened.account_id, signals=[opened, signal], reason=DecisionReason.WORSE
    )
    [claimed] = await room.claim(queue)
    content = claimed.content(now=DECIDED)
    assert content.first is not None
    assert content.last is not None
    assert (content.first.notification_id, content.first.thread) == (sent[0].notification_id, "ts 0")
    assert (content.last.notification_id, content.last.thread) == (sent[2].notification_id, "ts 2")
    assert (content.signals, content.reason, content.now) == ((opened, signal), DecisionReason.WORSE, DECIDED)
    assert mail.content(now=DECIDED).first is None, "another lane has its own thread"


@pytest.mark.parametrize("damage", ['ways = \'[{"channel": "pigeon"}]\'', "ways = '[]'", "signals = '{gone}'"])
async def test_a_stored_message_that_cannot_be_read_is_given_up_and_the_next_of_its_account_goes_on(
    room: Mailroom, damage: str
) -> None:
    name = await room.message()
    await room.execute(f"UPDATE alerts.notification SET {damage}")
    after = await room.message()
    queue = room.queue()
    taken = await queue.claim({0, 1}, ROOMY)
    assert taken.messages == ()
    assert [(one.notification_id, one.lane) for one in taken.unreadable] == [(name, DESK.lane)]
    row = await room.row(name)
    assert (row.status, row.lease_token) == ("failed", None)
    assert await room.attempts(name) == [Failure.UNREADABLE]
    assert names(await room.claim(queue)) == [after]


async def test_a_database_that_cannot_do_it_is_unreachable(room: Mailroom) -> None:
    await room.execute("DROP TABLE alerts.attempt")
    await room.message()
    with pytest.raises(Unreachable):
        await room.claim(room.queue())
