"""A time limit for what is done a thousand times a second."""

import asyncio


class Patience:
    """As `asyncio.timeout`, for `with`: raises `TimeoutError` if its body takes longer than `seconds`.

    It cannot be rescheduled, and costs a fifth.
    """

    __slots__ = ("_before", "_handle", "_over", "_seconds", "_task")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._over = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        self._task = task
        self._before = task.cancelling()
        self._handle = loop.call_later(self._seconds, self._cancel)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._handle.cancel()
        # Cancelled by someone else as well: theirs goes first.
        if self._over and self._task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _cancel(self) -> None:
        self._over = True
        self._task.cancel()
