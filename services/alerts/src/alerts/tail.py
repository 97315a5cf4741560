"""`python -m alerts tail`: what scoring has told, from the beginning of the topic, one line a signal."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from alerts.feed import Told
from alerts.words import line
from common.bus.errors import BusUnavailable
from common.contracts.signals import Signal, encode_signals_record

POLL = 0.5
BACK_OFF = 1.0


class Feed(Protocol):
    unreadable: int

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def read(self, timeout: float) -> list[Told]: ...


async def tail(
    feed: Feed,
    *,
    write: Callable[[str], None],
    complain: Callable[[str], None],
    as_json: bool = False,
    until_idle: float | None = None,
    back_off: float = BACK_OFF,
) -> None:
    """Until cancelled, or until nothing has come for `until_idle` seconds."""
    tell = _json if as_json else line
    loop = asyncio.get_running_loop()
    await feed.start()
    try:
        heard = loop.time()
        while until_idle is None or loop.time() - heard < until_idle:
            try:
                came = await feed.read(POLL)
            except BusUnavailable as error:
                complain(f"the log does not answer: {error}")
                await asyncio.sleep(back_off)
                continue
            for told in came:
                if isinstance(told.what, Signal):
                    write(tell(told.what))
            if came:
                heard = loop.time()
    finally:
        await feed.stop()
        if feed.unreadable:
            complain(f"{feed.unreadable} records could not be read: written by another version?")


def _json(signal: Signal) -> str:
    return encode_signals_record(signal).decode()
