"""The cheap timeout raises `TimeoutError`, and leaves other cancellations alone."""

import asyncio

import pytest

from common.timeout import Timeout


async def test_a_body_that_ends_in_time_is_left_alone() -> None:
    with Timeout(0.02):
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)


async def test_a_body_that_takes_too_long_raises_timeout_error_and_the_task_goes_on() -> None:
    with pytest.raises(TimeoutError), Timeout(0.01):
        await asyncio.Event().wait()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)


async def test_a_cancellation_from_outside_stays_a_cancellation() -> None:
    async def work() -> None:
        with Timeout(0.01):
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.05)

    for pause in (0.0, 0.03):  # before the time is up, and after
        task = asyncio.create_task(work())
        await asyncio.sleep(pause)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def test_an_outer_timeout_ignores_the_expiry_of_an_inner_one() -> None:
    with Timeout(1.0):
        with pytest.raises(TimeoutError), Timeout(0.01):
            await asyncio.Event().wait()
        await asyncio.sleep(0)
