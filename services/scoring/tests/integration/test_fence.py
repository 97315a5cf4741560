"""Guarantee 3: of two writers one is undone, whole; a commit in doubt is neither lost nor counted twice."""

import asyncio

import pytest

from common import database
from common.errors import Doubt, Fenced, Unreachable
from scoring.partition.commit import Commit
from scoring.postgres.store import PostgresStore
from scoring.worker.context import WorkerLimits
from support.commits import Hurt, commit
from support.scoring_harness import DAY, START, TOPICS, ScoringHarness, event, ids


async def undisturbed(stream: ScoringHarness) -> dict[str, list[tuple[object, ...]]]:
    """What the log comes to when nothing goes wrong; then the database is empty again."""
    await stream.score()
    rows = await stream.rows()
    rows["told"] = [(one,) for one in ids(stream.signals())]
    await stream.empty(keep_log=True)
    return rows


async def outcome(stream: ScoringHarness) -> dict[str, list[tuple[object, ...]]]:
    return await stream.rows() | {"told": [(one,) for one in ids(stream.signals())]}


async def fill_log(stream: ScoringHarness) -> None:
    for n in range(6):
        await stream.post(event("acme", "session.started", START + n * 3600, user_id="ann"))
    await stream.post(event("acme", "contract.cancel_requested", START + DAY))
    await stream.tick(START + 20 * DAY)


async def test_a_commit_in_doubt_that_went_through_counts_once(stream: ScoringHarness) -> None:
    await fill_log(stream)
    expected = await undisturbed(stream)
    await stream.score(stream.worker(store=Hurt(stream.store, ["after", "after"]), max_records=3))
    assert await outcome(stream) == expected
    assert stream.count("doubtful_commits_found_total") >= 1


async def test_a_commit_in_doubt_that_was_lost_is_made_again(stream: ScoringHarness) -> None:
    await fill_log(stream)
    expected = await undisturbed(stream)
    await stream.score(stream.worker(store=Hurt(stream.store, ["before", "well", "before"]), max_records=3))
    assert await outcome(stream) == expected


class Narrow(PostgresStore):
    """A database too slow for more than three accounts within its patience."""

    def __init__(self, inner: PostgresStore) -> None:
        self._engine = inner._engine
        self._patience = inner._patience

    async def commit(self, commit: Commit, cluster_id: str) -> None:
        if len(commit.states) > 3:
            raise Unreachable("canceling statement due to statement timeout")
        await super().commit(commit, cluster_id)


async def test_what_is_too_much_for_one_transaction_goes_in_several(stream: ScoringHarness) -> None:
    """The same again would fail for the same reason, for ever: events and a tick that wakes everybody."""
    for n in range(16):
        await stream.post(event(f"account {n}", "session.started", START, user_id="ann"))
    await stream.tick(START + 30 * DAY)
    expected = await undisturbed(stream)
    await stream.score(stream.worker(store=Narrow(stream.store), limits=WorkerLimits(pause=0.01)))
    found = await outcome(stream)
    assert found.keys() == expected.keys()
    for name, rows in found.items():
        assert sorted(rows, key=repr) == sorted(expected[name], key=repr), name


async def test_waiting_for_a_connection_is_no_doubt(stream: ScoringHarness) -> None:
    """Twelve partitions share a few connections: who waits its turn must not forget all that it knows."""
    engine = database.engine(stream.engine.url.render_as_string(hide_password=False), pool_size=1, pool_timeout=10.0)
    store = PostgresStore(engine, patience=10.0)
    async with engine.connect():
        waiting = asyncio.create_task(store.load_origins())
        await asyncio.sleep(3.5)
    assert await waiting == {}
    await engine.dispose()


TABLES = ("journal", "state", "timer", "seen", "outbox")


async def counts(stream: ScoringHarness) -> list[int]:
    return [await stream.scalar(f"SELECT count(*) FROM scoring.{table}") for table in TABLES]


async def test_a_zombie_is_undone_whole(stream: ScoringHarness) -> None:
    await stream.score()
    await stream.store.commit(commit(0, 0, "owner", "acme"), "memory")
    before = await counts(stream)
    with pytest.raises(Fenced):
        await stream.store.commit(commit(0, 0, "zombie", "beta"), "memory")
    assert await counts(stream) == before


async def test_of_many_racers_one_wins(stream: ScoringHarness) -> None:
    await stream.score()

    async def race(n: int) -> bool:
        try:
            await stream.store.commit(commit(0, 0, f"racer {n}", f"account {n}"), "memory")
        except Doubt:
            return False
        return True

    assert sum(await asyncio.gather(*(race(n) for n in range(4)))) == 1
    assert await stream.scalar("SELECT count(*) FROM scoring.state") == 1


async def test_a_zombie_that_wakes_writes_nothing_and_takes_nothing(stream: ScoringHarness) -> None:
    """It owned everything, its session timed out, another went on; it wakes with records in its hands."""
    await fill_log(stream)
    expected = await undisturbed(stream)

    sleeper_store = Asleep(stream.store)
    sleeper_consumer = stream.consumer()
    sleeper = stream.worker(store=sleeper_store, consumer=sleeper_consumer)
    async with stream.running(sleeper):
        await asyncio.wait_for(sleeper_store.holding.wait(), 10)
        await stream.broker.expire_session(sleeper_consumer)
        heir = stream.worker()
        async with stream.running(heir):
            await stream.until(lambda: stream.level(heir))
            sleeper_store.wake.set()
            await stream.until(lambda: stream.count("partition_reopened_total", reason="fenced") >= 1)
            await stream.broker.rejoin(sleeper_consumer)
            await stream.until(lambda: stream.level(heir, sleeper))
    assert await outcome(stream) == expected


async def test_two_workers_with_the_same_partitions_for_good_count_everything_once(stream: ScoringHarness) -> None:
    """Two groups by mistake: each reads everything, and neither ever loses an assignment."""
    for n in range(30):
        await stream.post(event(f"account {n % 5}", "session.started", START + n * 3600, user_id=f"user {n}"))
    for account in range(5):
        await stream.post(event(f"account {account}", "contract.cancel_requested", START + 2 * DAY))
    await stream.tick(START + 20 * DAY)
    expected = await undisturbed(stream)

    stranger = stream.worker(consumer=stream.broker.consumer(TOPICS.events, group="other"), max_records=3)
    one = stream.worker(max_records=4)
    async with stream.running(one), stream.running(stranger):
        await stream.until(lambda: stream.level(one) and stream.level(stranger))
    assert stream.count("partition_reopened_total", reason="fenced") > 0
    assert await outcome(stream) == expected


class Asleep(PostgresStore):
    """Stops in front of its first commit until it is woken."""

    def __init__(self, inner: PostgresStore) -> None:
        self._engine = inner._engine
        self._patience = inner._patience
        self.holding = asyncio.Event()
        self.wake = asyncio.Event()

    async def commit(self, commit: Commit, cluster_id: str) -> None:
        self.holding.set()
        await self.wake.wait()
        await super().commit(commit, cluster_id)
