"""Deciding and sending meet at a message: whoever decides sees what became of it."""

import asyncio

from sqlalchemy import text

from alerts.dossiers import load_histories
from support.mailroom import DANA, DESK, Mailroom

HAND_ON = text("""
INSERT INTO alerts.notification (notification_id, partition, account_id, episode, receiver, lane, ways, path,
    repeat_interval, reason, rank, signals, decided, status, maybe_told, attempts, due)
SELECT 'next', partition, account_id, episode, receiver, :lane, ways, path,
    repeat_interval, reason, rank, signals, decided, 'pending', false, 0, due
FROM alerts.notification WHERE notification_id = :name
""")
END = text("UPDATE alerts.notification SET status = :status WHERE notification_id = :name")
WAITS = text("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


async def waits(room: Mailroom) -> bool:
    return bool(await room.rows(WAITS))


async def test_what_is_handed_on_while_deciding_waits_for_it_is_seen_and_held(room: Mailroom) -> None:
    """The message that was waited for has failed by then; the one after it was not there at the first look."""
    name = await room.message(DESK, DANA)
    async with room.engine.connect() as sending, room.engine.begin() as deciding:
        await sending.execute(END, {"name": name, "status": "failed"})
        loading = asyncio.create_task(load_histories(deciding, ["acme"], final=()))
        await room.until(lambda: waits(room))
        await sending.execute(HAND_ON, {"name": name, "lane": DANA.lane})
        await sending.commit()
        [history], damaged = await loading
        assert [one.notification_id for one in history.pending] == ["next"]
        assert damaged == []
        assert await room.claim(room.queue()) == [], "no sender takes it meanwhile"


async def test_what_is_sent_while_deciding_waits_for_it_has_been_told(room: Mailroom) -> None:
    name = await room.message()
    async with room.engine.connect() as sending, room.engine.begin() as deciding:
        await sending.execute(END, {"name": name, "status": "sent"})
        loading = asyncio.create_task(load_histories(deciding, ["acme"], final=()))
        await room.until(lambda: waits(room))
        await sending.commit()
        [history], _ = await loading
    assert history.pending == ()
    assert [told.sure for told in history.told] == [True]
