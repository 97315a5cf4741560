"""Parts of a process that need Kafka or PostgreSQL: their build, their tasks, and a stop meanwhile."""

import asyncio

import pytest

from common.bus.errors import BusUnavailable
from common.errors import Doubt, Unreachable
from common.retry import Outage
from common.startup import NOT_STARTED, Startup, StartupWaits
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


async def test_a_build_waits_for_postgresql_then_for_kafka_and_readiness_says_for_which() -> None:
    failures: list[Exception] = [Unreachable("refused"), BusUnavailable("silent")]
    reasons: list[str | None] = []
    waits = StartupWaits()

    async def attempt() -> int:
        reasons.append(startup.not_ready_reason(lambda _: None))
        if failures and isinstance(failures[0], expected[0]):
            raise failures.pop(0)
        return len(failures)

    async def make() -> tuple[int, int]:
        to_database = await waits.for_database(attempt)
        expected.pop(0)
        return to_database, await waits.for_log(attempt)

    expected: list[type[Exception]] = [Unreachable, BusUnavailable]
    startup = Startup(make, outages=waits.outages)
    await startup.then(lambda built: _nothing)(asyncio.Event())
    assert startup.built == (1, 0)
    assert reasons == [
        NOT_STARTED,
        "the database does not answer: refused",
        NOT_STARTED,
        "the log does not answer: silent",
    ]


async def test_a_build_ends_with_an_error_that_is_no_outage() -> None:
    async def attempt() -> None:
        raise Doubt("the tables are missing")

    with pytest.raises(Doubt, match="tables"):
        await StartupWaits().for_database(attempt)


async def _nothing(stop: asyncio.Event) -> None: ...
