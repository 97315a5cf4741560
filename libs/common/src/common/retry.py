"""Retrying a dependency (Kafka, PostgreSQL) that does not answer, and reporting its outage in readiness and log."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

_log = structlog.get_logger()

PAUSES = (0.2, 5.0)  # seconds between attempts: the first and the longest
NO_ANSWER_AFTER = 5.0  # seconds until a pending attempt is reported as an outage; the attempt goes on
LOG_AGAIN_AFTER = 60.0  # seconds between two log lines about the same outage

T = TypeVar("T")


class ExponentialBackoff:
    """Pauses between attempts, in seconds: each is twice the one before, from `first` up to `longest`."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = self._next = first
        self._longest = longest

    def next_pause(self) -> float:
        pause, self._next = self._next, min(2 * self._next, self._longest)
        return pause

    def reset(self) -> None:
        self._next = self._first


class Outage:
    """Reports while a dependency ("log", "database") does not answer. `reason` is None while it does."""

    def __init__(self, dependency: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.reason: str | None = None
        self._dependency = dependency
        self._clock = clock
        self._began = 0.0
        self._logged = 0.0

    def report(self, error: Exception) -> None:
        """The dependency did not answer. Logs `DEPENDENCY.unavailable` at once, then once a minute."""
        now = self._clock()
        begins = self.reason is None
        if begins:
            self._began = now
        self.reason = f"the {self._dependency} does not answer: {str(error) or type(error).__name__}"
        if begins or now - self._logged >= LOG_AGAIN_AFTER:
            self._logged = now
            _log.warning(f"{self._dependency}.unavailable", reason=str(error), seconds=round(now - self._began, 1))

    def end(self) -> None:
        """The dependency answered. Logs `DEPENDENCY.available` if it did not answer before."""
        if self.reason is not None:
            self.reason = None
            _log.info(f"{self._dependency}.available", seconds=round(self._clock() - self._began, 1))


async def retry_until_available(
    attempt: Callable[[], Awaitable[T]], *, outage: Outage, retry_on: type[Exception] | tuple[type[Exception], ...]
) -> T:
    """The result of the first attempt that does not raise `retry_on`. Any other exception is raised."""
    backoff = ExponentialBackoff(*PAUSES)
    loop = asyncio.get_running_loop()
    while True:
        no_answer = TimeoutError(f"silent for {NO_ANSWER_AFTER:g} s")
        # An attempt that hangs is reported too, without being cut short.
        pending = loop.call_later(NO_ANSWER_AFTER, outage.report, no_answer)
        try:
            result = await attempt()
        except retry_on as error:
            outage.report(error)
        else:
            outage.end()
            return result
        finally:
            pending.cancel()
        await asyncio.sleep(backoff.next_pause())
