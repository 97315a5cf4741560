"""Writes for the read API which names the scored events had, and which values no metric could use.

These counts are no part of the log's results: after a crash, or an error of the database, they may miss or repeat some.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import structlog

from common.catalogue.events import STANDARD_EVENTS
from common.catalogue.names import is_event_name
from common.errors import Doubt
from scoring.partition.event_use import EventUse, UnusableKey, UseCount

_log = structlog.get_logger()

EVERY: Final = 5.0  # seconds
MOST_NAMES: Final = 1000


class EventUseStore(Protocol):
    async def write_event_use(
        self, names: Mapping[str, UseCount], unusable: Mapping[UnusableKey, UseCount], *, most_names: int
    ) -> None:
        """Adds to what is stored; names that are not standard are left out while there are `most_names` or more."""


class EventUseReport:
    """Collects what all partitions of a worker committed. Between two writes it keeps `MOST_NAMES` at most."""

    def __init__(self, store: EventUseStore, *, steady: Callable[[], float]) -> None:
        self._store = store
        self._steady = steady
        self._written_at = float("-inf")
        self._names: dict[str, UseCount] = {}
        self._unusable: dict[UnusableKey, UseCount] = {}

    def add(self, use: EventUse) -> None:
        self._merge(use.names(), use.unusable)

    async def write_due(self) -> None:
        """Writes if the last write was long enough ago. What cannot be written is kept for the next time."""
        if self._names and self._steady() - self._written_at >= EVERY:
            await self.write()

    async def write(self) -> None:
        if not self._names:
            return
        self._written_at = self._steady()
        # Partitions go on adding during the write.
        names, unusable = self._names, self._unusable
        self._names, self._unusable = {}, {}
        try:
            await self._store.write_event_use(names, unusable, most_names=MOST_NAMES)
        except Doubt as error:
            _log.warning("event_use.unwritten", reason=str(error))
            self._merge(names, unusable)

    def _merge(self, names: Mapping[str, UseCount], unusable: Mapping[UnusableKey, UseCount]) -> None:
        for name, count in names.items():
            if name in self._names:
                self._names[name].add(count)
            elif name in STANDARD_EVENTS or (len(self._names) < MOST_NAMES and is_event_name(name)):
                self._names[name] = count
        for key, count in unusable.items():
            if key in self._unusable:
                self._unusable[key].add(count)
            else:
                self._unusable[key] = count
