"""Polling, scoring and committing go on side by side; each partition's records stay in their order."""

import asyncio
import gc
import weakref
from collections.abc import Collection, Mapping, Sequence

import msgspec
import pytest

from common.bus.memory import MemoryConsumer
from common.bus.ports import Record
from common.contracts.events import Event
from common.errors import Unreachable
from scoring.partition.commit import Commit
from scoring.postgres.store import PostgresStore
from scoring.worker.context import WorkerLimits
from support.scoring_harness import DAY, START, ScoringHarness, event, ids


class Gated(PostgresStore):
    """Commits of a partition wait until the gate is open; the first of them fails then if it is `lost`."""

    def __init__(self, inner: PostgresStore, *, partition: int = 0, lost: bool = False) -> None:
        self._engine = inner._engine
        self._patience = inner._patience
        self.gate = asyncio.Event()
        self.waiting = 0
        self._partition = partition
        self._lost = lost

    async def commit(self, commit: Commit, cluster_id: str) -> None:
        if commit.partition == self._partition:
            self.waiting += 1
            await self.gate.wait()
            if self._lost:
                self._lost = False
                raise Unreachable("the connection broke before the statement")
        await super().commit(commit, cluster_id)


class Slow(MemoryConsumer):
    """What it polls of partition 0 while a commit waits, it hands out when the gate is open."""

    def __init__(self, inner: MemoryConsumer, store: Gated) -> None:
        super().__init__(inner._log, inner._topic, inner.group)
        self._store = store
        self.gate = asyncio.Event()
        self.held = 0

    async def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Mapping[int, Sequence[Record]]:
        await asyncio.sleep(0.02)  # so that scoring begins before all is polled
        polled = await super().poll(max_records=max_records, timeout=timeout, only=only)
        if 0 in polled and self._store.waiting:
            self.held += 1
            await self.gate.wait()
        return polled


class Reading(Gated):
    """States are read only when `answer` is set, from when `asking` is; commits of partition 1 wait for the gate."""

    def __init__(self, inner: PostgresStore) -> None:
        super().__init__(inner, partition=1)
        self.asking = False
        self.asked = 0
        self.answer = asyncio.Event()

    async def load_states(self, account_ids: Collection[str]) -> dict[str, bytes]:
        if self.asking:
            self.asked += 1
            await self.answer.wait()
        return await super().load_states(account_ids)


async def post(stream: ScoringHarness, account_id: str, *, first: int, count: int) -> None:
    """Sessions, an hour after the other; the last one of ten is a cancellation, which is told."""
    for n in range(first, first + count):
        name = ("session.started", "contract.cancel_requested", "contract.renewed")[(n % 10 == 9) + 2 * (n % 10 == 0)]
        await stream.post(event(account_id, name, START + n * 3600, user_id="ann", event_id=str(n)))


async def test_a_commit_that_takes_long_holds_up_no_other_partition(stream: ScoringHarness) -> None:
    slow, quick = stream.name_in(0), stream.name_in(1)
    store = Gated(stream.store)
    await post(stream, slow, first=0, count=10)
    async with stream.running(stream.worker(store=store)) as worker:
        await stream.until(lambda: store.waiting == 1)
        for told in (1, 2, 3):
            await post(stream, quick, first=told * 10, count=10)
            await stream.until(lambda told=told: len(stream.signals(quick)) >= told)  # type: ignore[misc]
        assert worker.positions()[0][0] == 0, "the next offset to be committed"
        store.gate.set()
        await stream.until(lambda: stream.level(worker))
    assert stream.signals(slow)


