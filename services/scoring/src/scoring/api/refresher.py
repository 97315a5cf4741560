"""Makes rankings, one after the other: all accounts by the scores that they have as of one moment.

A ranking is read when it is whole, and kept for a while after the next one is. So all pages of a walk come of one, and
no account is skipped or shown twice because scores moved meanwhile. Nothing here holds up scoring: workers neither
write rankings nor wait for them, and the process that makes one leaves most of its time to requests.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol

import structlog
from msgspec import Struct

from common.database import DatabaseUnavailable
from common.problems import Problem
from common.stopping import stopped_within
from scoring.api.eye import Eye, Unreadable
from scoring.api.lookout import Lookout
from scoring.api.tables import Stored

_log = structlog.get_logger()


class Book(Protocol):
    async def ended(self) -> float | None:
        """When the newest ranking was finished."""

    async def begin(self) -> int: ...

    async def states(self, *, after: str, limit: int) -> Sequence[Stored]:
        """The next ones, by account id."""

    async def write(self, ranking_id: int, scores: Mapping[str, float]) -> None: ...

    async def finish(self, ranking_id: int, *, as_of: float, begun: float, ended: float) -> None: ...

    async def retire(self, *, before: float) -> None: ...

    async def forget(self, *, limit: int) -> int: ...


class Books(Protocol):
    def alone(self) -> AbstractAsyncContextManager[Book | None]:
        """None while another process makes a ranking. Raises `DatabaseUnavailable`."""


class Pace(Struct, frozen=True, kw_only=True):
    """A ranking begins `every` seconds after the last one; making it takes at most `share` of a core.

    It is kept for `keep` seconds after the next one is finished. `chunk` accounts are read and written at a time,
    `slice` scores are computed without a pause: a few milliseconds.
    """

    every: float = 10.0
    share: float = 0.2
    keep: float = 300.0
    chunk: int = 500
    slice: int = 25


class Refresher:
    """One of several processes makes a ranking at a time; which one does not matter."""

    def __init__(
        self,
        books: Books,
        lookout: Lookout,
        *,
        pace: Pace,
        clock: Callable[[], float],
        steady: Callable[[], float],
    ) -> None:
        """`clock` is seconds since the epoch, `steady` never goes back."""
        self._books = books
        self._lookout = lookout
        self._pace = pace
        self._clock = clock
        self._steady = steady
        self._away = False

    async def keep(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.refresh(stop)
                self._away = False
            except (Problem, DatabaseUnavailable) as error:
                if not self._away and isinstance(error, DatabaseUnavailable):
                    _log.warning("ranking.gave_up", reason=str(error))
                self._away = True
            except Exception:  # whatever it is: the next one may be made, and ScoringRankingOld tells if none is
                _log.exception("ranking.failed")
            await stopped_within(self._pace.every, stop)

    async def refresh(self, stop: asyncio.Event) -> None:
        """Makes one ranking if it is due. Raises `Problem` before scoring has begun, and `DatabaseUnavailable`."""
        async with self._lookout.open() as (eye, _):
            pass
        async with self._books.alone() as book:
            if book is None:
                return
            ended = await book.ended()
            if ended is not None and 0.0 <= self._clock() - ended < self._pace.every / 2:
                return  # another process has just made one
            if await self._make(book, eye, stop):
                await self._clear(book, stop)

    async def _make(self, book: Book, eye: Eye, stop: asyncio.Event) -> bool:
        """Whether it was finished: not if the process was told to stop."""
        begun, after, accounts, unreadable = self._clock(), "", 0, 0
        ranking_id = await book.begin()
        while chunk := await book.states(after=after, limit=self._pace.chunk):
            scores = await self._scores(eye, chunk, stop)
            if stop.is_set():
                return False
            await book.write(ranking_id, scores)
            after, accounts = chunk[-1].account_id, accounts + len(chunk)
            unreadable += len(chunk) - len(scores)
        ended = self._clock()
        await book.finish(ranking_id, as_of=eye.earliest, begun=begun, ended=ended)
        self._lookout.metrics.ranked(accounts, seconds=ended - begun)
        _log.debug(
            "ranking.finished", ranking=ranking_id, accounts=accounts, unreadable=unreadable, seconds=ended - begun
        )
        return True

    async def _scores(self, eye: Eye, chunk: Sequence[Stored], stop: asyncio.Event) -> dict[str, float]:
        """What cannot be read is not ranked; whoever lists it is told why."""
        found: dict[str, float] = {}
        for begin in range(0, len(chunk), self._pace.slice):
            started = self._steady()
            for stored in chunk[begin : begin + self._pace.slice]:
                with suppress(Unreadable):
                    found[stored.account_id] = eye.score(stored)
            await stopped_within((self._steady() - started) * (1.0 / self._pace.share - 1.0), stop)
        return found

    async def _clear(self, book: Book, stop: asyncio.Event) -> None:
        await book.retire(before=self._clock() - self._pace.keep)
        while not stop.is_set():
            if await book.forget(limit=self._pace.chunk) < self._pace.chunk:
                return
