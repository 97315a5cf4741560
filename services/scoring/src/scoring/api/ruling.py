"""The card in force, as the journal has it: read, and read again, so that the API may start before scoring does."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import structlog
from msgspec import Struct

from common.database import DatabaseUnavailable
from common.problems import Problem
from common.stopping import stopped_within
from common.topics import TimeMode
from scoring.cards.errors import InvalidCard
from scoring.cards.identity import versions
from scoring.cards.load import load
from scoring.health.scorer import Scorer
from scoring.origin import Origin

_log = structlog.get_logger()

# How often to look, in seconds: until there is a card, and after that.
_SOON, _LATER = 0.5, 5.0
NOT_STARTED = "scoring has not started yet"


class Ruling(Struct, frozen=True):
    """What decides what an account's state means."""

    scorer: Scorer
    wall: bool
    partitions: int


class Journal(Protocol):
    async def origin(self) -> Origin | None:
        """None before scoring has begun."""


class Book(Protocol):
    def snapshot(self) -> AbstractAsyncContextManager[Journal]:
        """Raises `DatabaseUnavailable`."""


class RulingCard:
    def __init__(self, book: Book) -> None:
        self._book = book
        self._origin: Origin | None = None
        self._ruling: Ruling | None = None
        self._trouble: str | None = NOT_STARTED

    def trouble(self) -> str | None:
        """For readiness."""
        return self._trouble

    def ruling(self) -> Ruling:
        """Raises a 503 while there is none."""
        if self._ruling is None:
            reason = self._trouble or NOT_STARTED
            raise Problem(503, "not_started", reason, headers={"retry-after": "2"})
        return self._ruling

    async def keep(self, stop: asyncio.Event) -> None:
        """Looks until told to stop; sees when scoring begins, and when it was begun anew on an empty database."""
        while not stop.is_set():
            await self.read()
            await stopped_within(_SOON if self._trouble else _LATER, stop)

    async def read(self) -> None:
        """Looks once."""
        try:
            async with self._book.snapshot() as journal:
                origin = await journal.origin()
            trouble = self._take(origin)
        except DatabaseUnavailable as error:
            trouble = f"the database is not ready: {error}"
        except InvalidCard as error:
            trouble = f"this version cannot read the card in force: {error}"
        if trouble != self._trouble:
            self._trouble = trouble
            if trouble:
                _log.warning("card.missing", trouble=trouble)

    def _take(self, origin: Origin | None) -> str | None:
        if origin is None:
            self._origin = self._ruling = None
            return NOT_STARTED
        if origin != self._origin:
            if origin.calendars != versions():
                _log.warning("calendars.differ", card=dict(origin.calendars), here=dict(versions()))
            # A receipt that does not add up is shown, and counted where it is made.
            scorer = Scorer(load(origin.card, f"card {origin.card_id}"), origin.card_id, strict=False)
            wall = origin.time_mode == TimeMode.WALL
            self._ruling = Ruling(scorer=scorer, wall=wall, partitions=origin.partitions)
            self._origin = origin
            _log.info("card.taken", card_id=origin.card_id, time_mode=origin.time_mode)
        return None
