"""Rewrites the states and signals of a partition that name an erased person, before the worker reads the record.

Each transaction rewrites some of them and leaves the offset where it is. After a crash the worker searches again; it
does not find those that are done, for they no longer name the person.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol, TypeVar

import msgspec

from common.bus.ports import Record
from common.contracts.events import UserErased
from common.contracts.signals import Signal
from common.erasures.erased_people import without_people
from common.erasures.substitutes import substitute_id
from common.errors import StopWorker
from scoring.health import Scorer, UnknownFormat
from scoring.health.hashing import hash64
from scoring.partition.commit import RenamedUser, SearchedPage
from scoring.partition.erasing import RenamedCount
from scoring.partition.memory import PartitionMemory

_signals = msgspec.json.Decoder(Signal)
_stored = msgspec.msgpack.Encoder().encode
T = TypeVar("T")
_SEARCHED: Final = 2000  # rows of a question, so that each is answered in time however many there are
_WRITTEN: Final = 200  # rows of a transaction


class PersonSearch(Protocol):
    """Every method raises `Doubt`. It searches `limit` rows in the order of their ids, after `after`."""

    async def search_states(
        self, partition: int, needles: Sequence[bytes], *, after: str, limit: int
    ) -> SearchedPage[bytes]:
        """The stored states, by account, that contain one of these byte strings."""

    async def search_signals(self, partition: int, word: str, *, after: str, limit: int) -> SearchedPage[str]:
        """The signals (JSON), by id, that contain this text of JSON."""


class UserRenaming:
    """Rewrites in one partition. `write` commits one transaction, `forget_values` deletes samples of values."""

    def __init__(
        self,
        partition: int,
        *,
        store: PersonSearch,
        scorer: Scorer,
        write: Callable[[PartitionMemory, RenamedUser], Awaitable[None]],
        forget_values: Callable[[], Awaitable[None]],
    ) -> None:
        self._partition = partition
        self._store = store
        self._scorer = scorer
        self._write = write
        self._forget_values = forget_values

    async def rename(self, memory: PartitionMemory, record: Record, said: UserErased) -> RenamedCount:
        """Rewrites all. Raises `Doubt`, `ErasureRefused` if this worker has not the key that made the record, or
        `StopWorker` if a stored row cannot be read.
        """
        done = RenamedCount()
        memory.erasures.check(said)
        if memory.erasures.is_over(said, record.offset):
            return done
        await self._forget_values()
        await self._rename_states(memory, said, done)
        await self._rename_signals(memory, said, done)
        return done

    async def _rename_states(self, memory: PartitionMemory, said: UserErased, done: RenamedCount) -> None:
        substitute = substitute_id(said.substitute)
        after: str | None = ""
        # In the bytes of MessagePack: the hash is in counts of people, the ids are in the list of known people.
        needles = [_stored(hash64(said.user_id)), _stored(said.user_id), _stored(substitute)]
        while after is not None:
            page = await self._store.search_states(self._partition, needles, after=after, limit=_SEARCHED)
            renamed = {
                account_id: without
                for account_id, body in page.found.items()
                if (without := self._without(account_id, body, said.user_id, substitute)) is not None
            }
            for some in _parts(renamed):
                await self._write(memory, RenamedUser(some, {}))
            done.states += len(renamed)
            after = page.last

    async def _rename_signals(self, memory: PartitionMemory, said: UserErased, done: RenamedCount) -> None:
        word: str = msgspec.json.encode(said.user_id).decode()
        after: str | None = ""
        while after is not None:
            page = await self._store.search_signals(self._partition, word, after=after, limit=_SEARCHED)
            renamed = dict(_without(page.found, said.user_id))
            for some in _parts(renamed):
                await self._write(memory, RenamedUser({}, some))
            done.signals += len(renamed)
            after = page.last

    def _without(self, account_id: str, body: bytes, user_id: str, substitute: str) -> bytes | None:
        try:
            return self._scorer.without_person(account_id, body, user_id, substitute)
        except (UnknownFormat, msgspec.DecodeError) as error:
            raise StopWorker(f"the stored state of account {account_id!r} cannot be read: {error}") from error


def _parts(rows: dict[str, T]) -> Iterator[dict[str, T]]:
    """As many as one transaction writes."""
    every = list(rows.items())
    return (dict(every[begin : begin + _WRITTEN]) for begin in range(0, len(every), _WRITTEN))


def _without(found: Mapping[str, str], user_id: str) -> Iterator[tuple[str, str]]:
    """The signals that name the person, rewritten without them, as JSON. Raises `StopWorker`."""
    for signal_id, body in found.items():
        try:
            signal = _signals.decode(body)
        except msgspec.DecodeError as error:
            raise StopWorker(f"the stored signal {signal_id!r} cannot be read: {error}") from error
        without = without_people(signal, lambda name: name == user_id)
        if without is not signal:
            yield signal_id, msgspec.json.encode(without).decode()
