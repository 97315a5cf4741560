"""Retries of a dependency that does not answer, and the report of its outage."""

import asyncio

import pytest
from structlog.testing import capture_logs

from common import retry
from common.retry import ExponentialBackoff, Outage, retry_until_available


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


async def test_an_unavailable_dependency_is_retried_until_it_answers() -> None:
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


async def test_an_unexpected_exception_is_not_retried() -> None:
    server, outage = Server(0, broken=ValueError("a bug")), Outage("log")
    with pytest.raises(ValueError, match="a bug"):
        await retry_until_available(server.ask, outage=outage, retry_on=Away)
    assert server.asked == 1


async def test_an_attempt_that_hangs_is_reported_as_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "NO_ANSWER_AFTER", 0.01)
    outage, answer = Outage("log"), asyncio.Event()
    asking = asyncio.create_task(retry_until_available(answer.wait, outage=outage, retry_on=Away))
    async with asyncio.timeout(60):
        while outage.reason is None:  # noqa: ASYNC110 - readiness is looked at, it tells nobody
            await asyncio.sleep(0.001)
    assert outage.reason == "the log does not answer: silent for 0.01 s"
    answer.set()
    await asking
    assert outage.reason is None


def test_an_outage_is_logged_when_it_begins_once_a_minute_and_when_it_ends() -> None:
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


def test_pauses_double_up_to_the_longest_and_begin_anew_after_a_reset() -> None:
    backoff = ExponentialBackoff(0.2, 1.0)
    assert [backoff.next_pause() for _ in range(5)] == [0.2, 0.4, 0.8, 1.0, 1.0]
    backoff.reset()
    assert backoff.next_pause() == 0.2
