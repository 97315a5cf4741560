"""What comes while something else is under way: in which order it is decided, and what is made of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from alerts.decisions.reasons import DecisionReason
from alerts.errors import Failure
from alerts.samples import BIRCH_FOODS, Sample
from common.bus.partitioner import partition_of
from common.contracts.signals import Kind
from support.alerts_decisions import at, band, flag
from support.alerts_replicas import PARTITIONS, TOPIC, ReplicasHarness, Running, replicas_harness, titles
from support.alerts_sending import failure

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


async def test_a_late_recovery_read_at_once_with_the_red_before_it_is_decided_after_it(
    replicas: ReplicasHarness,
) -> None:
    """Red was told in time; the recovery came late, because scoring was away in between, and so were we."""
    red = band("red")
    await replicas.tell(red)
    replicas.clock.now += 3600
    await replicas.tell(band("green", hours=0.1, opens=red))
    await replicas.start()
    await replicas.caught_up(HERE)
    await replicas.settled()
    assert replicas.post.arrived == []
    assert (await replicas.reasons())[-2:] == [("red", "recovered before told"), ("green", "recovered before told")]


async def test_what_is_late_after_fresh_word_waits_for_the_next_word(replicas: ReplicasHarness) -> None:
    await replicas.tell(flag("support_storm"), band("red", hours=-2))
    await replicas.start()
    await replicas.settled()
    assert await replicas.reasons() == [
        ("red", "late, waits for word that scoring has caught up"),
        ("support_storm", "new"),
    ]


async def test_a_message_that_is_looked_at_again_settles_nothing_that_is_late(replicas: ReplicasHarness) -> None:
    await replicas.start()
    async with _on_its_way(replicas):
        replicas.post.plan[DESK] = [failure(retry_after=1.5)]  # longer than until it is looked at again
        await replicas.tell(flag("support_storm"))
        await replicas.post.until(tried=1)
        await replicas.tell(band("red", hours=-1))
    await replicas.settled()
    assert await replicas.rows('SELECT "to" FROM alerts.alert WHERE waiting') == [("red",)]


async def test_red_that_fails_on_its_way_gives_way_to_the_yellow_that_came_meanwhile(replicas: ReplicasHarness) -> None:
    """Yellow was no news while red was taken for told."""
    await replicas.start()
    red = band("red")
    async with _on_its_way(replicas):
        replicas.post.plan[DESK] = [failure(retry_after=1.5)]
        await replicas.tell(red)
        await replicas.post.until(tried=1)
        await replicas.tell(band("yellow", hours=1, opens=red))
    await replicas.settled()
    assert titles(replicas.post.arrived) == ["🟡 Birch Foods is yellow: 78 → 60"]
    assert await replicas.reasons() == [
        ("red", "new"),
        ("yellow", "better, but not recovered"),
        ("red", "overtaken before told"),
        ("yellow", "new"),
    ]


async def test_what_had_to_go_another_way_has_been_told_and_is_not_repeated(database: str) -> None:
    """Slack refuses for good, so everything goes by e-mail: within the repeat interval it goes once."""
    async with replicas_harness(database, routes=OWNER) as replicas:
        replicas.post.plan[DANA] = [failure(Failure.MISCONFIGURED, retryable=False) for _ in range(9)]
        await replicas.start()
        for hour in range(3):
            replicas.clock.now = at(hour).timestamp()
            await replicas.tell(Sample(kind=Kind.FLAG, to="support_storm", at=at(hour), facts=OWNED).build())
            await replicas.settled()
        assert [reason for _, reason in await replicas.reasons()] == [
            "new",
            "handed on, the way before it failed",
            "told within the repeat interval",
            "told within the repeat interval",
        ]
        assert len(replicas.post.arrived) == 1


async def test_thousands_of_late_signals_are_settled_by_one_word(replicas: ReplicasHarness) -> None:
    """More than one statement takes, and more than one transaction should hold."""
    running = await replicas.start()
    late = [Sample(account=f"cust-{number:05d}", to="red", at=at(-2)).build() for number in range(10_000)]
    late = [one for one in late if partition_of(one.account_id.encode(), PARTITIONS) == HERE]
    await replicas.tell(*late)
    await _read(replicas)
    assert await replicas.rows("SELECT count(*) FROM alerts.alert WHERE waiting") == [(len(late),)]
    replicas.post.gate.clear()
    await replicas.caught_up(HERE)
    await _read(replicas)
    assert await replicas.rows("SELECT count(*) FROM alerts.alert WHERE waiting") == [(0,)]
    assert await replicas.rows("SELECT count(*) FROM alerts.notification") == [(len(late),)]
    await _leave(replicas, running)


async def test_while_thousands_are_settled_the_other_partitions_have_their_turns(replicas: ReplicasHarness) -> None:
    running = await replicas.start()
    accounts = [f"cust-{number:04d}" for number in range(4_000)]
    await replicas.tell(*(Sample(account=one, to="red", at=at(-2)).build() for one in accounts if _is_here(one)))
    await _read(replicas)
    replicas.post.gate.clear()
    await replicas.caught_up(HERE)
    await _decides(replicas)
    elsewhere = next(one for one in accounts if not _is_here(one))
    await replicas.tell(Sample(account=elsewhere, to="red").build())
    await _read(replicas)
    query = f"""SELECT account_id FROM alerts.decision JOIN alerts.alert USING (signal_id)
                WHERE reason <> '{DecisionReason.LATE}' ORDER BY decision.seq"""
    decided = [row[0] for row in await replicas.rows(query)]
    assert decided.index(elsewhere) < len(decided) - 1
    assert await replicas.rows("SELECT count(*) FROM alerts.alert WHERE waiting") == [(0,)]
    await _leave(replicas, running)


async def test_while_thousands_are_settled_the_partition_is_handed_over_after_the_transaction_under_way(
    replicas: ReplicasHarness,
) -> None:
    first = await replicas.start()
    accounts = [name for number in range(6_000) if _is_here(name := f"cust-{number:04d}")]
    await replicas.tell(*(Sample(account=one, to="red", at=at(-2)).build() for one in accounts))
    await _read(replicas)
    await replicas.caught_up(HERE)
    await _decides(replicas)
    await first.stop()
    replicas.running.remove(first)
    assert await replicas.rows("SELECT count(*) > 500 FROM alerts.alert WHERE waiting") == [(True,)]
    replicas.post.gate.clear()
    second = await replicas.start()
    await _read(replicas)
    assert await replicas.rows("SELECT count(*) FROM alerts.alert WHERE waiting") == [(0,)]
    assert await replicas.rows("SELECT count(*) FROM alerts.notification") == [(len(accounts),)]
    await _leave(replicas, second)


async def test_one_partition_s_messages_do_not_wait_for_another_one_s_database(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.caught_up(0)
    await replicas.caught_up(1)
    await replicas.settled()
    elsewhere = next(name for n in range(9) if not _is_here(name := f"cust-{n:03d}"))
    async with replicas.engine.begin() as holding:
        await holding.exec_driver_sql(f"SELECT 1 FROM alerts.progress WHERE partition = {HERE} FOR UPDATE")
        await asyncio.gather(replicas.tell(band("red")), replicas.tell(Sample(account=elsewhere, to="red").build()))
        await replicas.post.until(arrived=1)
    await replicas.settled()
    assert len(replicas.post.arrived) == 2


async def test_a_full_run_to_many_receivers_is_decided(database: str) -> None:
    """More messages than one statement has slots for."""
    names = [f"desk-{number}" for number in range(6)]
    routes = "".join(f"\n    - {{receiver: {name}, continue: true}}" for name in names)
    receivers = "".join(f"\n  - {{name: {name}, email: {{to: {name}@example.com}}}}" for name in names)
    async with replicas_harness(
        database, routes=f"route:\n  receiver: desk-0\n  routes:{routes}\nreceivers:{receivers}\n"
    ) as replicas:
        replicas.post.gate.clear()
        accounts = [f"cust-{number:04d}" for number in range(1000)]
        here = [one for one in accounts if partition_of(one.encode(), PARTITIONS) == HERE]
        await replicas.tell(*(Sample(account=account, to="red").build() for account in here))
        running = await replicas.start()
        await _read(replicas)
        assert await replicas.rows("SELECT count(*) FROM alerts.notification") == [(len(here) * len(names),)]
        await _leave(replicas, running)


async def test_while_the_database_is_away_nothing_is_known_so_it_reads_to_the_end_before_it_sends(
    replicas: ReplicasHarness,
) -> None:
    running = await replicas.start()
    await replicas.tell(flag("downgrade"))
    await replicas.settled()
    worker = running.replica.worker
    assert HERE in worker.open_partitions()
    await _execute(replicas, "ALTER TABLE alerts.progress RENAME TO elsewhere")
    await replicas.tell(flag("support_storm", hours=1))
    async with asyncio.timeout(60):
        while HERE in worker.open_partitions():  # noqa: ASYNC110 - a gate that closes tells nobody
            await asyncio.sleep(0.01)
    await _execute(replicas, "ALTER TABLE alerts.elsewhere RENAME TO progress")
    await replicas.settled()
    assert len(replicas.post.arrived) == 2


async def test_connections_that_died_while_there_was_nothing_to_do_keep_no_message(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.tell(flag("downgrade"))
    await replicas.settled()
    await _execute(
        replicas,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    await replicas.tell(flag("support_storm", hours=1))
    await replicas.post.until(arrived=2)
    await replicas.settled()
    assert [reason for _, reason in await replicas.reasons()] == ["new", "new"]
    assert len(replicas.post.arrived) == 2


async def test_a_step_with_a_character_that_a_database_cannot_hold_holds_up_nobody(replicas: ReplicasHarness) -> None:
    await replicas.start()
    await replicas.tell(Sample(kind=Kind.MILESTONE_MISSED, to="go\0live").build())
    await replicas.settled()
    assert len(replicas.post.arrived) == 1


def _is_here(account: str) -> bool:
    return partition_of(account.encode(), PARTITIONS) == HERE


@asynccontextmanager
async def _on_its_way(replicas: ReplicasHarness) -> AsyncIterator[None]:
    """What is sent meanwhile stays on its way until all has been read."""
    await replicas.caught_up(HERE)
    await replicas.settled()
    replicas.post.gate.clear()
    yield
    await _read(replicas)
    replicas.post.gate.set()


async def _read(replicas: ReplicasHarness) -> None:
    """When all that the log holds here is decided."""
    end = replicas.broker.topics[TOPIC].partitions[HERE].end
    async with asyncio.timeout(60):
        while await replicas.rows(f"SELECT to_offset FROM alerts.progress WHERE partition = {HERE}") != [(end,)]:
            for one in replicas.running:
                one.check()
            await asyncio.sleep(0.01)


async def _decides(replicas: ReplicasHarness) -> None:
    """When the first messages are decided."""
    async with asyncio.timeout(60):
        while not await replicas.rows("SELECT 1 FROM alerts.notification LIMIT 1"):  # noqa: ASYNC110 - no row tells us
            await asyncio.sleep(0.01)


async def _leave(replicas: ReplicasHarness, running: Running) -> None:
    """With what it has not sent."""
    replicas.running.remove(running)
    await running.kill()


async def _execute(replicas: ReplicasHarness, statement: str) -> None:
    async with replicas.engine.begin() as connection:
        await connection.exec_driver_sql(statement)
