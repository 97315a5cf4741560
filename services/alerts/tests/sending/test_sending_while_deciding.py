"""Deciding and sending meet at a message: whoever decides sees what became of it."""

import asyncio

from sqlalchemy import text

from alerts.postgres.account_history import load_histories
from support.alerts_sending import DANA, DESK, SendingHarness

HAND_ON = text("""
INSERT INTO alerts.notification (notification_id, partition, account_id, episode, receiver, address_key, ways, path,
    repeat_interval, reason, rank, signals, decided, status, maybe_told, attempts, due)
SELECT 'next', partition, account_id, episode, receiver, :address_key, ways, path,
    repeat_interval, reason, rank, signals, decided, 'pending', false, 0, due
FROM alerts.notification WHERE notification_id = :name
""")
END = text("UPDATE alerts.notification SET status = :status WHERE notification_id = :name")
WAITS = text("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


async def waits(sending: SendingHarness) -> bool:
    return bool(await sending.rows(WAITS))


async def test_what_is_handed_on_while_deciding_waits_for_it_is_seen_and_held(sending: SendingHarness) -> None:
    """The message that was waited for has failed by then; the one after it was not there at the first look."""
    name = await sending.message(DESK, DANA)
    async with sending.engine.connect() as sender, sending.engine.begin() as deciding:
        await sender.execute(END, {"name": name, "status": "failed"})
        loading = asyncio.create_task(load_histories(deciding, ["acme"], final=()))
        await sending.until(lambda: waits(sending))
        await sender.execute(HAND_ON, {"name": name, "address_key": DANA.address_key})
        await sender.commit()
        [history], unreadable = await loading
        assert [one.notification_id for one in history.pending] == ["next"]
        assert unreadable == []
        assert await sending.claim(sending.queue()) == [], "no sender takes it meanwhile"


async def test_what_is_sent_while_deciding_waits_for_it_has_been_told(sending: SendingHarness) -> None:
    name = await sending.message()
    async with sending.engine.connect() as sender, sending.engine.begin() as deciding:
        await sender.execute(END, {"name": name, "status": "sent"})
        loading = asyncio.create_task(load_histories(deciding, ["acme"], final=()))
        await sending.until(lambda: waits(sending))
        await sender.commit()
        [history], _ = await loading
    assert history.pending == ()
    assert [told.sure for told in history.told] == [True]
