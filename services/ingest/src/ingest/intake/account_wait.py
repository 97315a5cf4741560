"""Waits for the account of a person whose browser tells it by another request, which it sends at the same time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

# After each of these an account is looked up again. A page sends its first requests at once, but each may need a
# connection of its own.
_SECONDS: Final = (0.2, 0.6, 1.2)
# Visitors who belong to no account wait for nothing: they must not hold all requests that ingest can take at a time.
_MOST: Final = 32


class AccountWait:
    """Bounds how long requests wait, and how many at a time."""

    def __init__(self, *, seconds: Sequence[float] = _SECONDS, most: int = _MOST) -> None:
        self._seconds = seconds
        self._most = most
        self._waiting = 0

    @contextmanager
    def place(self) -> Iterator[Sequence[float]]:
        """A place for one request: the seconds to wait before each look, none while too many wait."""
        if self._waiting >= self._most:
            yield ()
            return
        self._waiting += 1
        try:
            yield self._seconds
        finally:
            self._waiting -= 1
