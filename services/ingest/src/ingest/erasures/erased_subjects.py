"""Knows in memory which accounts and people are erased, so ingest can refuse them while PostgreSQL is away."""

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
    """The erased accounts and people, by pseudonym. `trouble` says why this process may not recognize all of them.

    Without a key it recognizes nobody. Ask for users by the ids that clients send; mapping.yml may store them hashed.
    """

    def __init__(self, key: ErasureKey | None, *, stored_user: StoredUser = as_it_comes) -> None:
        self._key = key
        # By kind: in most requests nobody of a kind is erased, and then no id is hashed.
        self._accounts: frozenset[bytes] = frozenset()
        self._users: frozenset[bytes] = frozenset()
        self._account: Callable[[str], bytes] | None = None
        self._user: Callable[[str], bytes] | None = None
        if key is not None:
            self._account = lru_cache(_CACHED)(key.pseudonym)
            self._user = lru_cache(_CACHED)(lambda user_id: key.user_pseudonym(stored_user(user_id)))
        # Changes since the last read began, which may have missed them. True: erased, False: lifted.
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
        """Call it before the record is sent, so that this process takes no event after the record."""
        self._changes[filed.kind, filed.pseudonym] = True
        self._set(self._known() | {(filed.kind, filed.pseudonym)})

    def remove(self, lifted: StoredErasure) -> None:
        """Call it after the lifting was acknowledged: events that this process takes from then on come after it."""
        self._changes[lifted.kind, lifted.pseudonym] = False
        self._set(self._known() - {(lifted.kind, lifted.pseudonym)})

    def begin_read(self) -> None:
        """Call it before PostgreSQL is read: changes from now on override what is read."""
        self._changes.clear()

    def replace(self, in_force: Iterable[StoredErasure]) -> None:
        """Takes the erasures that were read since `begin_read`."""
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
