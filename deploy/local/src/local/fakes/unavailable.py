"""Servers that accept connections and are of no use: a mute one, and a PostgreSQL that is starting up."""

import asyncio
import struct

from local.fakes.tcp_server import TcpServer

_CODE = struct.Struct(">i")
_SSL_REQUEST = 80877103
_STARTING_UP = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"


def mute(port: int) -> TcpServer:
    """Takes connections and what comes on them, and never answers."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass

    return TcpServer(serve, port=port)


def starting_up(port: int) -> TcpServer:
    """As PostgreSQL while it recovers."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            (length,) = _CODE.unpack(await reader.readexactly(_CODE.size))
            body = await reader.readexactly(length - _CODE.size)
            if _CODE.unpack_from(body)[0] != _SSL_REQUEST:
                break
            writer.write(b"N")
        writer.write(b"E" + _CODE.pack(len(_STARTING_UP) + _CODE.size) + _STARTING_UP)
        await writer.drain()
        await reader.read()

    return TcpServer(serve, port=port)
