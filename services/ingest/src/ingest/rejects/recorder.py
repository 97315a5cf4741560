"""Writes rejects to PostgreSQL in the background; bounds the memory while PostgreSQL is away."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from common.database_errors import DATABASE_ERRORS, error_text
from common.stopping import stopped_within
from ingest.events.erased import NOBODY, ErasedLookup
from ingest.intake.erased_items import mentions_erased
from ingest.rejects.rejected import Rejected

_log = structlog.get_logger()
MOST_WAITING = 10_000
_BATCH = 500


class RejectTable(Protocol):
    async def insert(self, rejected: Sequence[Rejected]) -> None: ...

    async def prune(self, keep: int) -> None:
        """Deletes all but the newest."""


class RejectRecorder:
    """Waiting rejects are lost if the process dies; the dead topic has them.

    `on_unlisted` counts dropped ones. Those that name one of the `erased` are dropped: nobody would delete them later.
    """

    def __init__(
        self,
        table: RejectTable,
        *,
        keep: int,
        every: float = 1.0,
        most_waiting: int = MOST_WAITING,
        erased: ErasedLookup = NOBODY,
        on_unlisted: Callable[[int], None] = lambda count: None,
    ) -> None:
        self._table = table
        self._keep = keep
        self._every = every
        self._most_waiting = most_waiting
        self._erased = erased
        self._on_unlisted = on_unlisted
        self._waiting: deque[Rejected] = deque()
        self._failed = False

    def add(self, rejected: Sequence[Rejected]) -> None:
        self._waiting.extend(rejected)
        if (over := len(self._waiting) - self._most_waiting) > 0:
            for _ in range(over):
                self._waiting.popleft()
            self._on_unlisted(over)

    async def run(self, stop: asyncio.Event) -> None:
        """Writes until told to stop, then once more."""
        while not await stopped_within(self._every, stop):
            await self.flush()
        await self.flush()

    async def flush(self) -> None:
        """Writes waiting rejects; while PostgreSQL is away they go on waiting."""
        if not self._waiting:
            return
        try:
            while self._waiting:
                await self._write_batch()
            await self._table.prune(self._keep)
        except DATABASE_ERRORS as error:
            if not self._failed:
                _log.warning("rejects.unwritten", waiting=len(self._waiting), error=error_text(error))
            self._failed = True
            return
        self._failed = False

    async def _write_batch(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
        kept = [one for one in batch if not _names_erased(one, self._erased)]
        try:
            if kept:
                await self._table.insert(kept)
        except BaseException:
            # They wait again, as the first ones. After a cancelled write they may be listed twice, which is harmless.
            self._waiting.extendleft(reversed(batch))
            raise
        if kept != batch:
            self._on_unlisted(len(batch) - len(kept))


def _names_erased(rejected: Rejected, erased: ErasedLookup) -> bool:
    named = rejected.message_id
    if erased.account(named) or erased.user(named):
        return True
    return any(mentions_erased(f"{one.field} {one.detail}", erased) for one in rejected.errors)
