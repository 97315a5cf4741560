"""Guarantees 4 and 9: time is a record. No worker's clock fires a timer, and a backlog never looks like silence."""

import asyncio
from collections.abc import Callable
from random import Random

import msgspec
import pytest

from common.contracts.events import Tick, decode_events_record
from common.contracts.signals import Band, Kind, Signal, decode_signals_record
from common.errors import Unreachable
from common.topics import TimeMode
from scoring.partition.commit import Commit
from scoring.postgres.store import PostgresStore
from scoring.worker.context import WorkerLimits
from support.scoring_harness import DAY, START, TOPICS, ScoringHarness, event, scoring_harness

# Accounts that were last active at the same moment are due at the same moment, whatever they did before.
SILENCE_ALONE = """
version: 1
metrics:
  silence: {dimension: engagement, kind: silence, event: session.started, prior_gap: 4s, curve: [[0, 100], [3, 0]]}
flags:
  gone_quiet: {when: "silence >= 3", cap: 45}
weights: {default: {engagement: 100}}
bands: {default: {red: 40, yellow: 70, min_duration: 1s}}
"""


def ticks(harness: ScoringHarness, partition: int) -> int:
    records = harness.broker.records(TOPICS.events, partition)
    return sum(isinstance(decode_events_record(record.value or b""), Tick) for record in records)


async def busy_week(harness: ScoringHarness, account_id: str) -> None:
    """Three people every morning, each stamped as it comes."""
    for day in range(7):
        for user in ("ann", "bob", "cy"):
            harness.clock.now = START + day * DAY
            at = harness.clock.now
            await harness.post(
                event(account_id, "session.started", at, user_id=user, event_id=f"{account_id}-{day}-{user}")
            )


def loud(harness: ScoringHarness) -> Callable[[], bool]:
    return lambda: any(one.kind is Kind.FLAG and one.to == "gone_quiet" for one in harness.signals())


async def test_silence_alone_makes_the_signal_come(wall: ScoringHarness) -> None:
    await busy_week(wall, "acme")
    await wall.score()
    assert not loud(wall)()
    wall.clock.now = START + 40 * DAY
    async with wall.running():
        await wall.until(loud(wall))
    quiet = next(one for one in wall.signals() if one.to == "gone_quiet")
    assert quiet.cause == f"silence@{quiet.since:%Y-%m-%dT%H:%M:%SZ}"
    assert START + 10 * DAY < quiet.since.timestamp() < START + 30 * DAY, "when it was due, not when it was read"


async def test_an_account_with_nothing_due_costs_no_tick(wall: ScoringHarness) -> None:
    await busy_week(wall, "acme")
    worker = wall.worker()
    async with wall.running(worker):
        await wall.until(lambda: wall.level(worker))
        await wall.until(lambda: wall.caught_up() == wall.partitions)
    assert ticks(wall, 0) + ticks(wall, 1) == 0


async def test_a_worker_whose_clock_runs_ahead_fires_nothing_early(wall: ScoringHarness) -> None:
    """It asks the log for the time, and believes the answer."""
    await busy_week(wall, "acme")
    partition = wall.partition_of("acme")
    parts_clock = Fast(wall)
    worker = wall.worker(clock=parts_clock)
    async with wall.running(worker):
        await wall.until(lambda: ticks(wall, partition) >= 1)
        await wall.until(lambda: wall.level(worker))
    assert not wall.signals() or all(one.at.timestamp() <= wall.clock.now for one in wall.signals())
    assert not loud(wall)()


async def test_a_tick_whose_commit_was_in_doubt_does_not_hold_up_the_next(wall: ScoringHarness) -> None:
    """It went through, so it will never be read back: the worker need not wait for it."""
    await busy_week(wall, "acme")
    partition = wall.partition_of("acme")
    store = Doubtful(wall.store)
    async with wall.running(wall.worker(store=store)) as worker:
        await wall.until(lambda: wall.level(worker) and wall.caught_up() == wall.partitions)
        store.doubts = 1
        wall.clock.now = START + 30 * DAY
        await wall.until(lambda: store.doubts == 0 and wall.level(worker) and loud(wall)())
        before = ticks(wall, partition)
        await wall.post(event("acme", "session.started", wall.clock.now, user_id="dan"))
        await wall.until(lambda: wall.level(worker))
        wall.clock.now += 60 * DAY
        await wall.until(lambda: ticks(wall, partition) > before)


async def test_a_clock_that_was_set_back_does_not_stop_the_heart(wall: ScoringHarness) -> None:
    """Readers would take the owner for dead for as long as the clock was wrong."""

    async def heartbeat_at() -> float:
        return float(await wall.scalar("SELECT max(at) FROM scoring.heartbeat") or 0.0)

    async with wall.running() as worker:
        await wall.until(lambda: wall.level(worker) and wall.caught_up() == wall.partitions)
        wall.clock.now -= 3600.0
        async with asyncio.timeout(60):
            while await heartbeat_at() != wall.clock.now:  # noqa: ASYNC110 - a table has no event
                await asyncio.sleep(0.05)


