"""Which writes of a server reach the transport as one."""

import asyncio
from typing import cast

import pytest

from http_guard.joined_writes import JoinedWritesTransport
from http_guard.write_timeout import WriteTimeoutTransport

HEAD, BODY, LARGE = b"HTTP/1.1 200 OK\r\n\r\n", b"fine", b"a" * 20_000


class Recorder:
    """What was done to the transport, in order."""

    def __init__(self) -> None:
        self.done: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def writelines(self, data: list[bytes]) -> None:
        self.done += data

    def close(self) -> None:
        self.done.append("closed")

    def abort(self) -> None:
        self.done.append("aborted")

    def write_eof(self) -> None:
        self.done.append("eof")

    def get_write_buffer_size(self) -> int:
        return 7

    def is_closing(self) -> bool:
        return "closed" in self.done


@pytest.fixture
async def socket() -> Recorder:
    return Recorder()


@pytest.fixture
async def joined(socket: Recorder) -> JoinedWritesTransport:
    below = cast(WriteTimeoutTransport, socket)
    return JoinedWritesTransport(below, loop=asyncio.get_running_loop(), close=below.close)


async def test_a_head_goes_with_its_body(joined: JoinedWritesTransport, socket: Recorder) -> None:
    joined.write(HEAD)
    assert (socket.done, joined.get_write_buffer_size()) == ([], len(HEAD) + 7)
    joined.write(BODY)
    assert (socket.done, joined.get_write_buffer_size()) == ([HEAD + BODY], 7)
    await asyncio.sleep(0)
    assert socket.done == [HEAD + BODY]


async def test_what_nothing_follows_goes_in_the_next_turn(joined: JoinedWritesTransport, socket: Recorder) -> None:
    joined.write(HEAD)
    await asyncio.sleep(0)
    assert socket.done == [HEAD]


async def test_a_head_without_a_body_goes_at_once(joined: JoinedWritesTransport, socket: Recorder) -> None:
    joined.write(HEAD)
    joined.write(b"")
    assert socket.done == [HEAD]


async def test_large_data_is_not_copied_and_keeps_its_place(joined: JoinedWritesTransport, socket: Recorder) -> None:
    joined.write(HEAD)
    joined.write(LARGE)
    joined.write(BODY)
    joined.writelines([LARGE])
    assert socket.done == [HEAD, LARGE, BODY, LARGE]


async def test_what_is_held_goes_before_the_end(joined: JoinedWritesTransport, socket: Recorder) -> None:
    joined.write(HEAD)
    joined.write_eof()
    joined.write(BODY)
    joined.close()
    await asyncio.sleep(0)
    assert socket.done == [HEAD, "eof", BODY, "closed"]
    assert joined.is_closing()


async def test_an_aborted_connection_gets_no_more(joined: JoinedWritesTransport, socket: Recorder) -> None:
    joined.write(HEAD)
    joined.abort()
    await asyncio.sleep(0)
    assert socket.done == ["aborted"]


async def test_a_closed_connection_is_closing_and_drops_what_is_written(
    socket: Recorder, joined: JoinedWritesTransport
) -> None:
    joined.write(b"last")
    joined.close()
    assert joined.is_closing()
    joined.write(b"more")
    await asyncio.sleep(0)
    assert socket.done == [b"last", "closed"]
