"""Rewrites the states and signals of a partition that name an erased person, before the worker reads the record.

Each transaction rewrites some of them and leaves the offset where it is. After a crash the worker searches again; it
does not find those that are done, for they no longer name the person.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from common.bus.ports import Record
from common.contracts.events import UserErased
from common.contracts.signals import Signal
from common.erasures.erased_people import without_people
from common.erasures.substitutes import substitute_id
from scoring.health import Scorer
from scoring.health.hashing import hash64
from scoring.partition.commit import RenamedUser
from scoring.partition.erasing import RenamedCount
from scoring.partition.memory import PartitionMemory

_log = structlog.get_logger()

_signals = msgspec.json.Decoder(Signal)
_stored = msgspec.msgpack.Encoder().encode
_MOST: Final = 200  # rows of a transaction


class PersonSearch(Protocol):
    """Every method raises `Doubt`. It returns at most `limit` rows in the order of their ids, after `after`."""

    async def load_states_holding(
        self, partition: int, needles: Sequence[bytes], *, after: str, limit: int
    ) -> dict[str, bytes]:
        """The stored states, by account, that contain one of these byte strings."""

    async def load_signals_naming(self, partition: int, word: str, *, after: str, limit: int) -> dict[str, str]:
        """The signals (JSON), by id, that contain this text of JSON."""


class UserRenaming:
    """Rewrites in one partition. `write` commits one transaction."""

    def __init__(
        self,
        partition: int,
        *,
        store: PersonSearch,
        scorer: Scorer,
        write: Callable[[PartitionMemory, RenamedUser], Awaitable[None]],
    ) -> None:
        self._partition = partition
        self._store = store
        self._scorer = scorer
        self._write = write

    async def rename(self, memory: PartitionMemory, record: Record, said: UserErased) -> RenamedCount:
        """Rewrites all. Raises `Doubt`, and `ErasureRefused` if this worker has not the key that made the record."""
        done = RenamedCount()
        memory.erasures.check(said)
        if memory.erasures.is_over(said, record.offset):
            return done
        await self._rename_states(memory, said, done)
        await self._rename_signals(memory, said, done)
        return done

    async def _rename_states(self, memory: PartitionMemory, said: UserErased, done: RenamedCount) -> None:
        substitute, after = substitute_id(said.substitute), ""
        # In the bytes of MessagePack: the hash is in counts of people, the ids are in the list of known people.
        needles = [_stored(hash64(said.user_id)), _stored(said.user_id), _stored(substitute)]
        while True:
            found = await self._store.load_states_holding(self._partition, needles, after=after, limit=_MOST)
            renamed = {
                account_id: without
                for account_id, body in found.items()
                if (without := self._scorer.without_person(account_id, body, said.user_id, substitute)) is not None
            }
            if renamed:
                await self._write(memory, RenamedUser(renamed, {}))
                done.states += len(renamed)
            if len(found) < _MOST:
                return
            after = [*found][-1]  # in the database's order

    async def _rename_signals(self, memory: PartitionMemory, said: UserErased, done: RenamedCount) -> None:
        word, after = msgspec.json.encode(said.user_id).decode(), ""
        while True:
            found = await self._store.load_signals_naming(self._partition, word, after=after, limit=_MOST)
            renamed = dict(_without(found, said.user_id))
            if renamed:
                await self._write(memory, RenamedUser({}, renamed))
                done.signals += len(renamed)
            if len(found) < _MOST:
                return
            after = [*found][-1]  # in the database's order


def _without(found: dict[str, str], user_id: str) -> Iterator[tuple[str, str]]:
    """The signals that name the person, rewritten without them, as JSON."""
    for signal_id, body in found.items():
        signal = _signals.decode(body)
        without = without_people(signal, lambda name: name == user_id)
        if without is not signal:
            yield signal_id, msgspec.json.encode(without).decode()
