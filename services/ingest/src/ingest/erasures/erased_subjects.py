"""Whom ingest refuses, accounts and people, in memory: it goes on refusing them while PostgreSQL is away."""

from collections.abc import Callable, Iterable
from functools import lru_cache

from common.erasures.erasure_key import ErasureKey
from ingest.erasures.erasure import ErasureKind, StoredErasure

MOST = 100_000
"""Erasures in force at once, of both kinds together. Each takes about 150 bytes in every process of ingest."""
_CACHED = 100_000  # ids of each kind whose pseudonyms are remembered

StoredUser = Callable[[str], str]
"""A user's id as it is stored: mapping.yml may have users hashed."""


def as_it_comes(user_id: str) -> str:
    return user_id


class ErasedSubjects:
    """Without a key nobody is erased here; `trouble` says so where somebody should be.

    Users are asked for by the ids that clients send, and were erased by those that are stored.
    """

    def __init__(self, key: ErasureKey | None, *, stored_user: StoredUser = as_it_comes) -> None:
        self._key = key
        # By kind, so that nothing is hashed where nobody of that kind is erased: nearly always.
        self._accounts: frozenset[bytes] = frozenset()
        self._users: frozenset[bytes] = frozenset()
        self._account: Callable[[str], bytes] | None = None
        self._user: Callable[[str], bytes] | None = None
        if key is not None:
            self._account = lru_cache(_CACHED)(key.pseudonym)
            self._user = lru_cache(_CACHED)(lambda user_id: key.user_pseudonym(stored_user(user_id)))
        # Since the last read began: it may have missed them. True: erased, False: lifted.
        self._changes: dict[tuple[ErasureKind, bytes], bool] = {}
        self.trouble: str | None = "who is erased was not read yet"

    def __len__(self) -> int:
        return len(self._accounts) + len(self._users)

    def account(self, account_id: object) -> bool:
        if not self._accounts or self._account is None or not isinstance(account_id, str):
            return False
        return self._account(account_id) in self._accounts

    def user(self, user_id: str | None) -> bool:
        if not self._users or self._user is None or user_id is None:
            return False
        return self._user(user_id) in self._users

    def add(self, filed: StoredErasure) -> None:
        """Before the log is told, so that this process takes no event after it."""
        self._changes[filed.kind, filed.pseudonym] = True
        self._set(self._known() | {(filed.kind, filed.pseudonym)})

    def remove(self, lifted: StoredErasure) -> None:
        """After the log was told: what this process takes from now on comes after that."""
        self._changes[lifted.kind, lifted.pseudonym] = False
        self._set(self._known() - {(lifted.kind, lifted.pseudonym)})

    def begin_read(self) -> None:
        """What changes here from now on holds against what is being read."""
        self._changes.clear()

    def replace(self, in_force: Iterable[StoredErasure]) -> None:
        """All that PostgreSQL knew when `begin_read` was called."""
        in_force = list(in_force)
        read = {(one.kind, one.pseudonym) for one in in_force}
        added = {subject for subject, erased in self._changes.items() if erased}
        self._set((read - self._changes.keys()) | added)
        fingerprints = {one.fingerprint for one in in_force}
        self.trouble = None
        if in_force and self._key is None:
            self.trouble = "somebody is erased, and ERASURE_KEY is not set: events of theirs would be taken"
        elif self._key is not None and fingerprints - {self._key.fingerprint}:
            self.trouble = "ERASURE_KEY is another one than that by which somebody was erased"

    def _known(self) -> set[tuple[ErasureKind, bytes]]:
        accounts = {(ErasureKind.ACCOUNT, pseudonym) for pseudonym in self._accounts}
        return accounts | {(ErasureKind.USER, pseudonym) for pseudonym in self._users}

    def _set(self, subjects: Iterable[tuple[ErasureKind, bytes]]) -> None:
        subjects = list(subjects)
        self._accounts = frozenset(pseudonym for kind, pseudonym in subjects if kind is ErasureKind.ACCOUNT)
        self._users = frozenset(pseudonym for kind, pseudonym in subjects if kind is ErasureKind.USER)
