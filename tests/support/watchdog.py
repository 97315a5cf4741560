"""Ends a worker whose test goes on after pytest-timeout has given it up, and shows where each of its threads is.

pytest-timeout raises an exception in the main thread, once. It ends neither a test that waits for a thread, nor one
that waits again while it cleans up, nor one that waits in a library's C code. xdist then names the test, and the run
ends (`--max-worker-restart 0` in the Makefile). pytest's own `faulthandler_timeout` is one for all tests, and stops
watching at the first failure.
"""

import faulthandler
import os
import threading
from collections.abc import Generator

import pytest

GRACE_SECONDS = 60.0
_stderr = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    # The workers' own: what is written to it while a test runs would be captured, and lost.
    config.stash[_stderr] = os.dup(2)


def pytest_unconfigure(config: pytest.Config) -> None:
    os.close(config.stash[_stderr])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    seconds = _timeout(item)
    timer = threading.Timer(seconds + GRACE_SECONDS, _end, [item.nodeid, item.config.stash[_stderr]])
    timer.daemon = True
    if seconds:
        timer.start()
    try:
        return (yield)
    finally:
        timer.cancel()


def _timeout(item: pytest.Item) -> float:
    """Seconds, of pytest-timeout; 0: it has none."""
    if (marker := item.get_closest_marker("timeout")) is not None:
        return float(marker.args[0])
    asked = item.config.getoption("timeout")
    return float(item.config.getini("timeout") or 0) if asked is None else float(asked)


def _end(test: str, stderr: int) -> None:
    os.write(stderr, f"\n{test} does not end; its threads:\n".encode())
    faulthandler.dump_traceback(stderr)
    os._exit(1)
