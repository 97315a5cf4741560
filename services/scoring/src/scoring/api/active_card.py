"""Reads the card of the journal again and again, so that the API may start before scoring does."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import structlog
from msgspec import Struct

from common.database_errors import DatabaseUnavailable
from common.problems import unavailable
from common.stopping import stopped_within
from common.topics import TimeMode
from scoring.cards.country_days import country_days
from scoring.cards.errors import InvalidCard
from scoring.cards.identity import versions
from scoring.cards.load import load
from scoring.health import REQUEST_SECONDS, Scorer
from scoring.partition.origin import Origin

_log = structlog.get_logger()

# Seconds between two reads: while there is no card, and after that.
_SOON, _LATER = 0.5, 5.0
NOT_STARTED = "scoring has not started yet"


class ActiveCard(Struct, frozen=True):
    """The card in the journal with its scorer, the time mode and the partition count."""

    scorer: Scorer
    wall: bool
    partitions: int


class OriginReader(Protocol):
    async def origin(self) -> Origin | None:
        """None before scoring has begun."""


class JournalStore(Protocol):
    def snapshot(self) -> AbstractAsyncContextManager[OriginReader]:
        """Raises `DatabaseUnavailable`."""


class ActiveCardReader:
    def __init__(self, store: JournalStore) -> None:
        self._store = store
        self._origin: Origin | None = None
        self._active_card: ActiveCard | None = None
        self._trouble: str | None = NOT_STARTED

    def trouble(self) -> str | None:
        """Why there is no card, for readiness; None if there is one."""
        return self._trouble

    def active_card(self) -> ActiveCard:
        """Raises a 503 while there is none."""
        if self._active_card is None:
            reason = self._trouble or NOT_STARTED
            raise unavailable("not_started", reason, retry_after=2)
        return self._active_card

    async def run(self, stop: asyncio.Event) -> None:
        """Reads until told to stop. It notices that scoring begins, or begins anew on an empty database."""
        while not stop.is_set():
            await self.read()
            await stopped_within(_SOON if self._trouble else _LATER, stop)

    async def read(self) -> None:
        """Reads once."""
        try:
            async with self._store.snapshot() as journal:
                origin = await journal.origin()
            trouble = self._activate(origin)
        except DatabaseUnavailable as error:
            trouble = f"the database is not ready: {error}"
        except InvalidCard as error:
            trouble = f"this version cannot read the card in force: {error}"
        if trouble != self._trouble:
            self._trouble = trouble
            if trouble:
                _log.warning("card.missing", trouble=trouble)

    def _activate(self, origin: Origin | None) -> str | None:
        if origin is None:
            self._origin = self._active_card = None
            return NOT_STARTED
        if origin != self._origin:
            card = load(origin.card, f"card {origin.card_id}")
            if origin.calendars != versions(card):
                _log.warning("calendars.differ", card=dict(origin.calendars), here=dict(versions(card)))
            # Not strict: a receipt that does not add up is shown; the worker that made it has counted it.
            wall = origin.time_mode == TimeMode.WALL
            scorer = Scorer(
                card,
                origin.card_id,
                strict=False,
                calendars=country_days,
                request_seconds=REQUEST_SECONDS if wall else None,
                first_look_seconds=origin.first_look_seconds,
            )
            self._active_card = ActiveCard(scorer=scorer, wall=wall, partitions=origin.partitions)
            self._origin = origin
            _log.info("card.taken", card_id=origin.card_id, time_mode=origin.time_mode)
        return None
