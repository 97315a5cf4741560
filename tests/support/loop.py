"""The event loop of tests: that of the services, whose transports fail in other ways than asyncio's own."""

import asyncio
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import uvloop


class LeakTolerantLoop(uvloop.Loop):
    def close(self) -> None:
        """Closes also what a test has left open.

        uvloop warns of that, and pytest makes an error of the warning. There the error is lost, and with it the rest of
        that close: the loop would wait for ever, in C, where no timeout reaches it (pytest-asyncio's issue 1134).
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            super().close()


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": new_event_loop}


def new_event_loop() -> asyncio.AbstractEventLoop:
    loop = LeakTolerantLoop()
    loop.set_exception_handler(_end_at_timeout)
    return loop


def _end_at_timeout(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """uvloop only logs what pytest-timeout raises from its signal, and the test would wait for ever."""
    loop.default_exception_handler(context)
    if isinstance(context.get("exception"), pytest.fail.Exception):
        for task in asyncio.all_tasks(loop):
            task.cancel("the test takes too long")
