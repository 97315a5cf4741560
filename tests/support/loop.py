"""The event loop of tests: that of the services, whose transports fail in other ways than asyncio's own."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvloop


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": new_event_loop}


def new_event_loop() -> asyncio.AbstractEventLoop:
    loop = uvloop.new_event_loop()
    loop.set_exception_handler(_end_at_timeout)
    return loop


def _end_at_timeout(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """uvloop only logs what pytest-timeout raises from its signal, and the test would wait for ever."""
    loop.default_exception_handler(context)
    if isinstance(context.get("exception"), pytest.fail.Exception):
        for task in asyncio.all_tasks(loop):
            task.cancel("the test takes too long")
