import asyncio

from http_guard.lingering import LingeringClose


class Recorder:
    """Notes how a connection is ended."""

    def __init__(self, *, halves: bool = True) -> None:
        self.ended: list[str] = []
        self.closed = asyncio.Event()
        self._halves = halves

    def can_write_eof(self) -> bool:
        return self._halves

    def write_eof(self) -> None:
        self.ended.append("half")

    def close(self) -> None:
        self.ended.append("whole")
        self.closed.set()


async def test_the_other_half_ends_after_a_while() -> None:
    connection = Recorder()
    LingeringClose(seconds=0.01, most=1).close(connection, loop=asyncio.get_running_loop())
    assert connection.ended == ["half"]
    async with asyncio.timeout(20.0):
        await connection.closed.wait()
    assert connection.ended == ["half", "whole"]


async def test_over_the_bound_connections_end_at_once_until_one_is_lost() -> None:
    lingering, loop = LingeringClose(seconds=60.0, most=2), asyncio.get_running_loop()
    connections = [Recorder() for _ in range(4)]
    for connection in connections[:3]:
        lingering.close(connection, loop=loop)
    lingering.lost(connections[2])
    lingering.lost(connections[0])
    lingering.close(connections[3], loop=loop)
    assert [connection.ended for connection in connections] == [["half"], ["half"], ["whole"], ["half"]]
    for connection in connections:
        lingering.lost(connection)
    assert len(lingering) == 0


async def test_what_has_no_halves_ends_at_once() -> None:
    connection = Recorder(halves=False)
    LingeringClose(seconds=60.0, most=1).close(connection, loop=asyncio.get_running_loop())
    assert connection.ended == ["whole"]
