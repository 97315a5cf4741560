"""Makes rankings in the background, one after the other: all accounts by their scores as of one moment.

Readers use a ranking when it is finished; it is kept for a while after the next one is. All pages of a walk come from
one ranking, so a moving score makes no account appear twice or not at all. Workers neither write rankings nor wait for
them, and the process that makes one leaves most of its time to requests.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol

import structlog
from msgspec import Struct

from common.database_errors import DatabaseUnavailable
from common.problems import Problem
from scoring.api.account_reader import AccountReader, UnreadableState
from scoring.api.snapshot_reader import SnapshotReader
from scoring.postgres.snapshot import StateRow

_log = structlog.get_logger()


class RankingWriter(Protocol):
    async def last_finished_at(self) -> float | None:
        """Seconds since the epoch; None if there is no ranking."""

    async def begin(self) -> int: ...

    async def states(self, *, after: str, limit: int) -> Sequence[StateRow]:
        """The next ones, by account id."""

    async def write(self, ranking_id: int, scores: Mapping[str, float]) -> None: ...

    async def finish(self, ranking_id: int, *, as_of: float, begun: float, ended: float) -> None: ...

    async def retire(self, *, before: float) -> None: ...

    async def delete_retired(self, *, limit: int) -> int: ...


class RankingStore(Protocol):
    def exclusive_writer(self) -> AbstractAsyncContextManager[RankingWriter | None]:
        """None while another process makes a ranking. Raises `DatabaseUnavailable`."""


class RefreshPace(Struct, frozen=True, kw_only=True):
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
    """At most one API process makes a ranking at a time; which one does not matter."""

    def __init__(
        self,
        store: RankingStore,
        snapshots: SnapshotReader,
        *,
        pace: RefreshPace,
        clock: Callable[[], float],
        steady: Callable[[], float],
    ) -> None:
        """`clock` is seconds since the epoch, `steady` never goes back."""
        self._store = store
        self._snapshots = snapshots
        self._pace = pace
        self._clock = clock
        self._steady = steady
        self._database_away = False

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.refresh(stop)
                self._database_away = False
            except (Problem, DatabaseUnavailable) as error:
                if not self._database_away and isinstance(error, DatabaseUnavailable):
                    _log.warning("ranking.gave_up", reason=str(error))
                self._database_away = True
            except Exception:  # of any kind: the next ranking may succeed
                _log.exception("ranking.failed")
            await _pause(stop, self._pace.every)

    async def refresh(self, stop: asyncio.Event) -> None:
        """Makes a ranking if one is due. Raises `Problem` before scoring has begun, and `DatabaseUnavailable`."""
        async with self._snapshots.open() as (reader, _):
            pass
        async with self._store.exclusive_writer() as writer:
            if writer is None:
                return
            finished_at = await writer.last_finished_at()
            if finished_at is not None and 0.0 <= self._clock() - finished_at < self._pace.every / 2:
                return  # another process has just made one
            if await self._make_ranking(writer, reader, stop):
                await self._delete_old(writer, stop)

    async def _make_ranking(self, writer: RankingWriter, reader: AccountReader, stop: asyncio.Event) -> bool:
        """Whether it was finished; not if the process was told to stop."""
        begun, after, accounts, unreadable = self._clock(), "", 0, 0
        ranking_id = await writer.begin()
        while chunk := await writer.states(after=after, limit=self._pace.chunk):
            scores = await self._scores(reader, chunk, stop)
            if stop.is_set():
                return False
            await writer.write(ranking_id, scores)
            after, accounts = chunk[-1].account_id, accounts + len(chunk)
            unreadable += len(chunk) - len(scores)
        ended = self._clock()
        await writer.finish(ranking_id, as_of=reader.earliest, begun=begun, ended=ended)
        self._snapshots.metrics.ranking_made(accounts, seconds=ended - begun)
        _log.debug(
            "ranking.finished", ranking=ranking_id, accounts=accounts, unreadable=unreadable, seconds=ended - begun
        )
        return True

    async def _scores(self, reader: AccountReader, chunk: Sequence[StateRow], stop: asyncio.Event) -> dict[str, float]:
        """Without accounts that cannot be read: the list shows them with an error."""
        found: dict[str, float] = {}
        for begin in range(0, len(chunk), self._pace.slice):
            started = self._steady()
            for stored in chunk[begin : begin + self._pace.slice]:
                with suppress(UnreadableState):
                    found[stored.account_id] = reader.score(stored)
            # So that scoring takes `share` of the time, and requests get the rest.
            await _pause(stop, (self._steady() - started) * (1.0 / self._pace.share - 1.0))
        return found

    async def _delete_old(self, writer: RankingWriter, stop: asyncio.Event) -> None:
        await writer.retire(before=self._clock() - self._pace.keep)
        while not stop.is_set():
            if await writer.delete_retired(limit=self._pace.chunk) < self._pace.chunk:
                return


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Returns earlier if told to stop."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
