"""Parts of a process that need Kafka or PostgreSQL: their build, their tasks, and a stop meanwhile."""

import asyncio

from common.retry import Outage
from common.startup import NOT_STARTED, Startup
from common.stopping import Task


async def test_tasks_start_after_the_build_and_share_what_it_built() -> None:
    outage, answer = Outage("log"), asyncio.Event()
    made: list[int] = []

    async def make() -> list[int]:
        await answer.wait()
        made.append(len(made))
        return made

    startup = Startup(make, outages=(outage,))
    ran: list[list[int]] = []

    def task(what: list[int]) -> Task:
        async def run(stop: asyncio.Event) -> None:
            ran.append(what)

        return run

    stop = asyncio.Event()
    tasks = [asyncio.ensure_future(startup.then(task)(stop)) for _ in range(2)]
    await asyncio.sleep(0)
    assert startup.not_ready_reason(lambda _: "is made") == NOT_STARTED
    outage.report(TimeoutError("refused"))
    assert startup.not_ready_reason(lambda _: "is made") == "the log does not answer: refused"
    answer.set()
    await asyncio.gather(*tasks)
    assert (ran, made) == ([made, made], [0])
    assert startup.not_ready_reason(lambda _: "is made") == "is made"


async def test_a_stop_cancels_the_build_and_no_task_runs() -> None:
    ended = asyncio.Event()

    async def make() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    def task(what: None) -> Task:
        raise AssertionError("nothing was made")

    startup, stop = Startup(make, outages=()), asyncio.Event()
    tasks = [asyncio.ensure_future(startup.then(task)(stop)) for _ in range(2)]
    await asyncio.sleep(0)
    stop.set()
    await asyncio.gather(*tasks)
    assert ended.is_set()


async def test_every_task_ends_with_what_the_build_raised() -> None:
    async def make() -> None:
        raise ValueError("another card")

    async def run(stop: asyncio.Event) -> None:
        raise AssertionError("nothing was made")

    startup, stop = Startup(make, outages=()), asyncio.Event()
    tasks = [startup.then(lambda _: run)(stop) for _ in range(2)]
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(error) for error in ended] == ["another card"] * 2
