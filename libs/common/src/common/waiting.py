"""Waiting for somebody who does not answer: asked again with growing pauses, said once in the log and then rarely."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

import structlog

_log = structlog.get_logger()

PAUSES = (0.2, 5.0)  # seconds, first and longest
SILENCE = 5.0  # seconds without an answer that readiness and the log speak of, though the attempt goes on
SAY_AGAIN = 60.0  # seconds between two lines about the same outage
NOT_STARTED = "not started"

T = TypeVar("T")
Task = Callable[[asyncio.Event], Awaitable[None]]
"""Works until the event is set, then finishes what it holds and returns."""


class Outage:
    """What readiness and the log say while `what` ("log", "database") does not answer. `reason` is None if it does."""

    def __init__(self, what: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.reason: str | None = None
        self._what = what
        self._clock = clock
        self._began = 0.0
        self._said = 0.0

    def goes_on(self, error: Exception) -> None:
        """It did not answer: `WHAT.unavailable` in the log at once, and once a minute."""
        now = self._clock()
        begins = self.reason is None
        if begins:
            self._began = now
        self.reason = f"the {self._what} does not answer: {str(error) or type(error).__name__}"
        if begins or now - self._said >= SAY_AGAIN:
            self._said = now
            _log.warning(f"{self._what}.unavailable", reason=str(error), seconds=round(now - self._began, 1))

    def over(self) -> None:
        """It answered: `WHAT.available`, if it did not before."""
        if self.reason is not None:
            self.reason = None
            _log.info(f"{self._what}.available", seconds=round(self._clock() - self._began, 1))


async def until_it_answers(
    attempt: Callable[[], Awaitable[T]], *, outage: Outage, again_after: type[Exception] | tuple[type[Exception], ...]
) -> T:
    """What the first attempt returns that does not raise `again_after`; anything else is raised."""
    pause = PAUSES[0]
    loop = asyncio.get_running_loop()
    while True:
        silent = loop.call_later(SILENCE, outage.goes_on, TimeoutError(f"silent for {SILENCE:g} s"))
        try:
            answer = await attempt()
        except again_after as error:
            outage.goes_on(error)
        else:
            outage.over()
            return answer
        finally:
            silent.cancel()
        await asyncio.sleep(pause)
        pause = min(2 * pause, PAUSES[1])


async def unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work returns or raises; None if the stop came first, which cancels it."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        working.cancel()
        await asyncio.wait((working,))
    return None if working.cancelled() else working.result()


class Startup(Generic[T]):
    """What a process is made of that cannot be made before others have answered. `made` is None until then.

    The process serves meanwhile, and its readiness says what it waits for; told to stop, it stops waiting.
    """

    def __init__(self, make: Callable[[], Coroutine[Any, Any, T]], *, outages: Sequence[Outage]) -> None:
        """`make` waits as long as it has to, and tells of it by `outages`; what it raises ends the process."""
        self._make = make
        self._outages = outages
        self._making: asyncio.Task[T] | None = None
        self.made: T | None = None

    def trouble(self, check: Callable[[T], str | None]) -> str | None:
        """For readiness: what it waits for, or what `check` finds in that which was made."""
        if self.made is not None:
            return check(self.made)
        return next((one.reason for one in self._outages if one.reason), NOT_STARTED)

    def then(self, task: Callable[[T], Task]) -> Task:
        """A task of the process: what `task` finds in that which was made, run from then on."""

        async def run(stop: asyncio.Event) -> None:
            made = await unless_stopped(stop, self._once())
            if made is not None:
                await task(made)(stop)

        return run

    async def _once(self) -> T:
        """Made by whoever comes first, shared by all; cut short with the first of them."""
        if self._making is None:
            self._making = asyncio.create_task(self._make())
        try:
            self.made = await asyncio.shield(self._making)
        except asyncio.CancelledError:
            self._making.cancel()
            await asyncio.wait((self._making,))
            raise
        return self.made
