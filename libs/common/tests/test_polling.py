"""A poll ends with what it read, with what went wrong, or with the stop."""

import asyncio

import pytest

from common.bus.errors import Unavailable
from common.bus.polling import Polled, polled_unless


async def test_what_a_poll_reads_is_handed_on() -> None:
    stopping = asyncio.create_task(asyncio.Event().wait())

    async def poll() -> Polled:
        return {3: ()}

    assert await polled_unless(stopping, poll()) == {3: ()}
    stopping.cancel()


async def test_a_stop_cuts_a_poll_short() -> None:
    stop, cut = asyncio.Event(), asyncio.Event()
    stopping = asyncio.create_task(stop.wait())

    async def poll() -> Polled:
        stop.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()
        return {}

    assert await polled_unless(stopping, poll()) is None
    assert cut.is_set()


async def test_what_goes_wrong_is_raised() -> None:
    stopping = asyncio.create_task(asyncio.Event().wait())

    async def poll() -> Polled:
        raise Unavailable("the broker is away")

    with pytest.raises(Unavailable):
        await polled_unless(stopping, poll())
    stopping.cancel()
