"""Which accounts ingest refuses, in memory: it goes on refusing them while PostgreSQL is away."""

from collections.abc import Iterable
from functools import lru_cache

from common.erasures.erasure_key import ErasureKey
from ingest.erasures.erasure import StoredErasure

MOST = 100_000
"""Erasures in force at once. Each takes about 150 bytes in every process of ingest."""
_CACHED = 100_000  # account ids whose pseudonyms are remembered


class ErasedAccounts:
    """Without a key nobody is erased here; `trouble` says so where somebody should be."""

    def __init__(self, key: ErasureKey | None) -> None:
        self._key = key
        self._pseudonyms: frozenset[bytes] = frozenset()
        self._pseudonym = None if key is None else lru_cache(_CACHED)(key.pseudonym)
        # Since the last read began: it may have missed them. True: erased, False: lifted.
        self._changes: dict[bytes, bool] = {}
        self.trouble: str | None = "the erased accounts were not read yet"

    def __len__(self) -> int:
        return len(self._pseudonyms)

    def __contains__(self, account_id: object) -> bool:
        # Nearly always nobody is erased, and nothing is hashed.
        if not self._pseudonyms or self._pseudonym is None or not isinstance(account_id, str):
            return False
        return self._pseudonym(account_id) in self._pseudonyms

    def add(self, filed: StoredErasure) -> None:
        """Before the log is told, so that this process takes no event after it."""
        self._changes[filed.pseudonym] = True
        self._pseudonyms |= {filed.pseudonym}

    def remove(self, lifted: StoredErasure) -> None:
        """After the log was told: what this process takes from now on comes after that."""
        self._changes[lifted.pseudonym] = False
        self._pseudonyms -= {lifted.pseudonym}

    def begin_read(self) -> None:
        """What changes here from now on holds against what is being read."""
        self._changes.clear()

    def replace(self, in_force: Iterable[StoredErasure]) -> None:
        """All that PostgreSQL knew when `begin_read` was called."""
        in_force = list(in_force)
        read = {one.pseudonym for one in in_force}
        added = {pseudonym for pseudonym, erased in self._changes.items() if erased}
        self._pseudonyms = frozenset((read - self._changes.keys()) | added)
        fingerprints = {one.fingerprint for one in in_force}
        self.trouble = None
        if in_force and self._key is None:
            self.trouble = "accounts are erased, and ERASURE_KEY is not set: events of theirs would be taken"
        elif self._key is not None and fingerprints - {self._key.fingerprint}:
            self.trouble = "ERASURE_KEY is another one than that by which accounts were erased"
