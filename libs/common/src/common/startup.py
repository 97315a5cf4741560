"""Building the parts of a process that need Kafka or PostgreSQL, while the process already serves HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from common.bus.errors import BusUnavailable
from common.errors import Unreachable
from common.retry import Outage, retry_until_available
from common.stopping import Task, run_until_stopped

NOT_STARTED = "not started"

T = TypeVar("T")


class StartupWaits:
    """How a worker that is being built waits for PostgreSQL and Kafka. `outages` say which of them does not answer."""

    def __init__(self) -> None:
        self._database, self._log = Outage("database"), Outage("log")
        self.outages = (self._database, self._log)

    async def for_database(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """The result of the first attempt that does not raise `Unreachable`. Any other exception is raised."""
        return await retry_until_available(attempt, outage=self._database, retry_on=Unreachable)

    async def for_log(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """The result of the first attempt that does not raise `BusUnavailable`. Any other exception is raised."""
        return await retry_until_available(attempt, outage=self._log, retry_on=BusUnavailable)


class Startup(Generic[T]):
    """Runs `build` in the background. `built` is None until it has returned.

    Meanwhile readiness names the dependency that does not answer. A stop cancels the build.
    """

    def __init__(self, build: Callable[[], Coroutine[Any, Any, T]], *, outages: Sequence[Outage]) -> None:
        """`build` retries its dependencies and reports them in `outages`. What it raises ends the process."""
        self._build = build
        self._outages = outages
        self._building: asyncio.Task[T] | None = None
        self.built: T | None = None

    def not_ready_reason(self, check: Callable[[T], str | None]) -> str | None:
        """For readiness: the outage that the build waits for, then what `check` says of the built parts."""
        if self.built is not None:
            return check(self.built)
        return next((outage.reason for outage in self._outages if outage.reason), NOT_STARTED)

    def then(self, task: Callable[[T], Task]) -> Task:
        """A task of the process that waits for the build and then runs `task` of the built parts."""

        async def run(stop: asyncio.Event) -> None:
            built = await run_until_stopped(stop, self._build_once())
            if built is not None:
                await task(built)(stop)

        return run

    async def _build_once(self) -> T:
        """All tasks share one build; cancelling any of them cancels it."""
        if self._building is None:
            self._building = asyncio.create_task(self._build())
        try:
            # Shielded, so that the cancellation of one task is handled below, and is not an error for the others.
            self.built = await asyncio.shield(self._building)
        except asyncio.CancelledError:
            self._building.cancel()
            await asyncio.wait((self._building,))
            raise
        return self.built
