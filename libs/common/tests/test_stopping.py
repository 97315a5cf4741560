"""A poll ends with its records, with its error, or with the stop."""

import asyncio

import pytest

from common.bus.errors import BusUnavailable
from common.stopping import PolledRecords, poll_until_stopped


async def test_what_a_poll_reads_is_handed_on() -> None:
    stopping = asyncio.create_task(asyncio.Event().wait())

    async def poll() -> PolledRecords:
        return {3: ()}

    assert await poll_until_stopped(stopping, poll()) == {3: ()}
    stopping.cancel()


async def test_a_stop_cuts_a_poll_short() -> None:
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


async def test_what_goes_wrong_is_raised() -> None:
    stopping = asyncio.create_task(asyncio.Event().wait())

    async def poll() -> PolledRecords:
        raise BusUnavailable("the broker is away")

    with pytest.raises(BusUnavailable):
        await poll_until_stopped(stopping, poll())
    stopping.cancel()
