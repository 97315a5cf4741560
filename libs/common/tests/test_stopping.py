"""Work and polls end with their result, with their error, or with the stop."""

import asyncio

import pytest

from common.bus.errors import BusUnavailable
from common.stopping import PolledRecords, poll_until_stopped, run_until_stopped, stopped_within


async def test_a_stop_cancels_the_work() -> None:
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


async def test_a_sleep_ends_with_its_time_or_with_the_stop() -> None:
    stop = asyncio.Event()
    assert not await stopped_within(0.001, stop)
    asyncio.get_running_loop().call_soon(stop.set)
    assert await stopped_within(60.0, stop)
    assert await stopped_within(0.0, stop)


async def test_a_poll_returns_its_records() -> None:
    stopping = asyncio.create_task(asyncio.Event().wait())

    async def poll() -> PolledRecords:
        return {3: ()}

    assert await poll_until_stopped(stopping, poll()) == {3: ()}
    stopping.cancel()


async def test_a_stop_cancels_a_poll() -> None:
    stop, cut = asyncio.Event(), asyncio.Event()
    stopping = asyncio.create_task(stop.wait())

    async def poll() -> PolledRecords:
        stop.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()
        return {}

    assert await poll_until_stopped(stopping, poll()) is None
    assert cut.is_set()


async def test_a_poll_raises_its_error() -> None:
    stopping = asyncio.create_task(asyncio.Event().wait())

    async def poll() -> PolledRecords:
        raise BusUnavailable("the broker is away")

    with pytest.raises(BusUnavailable):
        await poll_until_stopped(stopping, poll())
    stopping.cancel()
