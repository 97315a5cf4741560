"""A bounded cache of identities. It serves what it knows while PostgreSQL is away."""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from msgspec import Struct

from ingest.identity.known import IdentitiesUnavailable, KnownAccount

MOST_IDENTITIES = 200_000


class StoredIdentities(Protocol):
    """Both methods raise `IdentitiesUnavailable`."""

    async def read(self, space: str, ids: Collection[str]) -> Mapping[str, KnownAccount]: ...

    async def write(self, space: str, learned: Mapping[str, KnownAccount]) -> None: ...


class _Cached(Struct):
    known: KnownAccount
    read_at: float


class IdentityCache:
    """Finds the accounts of identities, and stores new ones.

    It sees changes by other processes after at most `ttl` seconds. It asks PostgreSQL for an unknown identity each
    time, because another process may have stored it a moment ago.
    """

    def __init__(
        self,
        store: StoredIdentities,
        *,
        ttl: float = 30.0,
        most: int = MOST_IDENTITIES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._ttl = ttl
        self._most = most
        self._clock = clock
        # In the order of use: the last used one is at the end.
        self._cached: OrderedDict[tuple[str, str], _Cached] = OrderedDict()

    def __len__(self) -> int:
        return len(self._cached)

    async def accounts(self, space: str, ids: Collection[str]) -> dict[str, KnownAccount]:
        """The accounts of those ids that have one.

        While PostgreSQL is away expired entries are used, too. Raises `IdentitiesUnavailable` for an id without one.
        """
        found = {one: cached for one in ids if (cached := self._cached.get((space, one))) is not None}
        now = self._clock()
        doubtful = [one for one in ids if one not in found or now - found[one].read_at > self._ttl]
        answer = {one: cached.known for one, cached in found.items()}
        for one in found:
            self._cached.move_to_end((space, one))
        if not doubtful:
            return answer
        try:
            read = await self._store.read(space, doubtful)
        except IdentitiesUnavailable:
            if len(found) < len(set(ids)):
                raise
            return answer
        self._keep(space, read, now)
        return {**answer, **read}

    async def learn(self, space: str, learned: Mapping[str, KnownAccount]) -> None:
        """Returns when they are stored. Raises `IdentitiesUnavailable`."""
        if not learned:
            return
        await self._store.write(space, learned)
        self._keep(space, learned, self._clock())

    def forget_account(self, account_id: str) -> None:
        """Drops the identities of an account whose rows were deleted."""
        for key in [key for key, cached in self._cached.items() if cached.known.account_id == account_id]:
            del self._cached[key]

    def forget_user(self, user_id: str) -> None:
        """Drops a user's identity in all sets, after its rows were deleted."""
        for key in [key for key in self._cached if key[1] == user_id]:
            del self._cached[key]

    def _keep(self, space: str, known: Mapping[str, KnownAccount], now: float) -> None:
        for identity, account in known.items():
            self._cached[space, identity] = _Cached(account, now)
            self._cached.move_to_end((space, identity))
        while len(self._cached) > self._most:
            self._cached.popitem(last=False)
