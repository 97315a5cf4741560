"""The write timeout, on a fake clock and a fake transport."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from http_guard.write_timeout import WriteTimeoutTransport

SECONDS = 10.0


class Clock:
    """A loop as far as it is needed: one timer."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: float | None = None
        self._call: Callable[[], None] = self.cancel

    def call_later(self, delay: float, call: Callable[..., None], *args: Any) -> "Clock":
        assert self._due is None, "one watch at a time"
        self._due, self._call = self.now + delay, lambda: call(*args)
        return self

    def cancel(self) -> None:
        self._due = None

    def turn(self, seconds: float) -> None:
        self.now += seconds
        while self._due is not None and self._due <= self.now:
            self._due = None
            self._call()


class Socket:
    """Takes nothing by itself."""

    def __init__(self) -> None:
        self.waiting = 0

    def write(self, data: bytes) -> None:
        self.waiting += len(data)

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return False


class Answered:
    def __init__(self) -> None:
        self.clock, self.socket, self.late = Clock(), Socket(), 0
        self.watched = WriteTimeoutTransport(
            cast(asyncio.Transport, self.socket),
            loop=cast(asyncio.AbstractEventLoop, self.clock),
            seconds=SECONDS,
            on_timeout=self._is_late,
        )

    def _is_late(self) -> None:
        self.late += 1

    def second(self, *, writes: int = 0, reads: int = 0) -> None:
        self.watched.write(b"a" * writes)
        self.socket.waiting -= min(reads, self.socket.waiting)
        self.clock.turn(1.0)


def test_an_answer_read_in_time_leaves_no_timer() -> None:
    answered = Answered()
    answered.second(writes=100)
    for _ in range(8):
        answered.second(reads=13)
    assert answered.late == 0
    answered.clock.turn(100 * SECONDS)
    assert answered.late == 0


def test_an_answer_read_in_part_times_out() -> None:
    answered = Answered()
    answered.second(writes=100)
    for _ in range(9):
        answered.second(reads=10)
    assert answered.late == 1, "ten bytes are left"


def test_a_client_that_keeps_up_is_kept_though_its_buffer_is_never_empty() -> None:
    answered = Answered()
    answered.second(writes=50)
    for _ in range(1_000):
        answered.second(writes=10, reads=10)
    assert answered.late == 0
    assert answered.socket.waiting == 50


def test_a_client_that_falls_behind_times_out() -> None:
    answered = Answered()
    for _ in range(200):
        answered.second(writes=10, reads=9)
    assert answered.late > 0


def test_no_byte_waits_longer_than_twice_the_timeout() -> None:
    answered = Answered()
    answered.second(writes=10)
    for _ in range(8):
        answered.second()
    answered.watched.write(b"a" * 10)
    answered.socket.waiting = 10  # the first was taken at the last moment, the second never is
    answered.clock.turn(1.0)
    assert answered.late == 0
    answered.clock.turn(SECONDS)
    assert answered.late == 1


def test_a_closed_connection_has_no_timer() -> None:
    answered = Answered()
    answered.second(writes=10)
    answered.watched.cancel_timer()
    answered.clock.turn(2 * SECONDS)
    assert answered.late == 0
