"""Says by offsets which records of a partition are about erased accounts and people. Pure.

So a worker that reads the partition again, from any offset, skips, drops and renames in the same records.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, Protocol

from msgspec import Struct
from msgspec.structs import replace

from common.contracts.events import Erased, Erasure, Lifting
from common.errors import PartitionStopped

_CACHED = 20_000  # ids whose pseudonyms are remembered
NO_KEY = "somebody is erased, and ERASURE_KEY is not set: without it nobody can tell who"
OTHER_KEY = "ERASURE_KEY is another one than that by which somebody was erased"


class ErasureReason(StrEnum):
    """Why a worker leaves a record out; the metric's label has the same words."""

    BEFORE_ERASURE = "before_erasure"  # a later record erased the account
    ERASED = "erased"  # the account is erased, and nobody has lifted that
    USER_ERASED = "user_erased"  # the person is erased, and nobody has lifted that


class ErasureSpan(Struct, frozen=True):
    """An erasure in one partition: the offset of its record, and that of the lifting (None while it is in force).

    `substitute` stands for an erased person in earlier records; an erased account has none.
    """

    pseudonym: bytes
    erasure_id: str
    erased_at: int
    lifted_at: int | None = None
    substitute: str | None = None

    def covers(self, offset: int) -> bool:
        return self.erased_at < offset and (self.lifted_at is None or offset < self.lifted_at)

    def hides(self, offset: int) -> bool:
        return offset < self.erased_at or self.covers(offset)


class ErasureRow(NamedTuple):
    """An erasure as a service stores it; `fingerprint` is of the key that made the pseudonym."""

    pseudonym: bytes
    fingerprint: str
    cluster_id: str
    erasure_id: str
    erased_at: int
    lifted_at: int | None
    substitute: str | None = None


class ErasureRefused(PartitionStopped):
    """This process cannot apply an erasure: it has no ERASURE_KEY, or another one than ingest."""


class PseudonymMaker(Protocol):
    """Makes the pseudonym of an id, as an `ErasureKey` does."""

    @property
    def fingerprint(self) -> str: ...

    def pseudonym(self, account_id: str) -> bytes: ...

    def user_pseudonym(self, user_id: str) -> bytes: ...


class PartitionErasures:
    """The erasures that a reader of one partition knows."""

    def __init__(self, key: PseudonymMaker | None, spans: Iterable[ErasureSpan] = ()) -> None:
        self._key = key
        self._spans: dict[bytes, list[ErasureSpan]] = {}
        self.any_accounts = self.any_people = False
        """False: nobody of that kind is erased here, so no id has to be hashed."""
        for span in spans:
            self._add(span)
        self._account: Callable[[str], bytes] | None = None if key is None else lru_cache(_CACHED)(key.pseudonym)
        self._user: Callable[[str], bytes] | None = None if key is None else lru_cache(_CACHED)(key.user_pseudonym)

    def reason(self, account_id: str, offset: int) -> ErasureReason | None:
        """Why the account's record at this offset is left out; None if it counts."""
        if not self.any_accounts or self._account is None:
            return None
        spans = self._spans.get(self._account(account_id), ())
        if any(one.covers(offset) for one in spans):
            return ErasureReason.ERASED
        return ErasureReason.BEFORE_ERASURE if any(offset < one.erased_at for one in spans) else None

    def drops_user(self, user_id: str, offset: int) -> bool:
        """Whether the person's event at this offset is dropped."""
        return any(one.covers(offset) for one in self._of_user(user_id))

    def substitute(self, user_id: str, offset: int) -> str | None:
        """The substitute for the person in a record at this offset; None if the record may name them."""
        hiding = [one for one in self._of_user(user_id) if one.hides(offset)]
        return min(hiding, key=lambda one: one.erased_at).substitute if hiding else None

    def hides_user(self, user_id: str, offset: int) -> bool:
        """Whether a record at this offset must not name the person."""
        return any(one.hides(offset) for one in self._of_user(user_id))

    def check(self, erased: Erasure) -> tuple[bytes, str]:
        """The pseudonym that this record erases, and the key's fingerprint. Raises `ErasureRefused`."""
        if self._key is None:
            raise ErasureRefused(NO_KEY)
        if isinstance(erased, Erased):
            pseudonym = self._key.pseudonym(erased.account_id)
        else:
            pseudonym = self._key.user_pseudonym(erased.user_id)
        if pseudonym.hex() != erased.pseudonym:
            raise ErasureRefused(OTHER_KEY)
        return pseudonym, self._key.fingerprint

    def is_over(self, erased: Erasure, offset: int) -> bool:
        """Whether this request was lifted before this offset: a late copy of its record erases nobody.

        Two processes of ingest may announce one request, and one of them may be slow.
        """
        pseudonym = bytes.fromhex(erased.pseudonym)
        return any(
            one.erasure_id == erased.erasure_id and one.lifted_at is not None and one.lifted_at < offset
            for one in self._spans.get(pseudonym, ())
        )

    def erase(self, pseudonym: bytes, erasure_id: str, offset: int, substitute: str | None = None) -> None:
        """Notes an erasure. Call it after the deletions are written; `offset` is that of the erasure's record."""
        self._add(ErasureSpan(pseudonym, erasure_id, offset, substitute=substitute))

    def lift(self, pseudonym: bytes, erasure_id: str, offset: int) -> None:
        """Notes that this request was lifted, and no other. Call it after that is written."""
        for span in self._spans.pop(pseudonym, ()):
            lifts = span.erasure_id == erasure_id and span.lifted_at is None and span.erased_at < offset
            self._add(replace(span, lifted_at=offset) if lifts else span)

    def _of_user(self, user_id: str) -> Sequence[ErasureSpan]:
        if not self.any_people or self._user is None:
            return ()
        return self._spans.get(self._user(user_id), ())

    def _add(self, span: ErasureSpan) -> None:
        self.any_accounts |= span.substitute is None
        self.any_people |= span.substitute is not None
        spans = self._spans.setdefault(span.pseudonym, [])
        if all((one.erased_at, one.erasure_id) != (span.erased_at, span.erasure_id) for one in spans):
            spans.append(span)


def restore_erasures(rows: Iterable[ErasureRow], *, cluster_id: str, key: PseudonymMaker | None) -> PartitionErasures:
    """The stored erasures, for the log of this cluster. Raises `ErasureRefused` if this key did not make one in force.

    Offsets of another log mean nothing here: an erasure in force there holds from the beginning, a lifted one is
    ignored. A lifted one of another key is ignored, too.
    """
    spans = []
    for row in rows:
        known = key is not None and row.fingerprint == key.fingerprint
        if not known and row.lifted_at is None:
            raise ErasureRefused(NO_KEY if key is None else OTHER_KEY)
        if known and row.cluster_id == cluster_id:
            spans.append(ErasureSpan(row.pseudonym, row.erasure_id, row.erased_at, row.lifted_at, row.substitute))
        elif row.lifted_at is None:
            spans.append(ErasureSpan(row.pseudonym, row.erasure_id, -1, substitute=row.substitute))
    return PartitionErasures(key, spans)


def pseudonym_of(said: Erasure | Lifting) -> bytes:
    """The pseudonym in bytes; empty, which is nobody's, if the text is none."""
    try:
        return bytes.fromhex(said.pseudonym)
    except ValueError:
        return b""
