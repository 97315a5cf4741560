"""All aliases in memory, read again every few seconds. While PostgreSQL is away the cache keeps what it knows."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from msgspec import Struct

from common.stopping import stopped_within
from ingest.aliases.merge import (
    MOST_ALIASES,
    Alias,
    AliasesUnavailable,
    DecidedMerges,
    Merge,
    decide_merges,
    last_of_chains,
)
from ingest.aliases.store import AliasesVersion, StoredAliases
from ingest.errors import FieldError, FieldErrorReason

_log = structlog.get_logger()


class AliasTable(Protocol):
    """Both methods raise `AliasesUnavailable`."""

    async def read(self, known: AliasesVersion | None) -> StoredAliases | None:
        """All aliases; None if they are still those of this version."""

    async def merge(self, merges: Sequence[Merge]) -> DecidedMerges: ...


class _KnownAliases(Struct, frozen=True):
    """`last` has the final account of each merged one. `version` is None after a merge by this process."""

    version: AliasesVersion | None
    aliases: Mapping[str, Alias]
    last: Mapping[str, str]


class AliasCache:
    """Knows what other processes stored after at most `ttl` seconds; after a failure it reads every `retry` seconds."""

    def __init__(
        self,
        table: AliasTable,
        *,
        ttl: float = 30.0,
        retry: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._ttl = ttl
        self._retry = retry
        self._clock = clock
        self._known: _KnownAliases | None = None
        self._read_at = float("-inf")
        self._failure: str | None = None

    def not_ready_reason(self) -> str | None:
        """For readiness: not ready only until the aliases were read for the first time."""
        if self._known is not None:
            return None
        return f"the aliases were not read yet{f': {self._failure}' if self._failure else ''}"

    @property
    def age(self) -> float:
        """Seconds since the aliases were read; infinite before the first time."""
        return self._clock() - self._read_at

    def __len__(self) -> int:
        return 0 if self._known is None else len(self._known.aliases)

    async def last(self) -> Mapping[str, str]:
        """The final account of each merged one. Raises `AliasesUnavailable` if the aliases were never read."""
        return (self._known or await self._read()).last

    async def merge(self, merges: Sequence[Merge]) -> Mapping[int, FieldError]:
        """Stores merges; returns the refused ones by place. This process knows the others from then on.

        Raises `AliasesUnavailable`.
        """
        decided = await self._table.merge(merges)
        if any(error.reason is FieldErrorReason.TOO_MANY_MERGES for error in decided.refused.values()):
            _log.error("aliases.full", most=MOST_ALIASES)
        known = self._known or await self._read()
        aliases = {**known.aliases, **{name: one.alias for name, one in decided.written.items()}}
        self._known = _KnownAliases(None, aliases, last_of_chains(aliases))
        return decided.refused

    async def check(self, merges: Sequence[Merge]) -> Mapping[int, FieldError]:
        """What `merge` would refuse, by the aliases in memory. Raises `AliasesUnavailable` if they were never read."""
        known = self._known or await self._read()
        return decide_merges(known.aliases, merges, room=max(0, MOST_ALIASES - len(known.aliases))).refused

    async def keep_fresh(self, stop: asyncio.Event) -> None:
        """Reads the aliases at half their time to live, and more often while that fails."""
        while not stop.is_set():
            with suppress(AliasesUnavailable):
                await self._read()
            await stopped_within(self._retry if self._failure is not None else self._ttl / 2, stop)

    async def _read(self) -> _KnownAliases:
        asked, before = self._clock(), self._known
        try:
            stored = await self._table.read(None if before is None else before.version)
        except AliasesUnavailable as error:
            if self._failure is None:
                _log.warning("aliases.unreadable", error=str(error), known=len(self))
            self._failure = str(error)
            raise
        if self._failure is not None:
            _log.info("aliases.readable", known=len(self))
        self._failure, self._read_at = None, asked
        # A merge by this process during the read would be lost until the next read, so what was read is dropped then.
        if stored is not None and self._known is before:
            if stored.version.rows > MOST_ALIASES:
                _log.error("aliases.too_many", stored=stored.version.rows, most=MOST_ALIASES)
            self._known = _KnownAliases(stored.version, stored.aliases, last_of_chains(stored.aliases))
        known = self._known
        if known is None:
            raise AliasesUnavailable("the aliases were not read yet")
        return known
