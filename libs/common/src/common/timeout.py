"""A cheap timeout for code that runs thousands of times a second."""

import asyncio


class Timeout:
    """As `asyncio.timeout`, for `with`: raises `TimeoutError` if its body takes longer than `seconds`.

    It cannot be rescheduled, and costs a fifth of `asyncio.timeout`. `loop` is the one that runs, if it is known: to
    ask for it is a system call in Python 3.11.
    """

    __slots__ = ("_cancels_before", "_expired", "_handle", "_loop", "_seconds", "_task")

    def __init__(self, seconds: float, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._seconds = seconds
        self._loop = loop
        self._expired = False

    def __enter__(self) -> None:
        loop = self._loop or asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        self._task = task
        self._cancels_before = task.cancelling()
        self._handle = loop.call_later(self._seconds, self._expire)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._handle.cancel()
        # If somebody else has cancelled the task too, the CancelledError is theirs and goes on.
        if self._expired and self._task.uncancel() <= self._cancels_before and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()
