"""Rewrites the states and signals of a partition that name an erased person or account, before the record is read.

Each transaction rewrites some of them and leaves the offset where it is. After a crash the worker searches again; it
does not find those that are done, for they no longer name anybody erased.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final, Protocol, TypeVar

import msgspec

from common.bus.ports import Record
from common.contracts.events import MentionsErased, UserErased
from common.contracts.signals import Signal
from common.erasures.erased_people import without_people
from common.erasures.mentions import without_mentions
from common.erasures.substitutes import account_substitute, substitute_id
from common.errors import StopWorker
from scoring.health import Scorer, UnknownFormat
from scoring.health.hashing import hash64
from scoring.partition.commit import RenamedRows, SearchedPage
from scoring.partition.erasing import RenamedCount
from scoring.partition.memory import PartitionMemory

_signals = msgspec.json.Decoder(Signal)
_stored = msgspec.msgpack.Encoder().encode
T = TypeVar("T")
_SEARCHED: Final = 2000  # rows of a question, so that each is answered in time however many there are
_WRITTEN: Final = 200  # rows of a transaction
_FIRST: Final[str | None] = ""


Rewritten = Callable[[str, bytes], bytes | None]
"""The state of an account without whom is erased; None if it does not name them."""


class NameSearch(Protocol):
    """Every method raises `Doubt`. It searches `limit` rows in the order of their ids, after `after`."""

    async def search_states(
        self, partition: int, needles: Sequence[bytes], *, after: str, limit: int
    ) -> SearchedPage[bytes]:
        """The stored states, by account, that contain one of these byte strings."""

    async def search_signals(self, partition: int, word: str, *, after: str, limit: int) -> SearchedPage[str]:
        """The signals (JSON), by id, that contain this text of JSON."""


class Renaming:
    """Rewrites in one partition. `write` commits one transaction, `forget_values` deletes samples of values."""

    def __init__(
        self,
        partition: int,
        *,
        store: NameSearch,
        scorer: Scorer,
        write: Callable[[PartitionMemory, RenamedRows], Awaitable[None]],
        forget_values: Callable[[], Awaitable[None]],
    ) -> None:
        self._partition = partition
        self._store = store
        self._scorer = scorer
        self._write = write
        self._forget_values = forget_values

    async def rename_person(self, memory: PartitionMemory, record: Record, said: UserErased) -> RenamedCount:
        """Rewrites all that names the person. Raises `Doubt`, `ErasureRefused` if this worker has not the key that made
        the record, or `StopWorker` if a stored row cannot be read.
        """
        memory.erasures.check(said)
        if memory.erasures.is_over(said, record.offset):
            return RenamedCount()
        await self._forget_values()
        user_id, substitute = said.user_id, substitute_id(said.substitute)
        # In the bytes of MessagePack: the hash is in counts of people, the ids are in the list of known people.
        needles = [_stored(hash64(user_id)), _stored(user_id), _stored(substitute)]
        return RenamedCount(
            states=await self._rename_states(
                memory, needles, lambda account, body: self._scorer.without_person(account, body, user_id, substitute)
            ),
            signals=await self._rename_signals(
                memory, user_id, lambda signal: without_people(signal, lambda name: name == user_id)
            ),
        )

    async def rename_mentions(self, memory: PartitionMemory, said: MentionsErased) -> RenamedCount:
        """Rewrites all that names the account as another one's. Raises `Doubt` or `StopWorker`, as `rename_person`."""
        erased, substitute = said.account_id, account_substitute(said.erasure_id)
        return RenamedCount(
            states=await self._rename_states(
                memory,
                [_stored(erased)],
                lambda account, body: self._scorer.without_mentions(account, body, erased, substitute),
            ),
            signals=await self._rename_signals(
                memory, erased, lambda signal: without_mentions(signal, erased, substitute)
            ),
        )

    async def _rename_states(self, memory: PartitionMemory, needles: Sequence[bytes], rewritten: Rewritten) -> int:
        """How many it has rewritten."""
        count, after = 0, _FIRST
        while after is not None:
            page = await self._store.search_states(self._partition, needles, after=after, limit=_SEARCHED)
            renamed: dict[str, bytes] = {}
            for account_id, body in page.found.items():
                try:
                    without = rewritten(account_id, body)
                except (UnknownFormat, msgspec.DecodeError) as error:
                    raise StopWorker(f"the stored state of account {account_id!r} cannot be read: {error}") from error
                if without is not None:
                    renamed[account_id] = without
            for some in _parts(renamed):
                await self._write(memory, RenamedRows(some, {}))
            count += len(renamed)
            after = page.last
        return count

    async def _rename_signals(self, memory: PartitionMemory, named: str, rewritten: Callable[[Signal], Signal]) -> int:
        """How many it has rewritten. `rewritten` returns the same object if a signal does not name whom is erased."""
        word: str = msgspec.json.encode(named).decode()
        count, after = 0, _FIRST
        while after is not None:
            page = await self._store.search_signals(self._partition, word, after=after, limit=_SEARCHED)
            renamed: dict[str, str] = {}
            for signal_id, body in page.found.items():
                try:
                    signal = _signals.decode(body)
                except msgspec.DecodeError as error:
                    raise StopWorker(f"the stored signal {signal_id!r} cannot be read: {error}") from error
                without = rewritten(signal)
                if without is not signal:
                    renamed[signal_id] = msgspec.json.encode(without).decode()
            for some in _parts(renamed):
                await self._write(memory, RenamedRows({}, some))
            count += len(renamed)
            after = page.last
        return count


def _parts(rows: dict[str, T]) -> Iterator[dict[str, T]]:
    """As many as one transaction writes."""
    every = list(rows.items())
    return (dict(every[begin : begin + _WRITTEN]) for begin in range(0, len(every), _WRITTEN))
