"""Files erasures, writes their records into the log, and lifts them. After a crash another process goes on."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol
from uuid import uuid4

import structlog
from msgspec.structs import replace

from common.bus.errors import BusError
from common.bus.partitioner import partition_of
from common.bus.ports import Outgoing, Producer
from common.contracts.events import (
    Erased,
    ErasureLifted,
    EventsRecord,
    MentionsErased,
    UserErased,
    UserErasureLifted,
    encode_events_record,
)
from common.database_errors import DatabaseUnavailable
from common.erasures.erasure_key import ErasureKey
from common.erasures.substitutes import draw_substitute
from common.problems import Problem, database_unavailable, unavailable
from common.stopping import stopped_within
from common.topics import TimeMode
from ingest.erasures.erased_subjects import MOST, ErasedSubjects, StoredUser, as_it_comes
from ingest.erasures.erasure import AnotherErasureKey, AskedErasure, ErasureKind, ErasureState, StoredErasure
from ingest.publishing.publisher import NotAcknowledged

_log = structlog.get_logger()
_READINGS: Final = 3  # rounds of reading; after them every process knows, and has finished its writes
_ANOTHER_KEY = "ERASURE_KEY is another one than that by which somebody was erased: nothing was filed"
_UNPUBLISHED = "the log did not acknowledge it in time; it is filed, and ingest goes on trying"


class Erasures(Protocol):
    """Every method raises `DatabaseUnavailable`."""

    async def file(self, asked: AskedErasure) -> StoredErasure:
        """Raises `AnotherErasureKey`."""

    async def find(self, erasure_id: str) -> StoredErasure | None: ...

    async def in_force(self, *, most: int) -> Sequence[StoredErasure]: ...

    async def newest(self, *, most: int, before: StoredErasure | None = None) -> Sequence[StoredErasure]: ...

    async def announced(self, filed: StoredErasure) -> None: ...

    async def delete_again(self, named: StoredErasure) -> None: ...

    async def ask_to_lift(self, erasure_id: str, *, by: str) -> None: ...

    async def lifted(self, erasure_id: str) -> None: ...


class ErasureAnnouncer:
    """Writes the record of an account's erasure into its partition, a person's into all.

    Other accounts may name an erased account, so every partition gets a record about these mentions. Copies change
    nothing, but every service searches its tables for each. So what one partition has acknowledged is not sent again
    while another one is away.
    """

    def __init__(self, producer: Producer, *, topic: str, partitions: int, mode: TimeMode) -> None:
        self._producer = producer
        self._topic = topic
        self._partitions = partitions
        # In stream mode ingest does not know the time of the log; the time 0 never moves it.
        self._stamp = 0 if mode is TimeMode.STREAM else None
        # Of requests that are not through yet, by what was sent for them: the numbers of acknowledged records.
        self._acknowledged: dict[bytes, set[int]] = {}

    async def announce(self, erasure: StoredErasure) -> None:
        """Returns when Kafka has acknowledged all records. Raises `NotAcknowledged`."""
        record = _record(erasure)
        if record is None:
            return
        records = self._outgoing(record, erasure.partition)
        if type(record) is Erased:
            records += self._outgoing(MentionsErased(record.erasure_id, record.account_id))
        await self._send(records)

    async def announce_mentions(self, erasure: StoredErasure) -> None:
        """Once more, for those that came after the first record. `erasure` has to have the account's id. Raises as
        `announce`.
        """
        if erasure.account_id is not None:
            await self._send(self._outgoing(MentionsErased(erasure.erasure_id, erasure.account_id)))

    def _outgoing(self, record: EventsRecord, partition: int | None = None) -> list[Outgoing]:
        """For one partition, or for all."""
        value = encode_events_record(record)
        partitions = range(self._partitions) if partition is None else (partition,)
        return [Outgoing(one, None, value, (), self._stamp) for one in partitions]

    async def _send(self, records: Sequence[Outgoing]) -> None:
        what = b"".join(record.value for record in records)
        acknowledged = self._acknowledged.setdefault(what, set())
        missing = [number for number in range(len(records)) if number not in acknowledged]
        outcomes = await asyncio.gather(
            *(self._producer.send(self._topic, [records[number]]) for number in missing), return_exceptions=True
        )
        acknowledged.update(
            number for number, outcome in zip(missing, outcomes, strict=True) if not isinstance(outcome, BaseException)
        )
        for outcome in outcomes:
            if isinstance(outcome, BusError):
                raise NotAcknowledged(str(outcome)) from outcome
            if isinstance(outcome, BaseException):
                raise outcome
        self._acknowledged.pop(what, None)


def _record(erasure: StoredErasure) -> EventsRecord | None:
    """The record that is due by the state of the request; None if the id is gone, for then the log has it."""
    pseudonym = erasure.pseudonym.hex()
    if erasure.state is ErasureState.LIFTING:
        lifting = ErasureLifted if erasure.kind is ErasureKind.ACCOUNT else UserErasureLifted
        return lifting(erasure.erasure_id, pseudonym)
    if erasure.account_id is not None:
        return Erased(erasure.erasure_id, erasure.account_id, pseudonym)
    if erasure.user_id is not None and erasure.substitute is not None:
        return UserErased(erasure.erasure_id, erasure.user_id, pseudonym, erasure.substitute)
    return None


def _unpublished(erasure_id: str) -> Problem:
    return unavailable("not_acknowledged", f"{_UNPUBLISHED}: {erasure_id}", retry_after=2)


class _SecondDeletion(NamedTuple):
    """A second deletion. `due` is a time of the event loop's clock; `named` still has the id."""

    due: float
    named: StoredErasure