class Doubtful(PostgresStore):
    """Writes, and does not say so, as often as it is told."""

    def __init__(self, inner: PostgresStore) -> None:
        self._engine = inner._engine
        self._patience = inner._patience
        self.doubts = 0

    async def commit(self, commit: Commit, cluster_id: str) -> None:
        await super().commit(commit, cluster_id)
        if self.doubts:
            self.doubts -= 1
            raise Unreachable("the connection broke during COMMIT")


class Fast:
    """A year ahead of the log."""

    def __init__(self, harness: ScoringHarness) -> None:
        self._road = harness

    def __call__(self) -> float:
        return self._road.clock.now + 365 * DAY


async def test_a_worker_whose_clock_runs_ahead_fires_nothing_late_either(wall: ScoringHarness) -> None:
    """It knows by how much it is wrong: its next tick does not wait until the log's time is past the last one's."""
    await busy_week(wall, "acme")
    async with wall.running(wall.worker(clock=Fast(wall))) as worker:
        await wall.until(lambda: ticks(wall, wall.partition_of("acme")) >= 1 and wall.level(worker))
        wall.clock.now = START + 40 * DAY
        await wall.until(loud(wall))


async def test_a_backlog_is_not_silence(wall: ScoringHarness) -> None:
    """Six weeks of sessions wait unread while the worker was away; the account never went quiet."""
    for day in range(42):
        wall.clock.now = START + day * DAY
        await wall.post(event("acme", "session.started", wall.clock.now, user_id="ann"))
    wall.clock.now += 3600
    worker = wall.worker(max_records=1)
    async with wall.running(worker):
        await wall.until(lambda: wall.level(worker))
    assert not loud(wall)()


async def test_an_idle_partition_is_ticked_too(wall: ScoringHarness) -> None:
    quiet, busy = (wall.name_in(partition) for partition in (0, 1))
    await busy_week(wall, quiet)
    async with wall.running() as worker:
        await wall.until(lambda: wall.level(worker))
        for hour in range(48 * 20):
            wall.clock.now += 1800
            if hour % 8 == 0:
                await wall.post(event(busy, "session.started", wall.clock.now, user_id="ann"))
        await wall.until(lambda: any(one.account_id == quiet for one in wall.signals()))


async def test_a_big_tick_goes_in_chunks_and_says_the_same(stream: ScoringHarness) -> None:
    names = [f"account {n}" for n in range(30)]
    for name in names:
        await stream.post(event(name, "session.started", START, user_id="ann"))
    await stream.score()
    await stream.tick(START + 60 * DAY)
    await stream.score()
    whole, told = await stream.rows(), sorted(one.signal_id for one in stream.signals())
    commits = stream.count("commits_total")

    await stream.empty(keep_log=True)
    await stream.score(stream.worker(limits=WorkerLimits(chunk=4), max_records=5))
    assert stream.count("timers_fired_total") >= 60
    assert stream.count("commits_total") - commits > commits
    assert await stream.rows() == whole
    assert sorted(one.signal_id for one in stream.signals()) == told


async def test_in_stream_mode_readers_get_every_tick_after_the_signals_that_it_brings(stream: ScoringHarness) -> None:
    """Alerts has timers of its own, and in stream mode no other clock."""
    await busy_week(stream, "acme")
    here = stream.partition_of("acme")
    for day in (8, 40, 41):
        await stream.tick(START + day * DAY)
    await stream.score()
    records = stream.broker.records(TOPICS.signals, here)
    told = [(decode_signals_record(record.value or b""), record.timestamp / 1000) for record in records]
    stamps = [stamp for record, stamp in told if isinstance(record, Tick)]
    assert stamps == [START + day * DAY for day in (8, 40, 41)]
    quiet = next(place for place, (record, _) in enumerate(told) if isinstance(record, Signal))
    assert [type(record) for record, _ in told[quiet:]].index(Tick) + quiet == told.index((Tick(), START + 40 * DAY))


async def test_in_wall_mode_no_tick_is_passed_on(wall: ScoringHarness) -> None:
    await busy_week(wall, "acme")
    wall.clock.now = START + 40 * DAY
    await wall.tick(wall.clock.now)
    await wall.score()
    assert not [record for record in wall.told() if isinstance(record, Tick)]
    assert loud(wall)()


OVERDUE = "SELECT count(*) FROM scoring.timer JOIN scoring.journal USING (partition) WHERE due <= clock"


async def test_no_timer_is_left_behind_by_a_tick(stream: ScoringHarness) -> None:
    """A partition in which one was is never through, for whoever waits to hear so."""
    moment, draw = START, Random(3)
    for _ in range(60):
        moment += draw.expovariate(1 / 43_200)
        await stream.post(event("acme", "session.started", moment, user_id="ann"))
        moment += draw.expovariate(1 / 43_200)
        await stream.tick(moment)
        await stream.score()
        assert await stream.scalar(OVERDUE) == 0