@pytest.mark.parametrize("polled_late", [False, True])
async def test_a_doubt_drops_what_was_polled_meanwhile(stream: ScoringHarness, polled_late: bool) -> None:
    """Nothing is scored before what came before it: neither what waits to be scored, nor what a poll brings later."""
    name = stream.name_in(0)
    await post(stream, name, first=0, count=80)
    await stream.tick(START + 60 * DAY)
    await stream.score()
    expected, told = await stream.rows(), ids(stream.signals())
    await stream.empty(keep_log=True)

    store = Gated(stream.store, lost=True)
    consumer = Slow(stream.consumer(), store) if polled_late else None
    worker = stream.worker(store=store, consumer=consumer, max_records=7, limits=WorkerLimits(pause=0.0))
    async with stream.running(worker):
        await stream.until(lambda: store.waiting == 1)
        if consumer is not None:
            await stream.until(lambda: consumer.held == 1)
        store.gate.set()
        await stream.until(lambda: stream.count("partition_reopened_total", reason="unreachable") == 1)
        await stream.until(lambda: worker.ready() is None)
        if consumer is not None:
            consumer.gate.set()
        await stream.until(lambda: stream.level(worker))
    assert await stream.rows() == expected
    assert ids(stream.signals()) == told


@pytest.mark.parametrize(
    ("limits", "commits"),
    [
        (WorkerLimits(run_seconds=60.0), 1),
        (WorkerLimits(run_records=400, run_seconds=60.0), 3),
        (WorkerLimits(run_seconds=0.0), 3),
    ],
    ids=["a backlog in one", "by its records", "by the time that it takes"],
)
async def test_a_backlog_is_committed_in_as_few_transactions_as_it_may(
    stream: ScoringHarness, limits: WorkerLimits, commits: int
) -> None:
    await post(stream, stream.name_in(0), first=0, count=1_200)
    stream.rules = msgspec.structs.replace(stream.rules, max_records=2_000)
    await stream.score(stream.worker(limits=limits))
    assert stream.count("commits_total") == commits


def session(account_id: str, *, hour: int) -> Event:
    return event(account_id, "session.started", START + hour * 3600, user_id="ann")


def named(account_id: str, name: str) -> Event:
    return event(account_id, "account.updated", START, properties={"name": name})


async def test_no_account_is_given_away_between_its_loading_and_its_commit(stream: ScoringHarness) -> None:
    """Another partition's commit makes room for its own accounts, just while this one waits for a state."""
    names = [f"account {n}" for n in range(200)]
    here, there = ([name for name in names if stream.partition_of(name) == n][:count] for n, count in ((0, 11), (1, 4)))
    *known, unknown = here
    store = Reading(stream.store)
    for name in known:
        await post(stream, name, first=0, count=9)
    # Eleven decoded accounts have room, and four of them may be pinned.
    async with stream.running(stream.worker(store=store, limits=WorkerLimits(cached=108 * 20_000.0))) as worker:
        await stream.until(lambda: stream.level(worker))
        # Once they are written they take more than before, by their long names.
        await stream.write_together(1, (named(name, "x" * 5_000) for name in there))
        await stream.until(lambda: store.waiting == 1)
        store.asking = True
        await stream.write_together(0, (session(name, hour=10) for name in (unknown, *known)))
        await stream.until(lambda: store.asked == 1)
        store.gate.set()
        await stream.until(lambda: worker.positions()[1][0] == len(there))
        store.answer.set()
        await stream.until(lambda: stream.level(worker))
    found = await stream.rows()
    await stream.empty(keep_log=True)
    await stream.score()
    assert found["state"] == (await stream.rows())["state"]


async def test_the_accounts_of_a_partition_that_is_handed_over_leave_memory_at_once(stream: ScoringHarness) -> None:
    """They would fill the bound until the collector comes by, which may take minutes."""
    await post(stream, stream.name_in(0), first=0, count=9)
    worker = stream.worker()
    gc.disable()
    try:
        async with stream.running(worker):
            await stream.until(lambda: stream.level(worker))
            memories = [one.partition.memory for one in worker.handlers.values()]
            caches = [weakref.ref(memory.accounts) for memory in memories if memory is not None]
            del memories
        assert caches
        assert [one() for one in caches] == [None] * len(caches)
    finally:
        gc.enable()