def _forget_nothing(erased_id: str) -> None:
    """For a process without a cache."""


class ErasureService:
    """Erases accounts and people. Events, SDKs and webhooks ask `erased`, which is read again every `every` seconds.

    Until it has read that, another process may write rows of somebody erased, or take the merge of an account into an
    erased one. So this process, which still has the id, deletes a second time when all have read it. If it ends before,
    a second request for the same erasure deletes them.

    `forget_account` and `forget_user` are called with the stored id after its rows were deleted. `stored_user` gives
    the stored id for a user's id as clients send it.
    """

    def __init__(
        self,
        store: Erasures,
        announcer: ErasureAnnouncer,
        erased: ErasedSubjects,
        *,
        key: ErasureKey | None,
        partitions: int,
        stored_user: StoredUser = as_it_comes,
        forget_account: Callable[[str], None] = _forget_nothing,
        forget_user: Callable[[str], None] = _forget_nothing,
        every: float = 5.0,
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._erased = erased
        self._key = key
        self._partitions = partitions
        self._stored_user = stored_user
        self._forget_account = forget_account
        self._forget_user = forget_user
        self._every = every
        self._second_deletions: deque[_SecondDeletion] = deque()

    def not_ready_reason(self) -> str | None:
        return self._erased.trouble

    async def erase_account(self, account_id: str, *, by: str) -> StoredErasure:
        """The erasure in force for the account; Kafka has its record. Raises a `Problem`: 409 or 503."""
        key = self._usable_key()
        return await self._erase(
            AskedErasure(
                erasure_id=str(uuid4()),
                pseudonym=key.pseudonym(account_id),
                fingerprint=key.fingerprint,
                filed_by=by,
                partition=partition_of(account_id.encode(), self._partitions),
                account_id=account_id,
            )
        )

    async def erase_user(self, user_id: str, *, by: str) -> StoredErasure:
        """As `erase_account`, for a person at all accounts. `user_id` is the id that clients send."""
        key, stored = self._usable_key(), self._stored_user(user_id)
        return await self._erase(
            AskedErasure(
                erasure_id=str(uuid4()),
                pseudonym=key.user_pseudonym(stored),
                fingerprint=key.fingerprint,
                filed_by=by,
                user_id=stored,
                # In a thread: the draw takes some 20 ms of CPU and would hold up all requests.
                substitute=await asyncio.to_thread(draw_substitute, stored),
            )
        )

    async def lift(self, erasure_id: str, *, by: str) -> StoredErasure:
        """The lifted erasure; Kafka has the record of the lifting. Raises a `Problem`: 404 or 503."""
        try:
            await self._store.ask_to_lift(erasure_id, by=by)
            lifted = await self._tell(await self._found(erasure_id))
        except DatabaseUnavailable as error:
            raise database_unavailable(error) from error
        self._erased.remove(lifted)
        return lifted

    async def find(self, erasure_id: str) -> StoredErasure:
        """Raises a `Problem`: 404 or 503."""
        try:
            return await self._found(erasure_id)
        except DatabaseUnavailable as error:
            raise database_unavailable(error) from error

    async def newest(self, *, most: int, before: str | None) -> Sequence[StoredErasure]:
        """All requests, or those before the one with this id; the newest first. Raises a `Problem`: 404 or 503."""
        try:
            return await self._store.newest(most=most, before=None if before is None else await self._found(before))
        except DatabaseUnavailable as error:
            raise database_unavailable(error) from error

    async def run(self, stop: asyncio.Event) -> None:
        """Keeps `erased` fresh, and writes the records that a crash or an outage has left out."""
        while not stop.is_set():
            try:
                self._erased.begin_read()
                in_force = await self._store.in_force(most=MOST)
                self._erased.replace(in_force)
                await self._settle_all(in_force)
                await self._delete_again()
            except (DatabaseUnavailable, NotAcknowledged) as error:
                _log.warning("erasures.waiting", reason=str(error))
            await stopped_within(self._every, stop)

    async def _settle_all(self, in_force: Sequence[StoredErasure]) -> None:
        """One that Kafka does not acknowledge holds up none of the others. Raises as `_settle`, at the end."""
        unpublished: NotAcknowledged | None = None
        for one in in_force:
            if one.state is ErasureState.ANNOUNCED:
                continue
            # It may be lifted since it was read: the others may have taken long.
            now = await self._store.find(one.erasure_id)
            if now is None:
                continue
            try:
                await self._settle(now)
            except NotAcknowledged as error:
                unpublished = error
        if unpublished is not None:
            raise unpublished

    async def _delete_again(self) -> None:
        """Makes the second deletions that are due. The next round makes the rest.

        Raises `DatabaseUnavailable` or `NotAcknowledged`.
        """
        while self._second_deletions and self._second_deletions[0].due <= asyncio.get_running_loop().time():
            await self._delete_named(self._second_deletions[0].named)
            self._second_deletions.popleft()

    async def _delete_named(self, named: StoredErasure) -> None:
        """Deletes in the tables and in the log what came since the first deletion, unless the request was lifted."""
        await self._store.delete_again(named)
        now = await self._store.find(named.erasure_id)
        if now is not None and now.state is ErasureState.ANNOUNCED:
            await self._announcer.announce_mentions(named)

    def _usable_key(self) -> ErasureKey:
        """Raises a `Problem` with status 409: no key, or too many erasures."""
        if self._key is None:
            raise Problem(409, "no_erasure_key", "ERASURE_KEY is not set: without it nobody can be erased")
        if len(self._erased) >= MOST:
            raise Problem(409, "too_many_erasures", f"{MOST} erasures are in force, which is the most: lift some")
        return self._key

    async def _erase(self, asked: AskedErasure) -> StoredErasure:
        try:
            filed = await self._store.file(asked)
            self._erased.add(filed)
            _log.info("erasure.filed", erasure=filed.erasure_id, kind=filed.kind, by=asked.filed_by)
            if filed.state is not ErasureState.FILED:
                await self._delete_named(replace(filed, account_id=asked.account_id, user_id=asked.user_id))
            return await self._tell(filed)
        except NotAcknowledged as error:
            raise _unpublished(filed.erasure_id) from error
        except AnotherErasureKey as error:
            raise Problem(409, "another_erasure_key", _ANOTHER_KEY) from error
        except DatabaseUnavailable as error:
            raise database_unavailable(error) from error

    async def _found(self, erasure_id: str) -> StoredErasure:
        found = await self._store.find(erasure_id)
        if found is None:
            raise Problem(404, "erasure_not_found", "there is no erasure with this id")
        return found

    async def _tell(self, erasure: StoredErasure) -> StoredErasure:
        try:
            await self._settle(erasure)
        except NotAcknowledged as error:
            raise _unpublished(erasure.erasure_id) from error
        return await self._found(erasure.erasure_id)

    async def _settle(self, erasure: StoredErasure) -> None:
        """Writes the records that are due, and stores that they are. Raises `NotAcknowledged`."""
        if erasure.state is ErasureState.FILED:
            await self._announcer.announce(erasure)
            await self._store.announced(erasure)
            known = asyncio.get_running_loop().time() + _READINGS * self._every
            self._second_deletions.append(_SecondDeletion(known, erasure))
            if erasure.account_id is not None:
                self._forget_account(erasure.account_id)
            if erasure.user_id is not None:
                self._forget_user(erasure.user_id)
            # Somebody may have asked to lift it meanwhile.
            erasure = await self._store.find(erasure.erasure_id) or erasure
        if erasure.state is ErasureState.LIFTING:
            await self._announcer.announce(erasure)
            await self._store.lifted(erasure.erasure_id)