async def test_an_event_that_came_again_before_the_tick_leaves_no_timer_behind(stream: ScoringHarness) -> None:
    """In the same batch: it touches the account, and moves nothing."""
    once = event("acme", "session.started", START, user_id="ann")
    await stream.post(once)
    await stream.score()
    await stream.post(once)
    await stream.tick(START + DAY)
    await stream.score()
    assert await stream.scalar(OVERDUE) == 0
    assert await stream.scalar("SELECT min(due) FROM scoring.timer") > START + DAY


@pytest.mark.parametrize(("max_records", "chunk"), [(1, 2_000), (500, 2_000), (500, 1), (7, 3)])
async def test_what_silence_does_is_told_in_the_order_in_which_it_came_about(
    stream: ScoringHarness, max_records: int, chunk: int
) -> None:
    """An alarm may be earlier than what is due, by more for whoever was busier: that must not show."""
    names = [f"{stream.name_in(0)} and {n}" for n in range(12)]
    draw = Random(7)
    moment = START
    for _ in range(90):
        moment += draw.expovariate(1 / 1800)
        await stream.write(0, event(draw.choice(names), "session.started", moment, user_id="ann"), at=moment)
    await stream.score(stream.worker(limits=WorkerLimits(chunk=chunk), max_records=max_records))
    await stream.tick(START + 60 * DAY)
    await stream.score(stream.worker(limits=WorkerLimits(chunk=chunk), max_records=max_records))
    by_account: dict[str, float] = {}
    for one in stream.signals():
        by_account.setdefault(one.account_id, one.at.timestamp())
    assert len(by_account) > 6
    assert list(by_account.values()) == sorted(by_account.values())


@pytest.mark.parametrize("chunk", [1, 2, 2_000])
async def test_accounts_due_at_the_same_second_are_told_in_the_order_of_their_names(database: str, chunk: int) -> None:
    """The timer of the one that was active before is earlier than it is due: that must not show, in chunks neither."""
    early = {"zeta": 9, "acme": 14, "mira": 14}
    async with scoring_harness(
        database, SILENCE_ALONE, mode=TimeMode.STREAM, partitions=1, limits=WorkerLimits(chunk=chunk)
    ) as stream:
        await stream.post(event("zeta", "session.started", START))
        await stream.score()
        await stream.post(*(event(name, "session.started", START + 5) for name in early))
        await stream.score()
        assert {row[0]: row[2] - START for row in (await stream.rows())["timer"]} == early
        await stream.tick(START + 60)
        await stream.score()
        told = stream.signals()
        assert len({one.at for one in told if one.to == "yellow"}) == 1
        assert list(dict.fromkeys(one.account_id for one in told)) == ["acme", "mira", "zeta"]


async def test_a_crash_between_two_chunks_loses_none_of_the_others(stream: ScoringHarness) -> None:
    names = [stream.name_in(0) + f" and {n}" for n in range(200)]
    for name in [one for one in names if stream.partition_of(one) == 0][:12]:
        await stream.post(event(name, "session.started", START, user_id="ann"))
    await stream.score()
    await stream.tick(START + 60 * DAY)
    few = WorkerLimits(chunk=4)
    for at in (1, 2):  # the tick comes in three pieces: none of them is the only one to survive
        with pytest.raises(Killed):
            await stream.score(stream.worker(store=Mortal(stream.store, commits=at), limits=few))
    await stream.score(stream.worker(limits=few))
    quiet = {one.account_id for one in stream.signals() if one.to == "gone_quiet"}
    assert len(quiet) == 12


class Killed(Exception):
    """The process is gone."""


class Mortal(PostgresStore):
    """Dies after so many commits."""

    def __init__(self, inner: PostgresStore, *, commits: int) -> None:
        self._engine = inner._engine
        self._patience = inner._patience
        self._left = commits

    async def commit(self, commit: Commit, cluster_id: str) -> None:
        await super().commit(commit, cluster_id)
        self._left -= 1
        if self._left <= 0:
            raise Killed


async def test_an_event_ahead_of_its_record_counts_at_the_record(stream: ScoringHarness) -> None:
    """A phone with a clock a year ahead must not push the account's clock there."""
    ahead = event("acme", "session.started", START + 365 * DAY, user_id="ann")
    await stream.write(stream.partition_of("acme"), ahead, at=START)
    await stream.write(stream.partition_of("acme"), event("acme", "session.started", START + DAY), at=START + DAY)
    await stream.tick(START + 40 * DAY)
    await stream.score()
    assert any(one.to == "gone_quiet" for one in stream.signals("acme"))


async def test_a_new_account_that_never_comes_to_life_is_told(stream: ScoringHarness) -> None:
    await stream.post(event("acme", "account.updated", START, properties={"name": "Acme", "stage": "onboarding"}))
    await stream.tick(START + 40 * DAY)
    await stream.score()
    assert [one.to for one in stream.signals("acme") if one.kind is Kind.BAND][-1:] == [Band.RED]


def test_a_tick_says_nothing_but_that_time_has_passed() -> None:
    assert msgspec.structs.fields(Tick) == ()
