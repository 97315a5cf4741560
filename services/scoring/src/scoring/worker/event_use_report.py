"""Writes for the read API which names the scored events had, and which values no metric could use.

These counts are no part of the log's results: after a crash, or an error of the database, they may miss or repeat some.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final, Protocol

import structlog
from msgspec.structs import replace

from common.catalogue.events import STANDARD_EVENTS
from common.catalogue.names import is_event_name
from common.errors import Doubt
from scoring.partition.event_use import EventUse, UnusableKey, UseCount, UseSample

_log = structlog.get_logger()

EVERY: Final = 5.0  # seconds
MOST_NAMES: Final = 1000
ERASED_FOR: Final = 60.0
_NO_SAMPLE: Final = UseSample("", "")


class EventUseStore(Protocol):
    async def write_event_use(
        self, names: Mapping[str, UseCount], unusable: Mapping[UnusableKey, UseCount], *, most_names: int
    ) -> None:
        """Adds to what is stored; names that are not standard are left out while there are `most_names` or more."""

    async def scrub_event_use(self, account_ids: Collection[str]) -> None:
        """Deletes these accounts from the samples."""

    async def scrub_values(self) -> None:
        """Deletes the values of all samples."""


class EventUseReport:
    """Collects what all partitions of a worker committed. Between two writes it keeps `MOST_NAMES` at most."""

    def __init__(self, store: EventUseStore, *, steady: Callable[[], float]) -> None:
        self._store = store
        self._steady = steady
        self._written_at = float("-inf")
        self._names: dict[str, UseCount] = {}
        self._unusable: dict[UnusableKey, UseCount] = {}
        self._no_values_until: float | None = None  # a person was erased: by the steady clock
        self._erased: dict[str, float] = {}  # until when each is deleted from the samples again, by the steady clock

    def forget(self, account_id: str) -> None:
        """The account was erased: its events go on counting, and none of them is a sample.

        A write under way, or one by the partition's former owner, may still bring one: for a while each is followed by
        another deletion.
        """
        self._erased[account_id] = self._steady() + ERASED_FOR
        for count in (*self._names.values(), *self._unusable.values()):
            if count.sample.account_id == account_id:
                count.sample = _NO_SAMPLE

    async def forget_values(self) -> None:
        """A person was erased: nobody can tell whose words a value has, so all go, as in `forget`. Raises `Doubt`."""
        self._no_values_until = self._steady() + ERASED_FOR
        for count in self._unusable.values():
            count.sample = replace(count.sample, value="")
        await self._store.scrub_values()

    def add(self, use: EventUse) -> None:
        self._merge(use.names(), use.unusable)

    async def write_due(self) -> None:
        """Writes if the last write was long enough ago. What cannot be written is kept for the next time."""
        is_due = self._steady() - self._written_at >= EVERY
        if is_due and (self._names or self._erased or self._no_values_until is not None):
            await self.write()

    async def write(self) -> None:
        if self._names:
            await self._write_counts()
        if self._erased:
            await self._scrub()
        if self._no_values_until is not None:
            await self._scrub_values(self._no_values_until)

    async def _write_counts(self) -> None:
        self._written_at = self._steady()
        # Partitions go on adding during the write.
        names, unusable = self._names, self._unusable
        self._names, self._unusable = {}, {}
        try:
            await self._store.write_event_use(names, unusable, most_names=MOST_NAMES)
        except Doubt as error:
            _log.warning("event_use.unwritten", reason=str(error))
            self._merge(names, unusable)

    async def _scrub_values(self, until: float) -> None:
        self._written_at = self._steady()
        try:
            await self._store.scrub_values()
        except Doubt as error:
            _log.warning("event_use.unwritten", reason=str(error))
            return
        if until <= self._steady() and self._no_values_until == until:
            self._no_values_until = None

    async def _scrub(self) -> None:
        self._written_at = self._steady()
        erased = dict(self._erased)
        try:
            await self._store.scrub_event_use(list(erased))
        except Doubt as error:
            _log.warning("event_use.unwritten", reason=str(error))
            return
        for account_id, until in erased.items():
            if until <= self._steady() and self._erased[account_id] == until:
                del self._erased[account_id]

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
