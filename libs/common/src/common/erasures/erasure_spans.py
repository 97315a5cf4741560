"""Which records of a partition are of erased accounts: a question of offsets alone. Pure.

So a partition that is read again, from wherever, passes over and drops the same records.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

from common.contracts.events import Erased, ErasureLifted
from common.erasures.erasure_key import ErasureKey
from common.errors import PartitionStopped

_CACHED = 20_000  # account ids whose pseudonyms are remembered
NO_KEY = "accounts are erased, and ERASURE_KEY is not set: without it nobody can tell which"
OTHER_KEY = "ERASURE_KEY is another one than that by which accounts were erased"


class ErasureReason(StrEnum):
    """Why a record of an account is not used; the metric's label has the same words."""

    BEFORE_ERASURE = "before_erasure"  # a later record erased the account
    ERASED = "erased"  # the account is erased, and nobody has lifted that


class ErasureSpan(Struct, frozen=True):
    """An erasure of one partition: the offsets of `Erased` and of `ErasureLifted`, None while it is not lifted."""

    pseudonym: bytes
    erasure_id: str
    erased_at: int
    lifted_at: int | None = None


class ErasureRow(NamedTuple):
    """An erasure as a service stores it; `fingerprint` is of the key that made the pseudonym."""

    pseudonym: bytes
    fingerprint: str
    cluster_id: str
    erasure_id: str
    erased_at: int
    lifted_at: int | None


class ErasureRefused(PartitionStopped):
    """This process cannot apply an erasure: it has no ERASURE_KEY, or another one than who announced it."""


class PartitionErasures:
    """The erasures that a reader of one partition knows."""

    def __init__(self, key: ErasureKey | None, spans: Iterable[ErasureSpan] = ()) -> None:
        self._key = key
        self._spans: dict[bytes, list[ErasureSpan]] = {}
        for span in spans:
            self._add(span)
        self._pseudonym: Callable[[str], bytes] | None = None if key is None else lru_cache(_CACHED)(key.pseudonym)

    def __len__(self) -> int:
        return len(self._spans)

    def reason(self, account_id: str, offset: int) -> ErasureReason | None:
        """Why the account's record at this offset is not used; None if it is."""
        # Without erasures nothing is hashed.
        if not self._spans or self._pseudonym is None:
            return None
        spans = self._spans.get(self._pseudonym(account_id))
        if spans is None:
            return None
        if any(one.erased_at < offset and (one.lifted_at is None or offset < one.lifted_at) for one in spans):
            return ErasureReason.ERASED
        return ErasureReason.BEFORE_ERASURE if any(offset < one.erased_at for one in spans) else None

    def check(self, erased: Erased) -> tuple[bytes, str]:
        """The pseudonym of the account that this record erases, and the key's fingerprint. Raises `ErasureRefused`."""
        if self._key is None:
            raise ErasureRefused(NO_KEY)
        pseudonym = self._key.pseudonym(erased.account_id)
        if pseudonym.hex() != erased.pseudonym:
            raise ErasureRefused(OTHER_KEY)
        return pseudonym, self._key.fingerprint

    def is_over(self, erased: Erased, offset: int) -> bool:
        """Whether this request was lifted already: a copy of its record that comes late erases nobody.

        Two processes of ingest may announce one request, and one of them may be slow.
        """
        pseudonym = bytes.fromhex(erased.pseudonym)
        return any(
            one.erasure_id == erased.erasure_id and one.lifted_at is not None and one.lifted_at < offset
            for one in self._spans.get(pseudonym, ())
        )

    def erase(self, pseudonym: bytes, erasure_id: str, offset: int) -> None:
        """`Erased` was read at this offset, and what it brings is written."""
        self._add(ErasureSpan(pseudonym, erasure_id, offset))

    def lift(self, pseudonym: bytes, erasure_id: str, offset: int) -> None:
        """`ErasureLifted` was read at this offset, and that is written. It lifts no other request."""
        for span in self._spans.pop(pseudonym, ()):
            lifts = span.erasure_id == erasure_id and span.lifted_at is None and span.erased_at < offset
            self._add(ErasureSpan(pseudonym, erasure_id, span.erased_at, offset) if lifts else span)

    def _add(self, span: ErasureSpan) -> None:
        spans = self._spans.setdefault(span.pseudonym, [])
        if all((one.erased_at, one.erasure_id) != (span.erased_at, span.erasure_id) for one in spans):
            spans.append(span)


def restore_erasures(rows: Iterable[ErasureRow], *, cluster_id: str, key: ErasureKey | None) -> PartitionErasures:
    """As they hold for the log of this cluster. Raises `ErasureRefused` if this key cannot tell who is erased.

    Offsets of another log mean nothing here: what was lifted there is over, what was not holds from the beginning. The
    same goes for what another key has made.
    """
    spans = []
    for row in rows:
        known = key is not None and row.fingerprint == key.fingerprint
        if not known and row.lifted_at is None:
            raise ErasureRefused(NO_KEY if key is None else OTHER_KEY)
        if known and row.cluster_id == cluster_id:
            spans.append(ErasureSpan(row.pseudonym, row.erasure_id, row.erased_at, row.lifted_at))
        elif row.lifted_at is None:
            spans.append(ErasureSpan(row.pseudonym, row.erasure_id, -1))
    return PartitionErasures(key, spans)


def pseudonym_of(lifted: ErasureLifted) -> bytes:
    """No bytes if the text is no pseudonym: then no account has it."""
    try:
        return bytes.fromhex(lifted.pseudonym)
    except ValueError:
        return b""
