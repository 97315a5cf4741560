"""What comes while something else is under way: in which order it is decided, and what is made of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from alerts.core.reasons import DecisionReason
from alerts.errors import Failure
from alerts.samples import BIRCH_FOODS, Sample
from common.contracts.signals import Kind
from common.topics import partition_of
from support.deciding import at, band, flag
from support.mailroom import failure
from support.voice import PARTITIONS, TOPIC, Running, Voice, titles, voice

HERE = partition_of(b"cust-001", PARTITIONS)
DESK, DANA = "slack:#desk", "slack:U0DANA"
OWNED = replace(BIRCH_FOODS, owner="dana@example.com")
OWNER = """
route: {receiver: owner}
receivers:
  - {name: owner, owner: true, else: desk}
  - {name: desk, email: {to: desk@example.com}}
people:
  dana@example.com: {name: Dana, slack: U0DANA}
"""


async def test_a_late_recovery_read_at_once_with_the_red_before_it_is_decided_after_it(heard: Voice) -> None:
    """Red was told in time; the recovery came late, because scoring was away in between, and so were we."""
    red = band("red")
    await heard.tell(red)
    heard.clock.now += 3600
    await heard.tell(band("green", hours=0.1, opens=red))
    await heard.start()
    await heard.caught_up(HERE)
    await heard.settled()
    assert heard.post.arrived == []
    assert (await heard.reasons())[-2:] == [("red", "recovered before told"), ("green", "recovered before told")]


async def test_what_is_late_after_fresh_word_waits_for_the_next_word(heard: Voice) -> None:
    await heard.tell(flag("support_storm"), band("red", hours=-2))
    await heard.start()
    await heard.settled()
    assert await heard.reasons() == [
        ("red", "late, waits for word that scoring has caught up"),
        ("support_storm", "new"),
    ]


async def test_a_message_that_is_looked_at_again_settles_nothing_that_is_late(heard: Voice) -> None:
    await heard.start()
    async with _on_its_way(heard):
        heard.post.plan[DESK] = [failure(retry_after=1.5)]  # longer than until it is looked at again
        await heard.tell(flag("support_storm"))
        await heard.post.until(tried=1)
        await heard.tell(band("red", hours=-1))
    await heard.settled()
    assert await heard.rows('SELECT "to" FROM alerts.alert WHERE waiting') == [("red",)]


async def test_red_that_fails_on_its_way_gives_way_to_the_yellow_that_came_meanwhile(heard: Voice) -> None:
    """Yellow was no news while red was taken for told."""
    await heard.start()
    red = band("red")
    async with _on_its_way(heard):
        heard.post.plan[DESK] = [failure(retry_after=1.5)]
        await heard.tell(red)
        await heard.post.until(tried=1)
        await heard.tell(band("yellow", hours=1, opens=red))
    await heard.settled()
    assert titles(heard.post.arrived) == ["🟡 Birch Foods is yellow: 78 → 60"]
    assert await heard.reasons() == [
        ("red", "new"),
        ("yellow", "better, but not recovered"),
        ("red", "overtaken before told"),
        ("yellow", "new"),
    ]


async def test_what_had_to_go_another_way_has_been_told_and_is_not_repeated(database: str) -> None:
    """Slack refuses for good, so everything goes by e-mail: within the repeat interval it goes once."""
    async with voice(database, routes=OWNER) as heard:
        heard.post.plan[DANA] = [failure(Failure.MISCONFIGURED, retryable=False) for _ in range(9)]
        await heard.start()
        for hour in range(3):
            heard.clock.now = at(hour).timestamp()
            await heard.tell(Sample(kind=Kind.FLAG, to="support_storm", at=at(hour), facts=OWNED).build())
            await heard.settled()
        assert [reason for _, reason in await heard.reasons()] == [
            "new",
            "handed on, the way before it failed",
            "told within the repeat interval",
            "told within the repeat interval",
        ]
        assert len(heard.post.arrived) == 1


async def test_thousands_of_late_signals_are_settled_by_one_word(heard: Voice) -> None:
    """More than one statement takes, and more than one transaction should hold."""
    running = await heard.start()
    late = [Sample(account=f"cust-{number:05d}", to="red", at=at(-2)).build() for number in range(10_000)]
    late = [one for one in late if partition_of(one.account_id.encode(), PARTITIONS) == HERE]
    await heard.tell(*late)
    await _read(heard)
    assert await heard.rows("SELECT count(*) FROM alerts.alert WHERE waiting") == [(len(late),)]
    heard.post.gate.clear()
    await heard.caught_up(HERE)
    await _read(heard)
    assert await heard.rows("SELECT count(*) FROM alerts.alert WHERE waiting") == [(0,)]
    assert await heard.rows("SELECT count(*) FROM alerts.notification") == [(len(late),)]
    await _leave(heard, running)


async def test_while_thousands_are_settled_the_other_partitions_have_their_turns(heard: Voice) -> None:
    running = await heard.start()
    accounts = [f"cust-{number:04d}" for number in range(4_000)]
    await heard.tell(*(Sample(account=one, to="red", at=at(-2)).build() for one in accounts if _is_here(one)))
    await _read(heard)
    heard.post.gate.clear()
    await heard.caught_up(HERE)
    async with asyncio.timeout(60):
        while not await heard.rows("SELECT 1 FROM alerts.notification LIMIT 1"):  # noqa: ASYNC110 - no row tells us
            await asyncio.sleep(0.01)
    elsewhere = next(one for one in accounts if not _is_here(one))
    await heard.tell(Sample(account=elsewhere, to="red").build())
    await _read(heard)
    query = f"""SELECT account_id FROM alerts.decision JOIN alerts.alert USING (signal_id)
                WHERE reason <> '{DecisionReason.LATE}' ORDER BY decision.seq"""
    decided = [row[0] for row in await heard.rows(query)]
    assert decided.index(elsewhere) < len(decided) - 1
    assert await heard.rows("SELECT count(*) FROM alerts.alert WHERE waiting") == [(0,)]
    await _leave(heard, running)


async def test_one_partition_s_messages_do_not_wait_for_another_one_s_database(heard: Voice) -> None:
    await heard.start()
    await heard.caught_up(0)
    await heard.caught_up(1)
    await heard.settled()
    elsewhere = next(name for n in range(9) if not _is_here(name := f"cust-{n:03d}"))
    async with heard.engine.begin() as holding:
        await holding.exec_driver_sql(f"SELECT 1 FROM alerts.progress WHERE partition = {HERE} FOR UPDATE")
        await asyncio.gather(heard.tell(band("red")), heard.tell(Sample(account=elsewhere, to="red").build()))
        await heard.post.until(arrived=1)
    await heard.settled()
    assert len(heard.post.arrived) == 2


async def test_a_full_run_to_many_receivers_is_decided(database: str) -> None:
    """More messages than one statement has room for."""
    names = [f"desk-{number}" for number in range(6)]
    routes = "".join(f"\n    - {{receiver: {name}, continue: true}}" for name in names)
    receivers = "".join(f"\n  - {{name: {name}, email: {{to: {name}@example.com}}}}" for name in names)
    async with voice(
        database, routes=f"route:\n  receiver: desk-0\n  routes:{routes}\nreceivers:{receivers}\n"
    ) as heard:
        heard.post.gate.clear()
        accounts = [f"cust-{number:04d}" for number in range(1000)]
        here = [one for one in accounts if partition_of(one.encode(), PARTITIONS) == HERE]
        await heard.tell(*(Sample(account=account, to="red").build() for account in here))
        running = await heard.start()
        await _read(heard)
        assert await heard.rows("SELECT count(*) FROM alerts.notification") == [(len(here) * len(names),)]
        await _leave(heard, running)


async def test_while_the_database_is_away_nothing_is_known_so_it_reads_to_the_end_before_it_sends(heard: Voice) -> None:
    running = await heard.start()
    await heard.tell(flag("downgrade"))
    await heard.settled()
    worker = running.replica.worker
    assert HERE in worker.open_partitions()
    await _execute(heard, "ALTER TABLE alerts.progress RENAME TO elsewhere")
    await heard.tell(flag("support_storm", hours=1))
    async with asyncio.timeout(20):
        while HERE in worker.open_partitions():  # noqa: ASYNC110 - a gate that closes tells nobody
            await asyncio.sleep(0.01)
    await _execute(heard, "ALTER TABLE alerts.elsewhere RENAME TO progress")
    await heard.settled()
    assert len(heard.post.arrived) == 2


async def test_connections_that_died_while_there_was_nothing_to_do_keep_no_message(heard: Voice) -> None:
    await heard.start()
    await heard.tell(flag("downgrade"))
    await heard.settled()
    await _execute(
        heard,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    await heard.tell(flag("support_storm", hours=1))
    await heard.post.until(arrived=2)
    await heard.settled()
    assert [reason for _, reason in await heard.reasons()] == ["new", "new"]
    assert len(heard.post.arrived) == 2


async def test_a_step_with_a_character_that_a_database_cannot_hold_holds_up_nobody(heard: Voice) -> None:
    await heard.start()
    await heard.tell(Sample(kind=Kind.MILESTONE_MISSED, to="go\0live").build())
    await heard.settled()
    assert len(heard.post.arrived) == 1


def _is_here(account: str) -> bool:
    return partition_of(account.encode(), PARTITIONS) == HERE


@asynccontextmanager
async def _on_its_way(heard: Voice) -> AsyncIterator[None]:
    """What is sent meanwhile stays on its way until all has been read."""
    await heard.caught_up(HERE)
    await heard.settled()
    heard.post.gate.clear()
    yield
    await _read(heard)
    heard.post.gate.set()


async def _read(heard: Voice) -> None:
    """When all that the log holds here is decided."""
    end = heard.broker.topics[TOPIC].partitions[HERE].end
    async with asyncio.timeout(60):
        while await heard.rows(f"SELECT to_offset FROM alerts.progress WHERE partition = {HERE}") != [(end,)]:
            for one in heard.running:
                one.check()
            await asyncio.sleep(0.01)


async def _leave(heard: Voice, running: Running) -> None:
    """With what it has not sent."""
    heard.running.remove(running)
    await running.kill()


async def _execute(heard: Voice, statement: str) -> None:
    async with heard.engine.begin() as connection:
        await connection.exec_driver_sql(statement)
