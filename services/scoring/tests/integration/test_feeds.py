"""A paused feed through workers and restarts: what is held back, and when it is told."""

import asyncio
from datetime import UTC, datetime

import pytest

from common.contracts.events import FeedPaused, FeedResumed
from scoring.worker.context import WorkerLimits
from support.scoring_harness import DAY, START, ScoringHarness, event

HOUR = 3600.0
FEED = "test"  # the source of the harness's events
STATES = "SELECT string_agg(encode(body, 'hex'), '' ORDER BY account_id) FROM scoring.state"
LONG = 60  # days after which all of them have gone quiet, and were told of


def paused(at: float) -> FeedPaused:
    return FeedPaused("p-1", FEED, datetime.fromtimestamp(at, UTC))


async def posted(stream: ScoringHarness) -> list[str]:
    """Accounts of both partitions that come once, and a last one of another source."""
    names = [f"account {n}" for n in range(6)]
    for name in names:
        await stream.post(event(name, "session.started", START))
    await stream.post(event("elsewhere", "session.started", START, source="other"))
    return names


def told_of(stream: ScoringHarness) -> set[str]:
    return {one.account_id for one in stream.signals()}


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("chunk", [1, 2_000])
async def test_what_is_held_back_is_told_when_the_hold_is_over(
    stream: ScoringHarness, restarts: bool, chunk: int
) -> None:
    """A worker goes on, or another one takes over after each step; a tick is fired whole, or in chunks."""
    limits = WorkerLimits(chunk=chunk)
    worker = stream.worker(limits=limits)
    end = START + LONG * DAY

    async def scored() -> None:
        if restarts:
            await stream.score(stream.worker(limits=limits))
        else:
            await stream.until(lambda: stream.level(worker))

    async with asyncio.TaskGroup() as group:
        stop = asyncio.Event()
        if not restarts:
            group.create_task(worker.run(stop))
        names = await posted(stream)
        await scored()
        await stream.announce(paused(START + DAY), START + DAY)
        await stream.tick(end)
        await scored()
        assert told_of(stream) == {"elsewhere"}
        resume = end + 5 * 60
        await stream.announce(FeedResumed("r-1", FEED), resume)
        await stream.tick(resume + DAY - 1)
        await scored()
        assert told_of(stream) == {"elsewhere"}
        # The pause took long, so the hold lasts for a day.
        await stream.tick(resume + DAY)
        await scored()
        stop.set()
    assert told_of(stream) == {"elsewhere", *names}
    late = [one for one in stream.signals() if one.account_id != "elsewhere"]
    assert {one.at.timestamp() for one in late} == {resume + DAY}


async def test_a_hold_costs_a_timer_every_six_hours_of_whom_something_is_held_back(wall: ScoringHarness) -> None:
    """Ticks come by themselves; states are not written for nothing."""
    names = await posted(wall)
    async with wall.running() as worker:
        await wall.until(lambda: wall.level(worker))
        await wall.announce(paused(START), START)
        wall.clock.now = START + LONG * DAY
        await wall.until(lambda: told_of(wall) == {"elsewhere"} and wall.level(worker))
        assert wall.count("feeds_paused", partition="0") == 1
        for _ in range(4):
            states = await wall.scalar(STATES)
            fired = wall.count("timers_fired_total")
            wall.clock.now += 6 * HOUR
            query = f"SELECT count(*) FROM scoring.timer WHERE due <= {wall.clock.now}"
            while await wall.scalar(query) or not wall.level(worker):  # noqa: ASYNC110 - as in `until`
                await asyncio.sleep(0.01)
            assert wall.count("timers_fired_total") == fired, "nothing was due"
            assert await wall.scalar(STATES) == states
        due = await wall.scalar("SELECT max(due) FROM scoring.timer WHERE account_id <> 'elsewhere'")
        assert wall.clock.now < due <= wall.clock.now + 6 * HOUR
        await wall.announce(FeedResumed("r-1", FEED), 0.0)
        wall.clock.now += 2 * DAY
        await wall.until(lambda: told_of(wall) == {"elsewhere", *names})


async def test_a_pause_touches_no_account(stream: ScoringHarness) -> None:
    await posted(stream)
    await stream.score()
    before = await stream.rows()
    await stream.announce(paused(START + HOUR), START + HOUR)
    await stream.score()
    after = await stream.rows()
    assert {name for name in after if after[name] != before[name]} == {"applied", "feed_pause", "position"}
