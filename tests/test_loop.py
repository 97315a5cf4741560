"""A test that waits for ever ends and shows where it waits, and one that leaves a socket open ends too."""

import asyncio
import logging
import os
import signal
import threading
import traceback
from types import FrameType

import pytest

from support.loop import new_event_loop


async def waits_for_ever() -> None:
    await asyncio.Event().wait()


def test_what_the_signal_of_a_timeout_raises_ends_the_test(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)

    def fail(number: int, frame: FrameType | None) -> None:
        pytest.fail("Timeout")

    # Not SIGALRM: that is this test's own.
    before = signal.signal(signal.SIGUSR1, fail)
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner, pytest.raises(asyncio.CancelledError) as ended:
            runner.run(waits_for_ever())
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert "waits_for_ever" in "".join(traceback.format_exception(ended.value))
    assert "Timeout" in caplog.text


@pytest.mark.timeout(20)
def test_a_loop_closes_with_what_was_left_open() -> None:
    """Else this test ends with its worker: see `support.watchdog`."""

    async def leaves() -> None:
        await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(leaves())
        loop = runner.get_loop()
    assert loop.is_closed()
