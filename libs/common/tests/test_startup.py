"""A process that starts without Kafka or PostgreSQL: it retries, reports the outage, and can be stopped."""

import asyncio

import pytest
from structlog.testing import capture_logs

from common import retry
from common.retry import Outage, retry_until_available
from common.startup import NOT_STARTED, Startup
from common.stopping import Task, run_until_stopped


class Away(Exception):
    pass


class Server:
    """Fails so many times, then answers; a failure of its own is `broken`."""

    def __init__(self, failures: int, *, broken: Exception | None = None) -> None:
        self.asked = 0
        self._failures = failures
        self._broken = broken

    async def ask(self) -> str:
        self.asked += 1
        if self.asked <= self._failures:
            raise Away(f"attempt {self.asked}")
        if self._broken is not None:
            raise self._broken
        return "here"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "PAUSES", (0.001, 0.002))


async def test_who_does_not_answer_is_asked_again_until_it_does() -> None:
    server, outage = Server(3), Outage("log")
    with capture_logs() as lines:
        assert await retry_until_available(server.ask, outage=outage, retry_on=Away) == "here"
    assert server.asked == 4
    assert outage.reason is None
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("log.unavailable", "warning"),
        ("log.available", "info"),
    ]
    assert lines[0]["reason"] == "attempt 1"


async def test_what_nobody_expected_is_raised_at_once() -> None:
    server, outage = Server(0, broken=ValueError("a bug")), Outage("log")
    with pytest.raises(ValueError, match="a bug"):
        await retry_until_available(server.ask, outage=outage, retry_on=Away)
    assert server.asked == 1


async def test_an_attempt_that_hangs_is_spoken_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "NO_ANSWER_AFTER", 0.01)
    outage, answer = Outage("log"), asyncio.Event()
    asking = asyncio.create_task(retry_until_available(answer.wait, outage=outage, retry_on=Away))
    async with asyncio.timeout(10):
        while outage.reason is None:  # noqa: ASYNC110 - readiness is looked at, it tells nobody
            await asyncio.sleep(0.001)
    assert outage.reason == "the log does not answer: silent for 0.01 s"
    answer.set()
    await asking
    assert outage.reason is None


def test_an_outage_is_told_when_it_begins_once_a_minute_and_when_it_is_over() -> None:
    now = 0.0
    outage = Outage("database", clock=lambda: now)
    with capture_logs() as lines:
        outage.end()
        for seconds in range(0, 125, 5):
            now = float(seconds)
            outage.report(Away("refused"))
        assert outage.reason == "the database does not answer: refused"
        now = 130.0
        outage.end()
        outage.end()
    told = [(line["event"], line["seconds"]) for line in lines]
    assert told == [
        ("database.unavailable", 0.0),
        ("database.unavailable", 60.0),
        ("database.unavailable", 120.0),
        ("database.available", 130.0),
    ]
    assert outage.reason is None


async def test_a_stop_cuts_what_is_under_way_short() -> None:
    stop, ended = asyncio.Event(), asyncio.Event()

    async def forever() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    asyncio.get_running_loop().call_soon(stop.set)
    assert await run_until_stopped(stop, forever()) is None
    assert ended.is_set()


async def test_tasks_begin_when_what_they_run_is_made_and_share_it() -> None:
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
    outage.report(Away("refused"))
    assert startup.not_ready_reason(lambda _: "is made") == "the log does not answer: refused"
    answer.set()
    await asyncio.gather(*tasks)
    assert (ran, made) == ([made, made], [0])
    assert startup.not_ready_reason(lambda _: "is made") == "is made"


async def test_told_to_stop_nothing_is_made_and_nothing_runs() -> None:
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


async def test_what_must_not_run_ends_every_task() -> None:
    async def make() -> None:
        raise ValueError("another card")

    async def run(stop: asyncio.Event) -> None:
        raise AssertionError("nothing was made")

    startup, stop = Startup(make, outages=()), asyncio.Event()
    tasks = [startup.then(lambda _: run)(stop) for _ in range(2)]
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(error) for error in ended] == ["another card"] * 2
