"""When each key was last used, written once a minute beside the requests."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

import structlog

from common.keys import KeysUnavailable
from common.stopping import stopped_within

_log = structlog.get_logger()
_WRITE_TIMEOUT = 5.0


class UsageStore(Protocol):
    async def note_used(self, used: Mapping[str, datetime]) -> None:
        """Raises `KeysUnavailable`."""


class KeyUsage:
    """Collects which keys were used. The keyring adds the id of each key that it accepts to `used`.

    What cannot be written is kept for the next round: one time for each key, so the number of keys bounds the memory.
    """

    def __init__(
        self,
        store: UsageStore,
        *,
        interval: float = 60.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._interval = interval
        self._now = now
        self._unwritten: dict[str, datetime] = {}
        self._failing = False
        self.used: set[str] = set()

    async def keep_written(self, stop: asyncio.Event) -> None:
        """Writes every `interval` seconds, and once more after the stop."""
        while not await stopped_within(self._interval, stop):
            await self.write()
        await self.write()

    async def write(self) -> None:
        self._unwritten.update(dict.fromkeys(self.used, self._now()))
        self.used.clear()
        if not self._unwritten:
            return
        try:
            async with asyncio.timeout(_WRITE_TIMEOUT):
                await self._store.note_used(self._unwritten)
        except (KeysUnavailable, TimeoutError) as error:
            # Once for each outage: the requests themselves are served from memory.
            if not self._failing:
                _log.warning(
                    "key_usage.not_written", keys=len(self._unwritten), error=str(error) or "no answer in time"
                )
            self._failing = True
            return
        self._failing = False
        self._unwritten.clear()
