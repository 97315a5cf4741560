"""The accounts that a worker keeps in memory, within one bound of bytes for all of its partitions.

Accounts scored lately stay decoded, ready for their next event. Others stay as their stored bytes, which take much
less, and are decoded when they are needed. The rest is read from PostgreSQL.

The bound covers what a worker holds of its partitions. Records that wait, timers and remembered ids come first: the
accounts have the room that these leave.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from weakref import WeakSet

from scoring.health import Account

# What an account takes decoded, and for each of its stored bytes: estimates, from how a process grew by 10,000 loaded
# accounts of the default card. ENTRY is its id and its place among the stored bytes. What a whole worker takes under a
# bound is measured by `make bench ONLY=memory`.
DECODED = 17_000
DECODED_PER_BYTE = 2.2
ENTRY = 220
# A process takes so many bytes for each one that is in use: neither Python nor the C library can use every hole that
# accounts leave when they go.
HELD = 1.2
# Accounts have at least this share of the bound, whatever else a worker holds.
LEAST = 1 / 4
# An account takes 13 times as much decoded, and to read it from PostgreSQL costs more than to decode it. So the decoded
# accounts take what the stored bytes leave of the room, but at least and at most these shares of it. At most, because
# the memory of small objects does not serve for bytes once these need it.
DECODED_SHARE = (1 / 4, 1 / 2)
# The accounts of a transaction cannot go before it is through. It ends when they take this share of the room, or when
# those of all transactions that are not through take that one; and none begins while these take more.
TRANSACTION = 1 / 16
TRANSACTIONS = 1 / 6


def _nothing() -> float:
    return 0.0


class AccountCache:
    """The accounts of one partition, the least recently used first; `bound` is shared with the other partitions.

    A batch has the cache `in_use` from its first account until all its records are scored. Nothing is evicted
    meanwhile: an account that is missing then would be taken for a new one. While the transaction commits, only the
    accounts that it touched are pinned.
    """

    def __init__(self, bound: "CacheBound", *, beside: Callable[[], float] = _nothing) -> None:
        """`beside` is how many bytes its partition takes for all else; it must not refer to the cache."""
        self.beside = beside
        self.in_use = False
        self.pinned = 0  # decoded accounts, the last ones, that a transaction holds until it is through
        self._accounts: dict[str, Account] = {}
        self._bodies: dict[str, bytes] = {}  # as stored, of all that are here but those never stored
        self._body_bytes = 0
        self._bound = bound
        bound.caches.add(self)

    @property
    def decoded(self) -> int:
        return len(self._accounts)

    @property
    def packed(self) -> int:
        return max(0, len(self._bodies) - len(self._accounts))

    def get(self, account_id: str) -> Account | None:
        """None if it is not here decoded."""
        return self._accounts.get(account_id)

    def undecoded(self, account_ids: Collection[str]) -> set[str]:
        """Those that have to be loaded before they can be scored."""
        return set(account_ids) - self._accounts.keys()

    def bodies(self, account_ids: Iterable[str]) -> dict[str, bytes]:
        """The stored bytes of those that are here."""
        return {one: body for one in account_ids if (body := self._bodies.get(one)) is not None}

    def load(self, account: Account, body: bytes) -> None:
        """Takes an account as it was decoded from its stored bytes."""
        self._accounts[account.account_id] = account
        self._put_body(account.account_id, body)

    def forget_decoded(self, account_ids: Iterable[str]) -> None:
        """Their decoded form is worth nothing any more."""
        for account_id in account_ids:
            self._accounts.pop(account_id, None)

    def pin(self, touched: Mapping[str, Account]) -> None:
        """All is scored, and now the transaction writes what it touched: nobody asks for other accounts meanwhile."""
        for account_id, account in touched.items():
            self._accounts.pop(account_id, None)
            self._accounts[account_id] = account
        self.pinned = len(touched)
        self.in_use = False
        self._bound.shrink()

    def unpin(self) -> None:
        """The transaction is through, or it failed."""
        self.pinned = 0
        self._bound.unpinned.set()

    def put_committed(self, touched: Mapping[str, Account], stored: Mapping[str, bytes]) -> None:
        """Takes the accounts that a transaction touched, and the bytes of those that it stored; then others may have
        to go, of this partition or another.
        """
        for account_id, account in touched.items():
            self._accounts.pop(account_id, None)
            self._accounts[account_id] = account
            body = stored.get(account_id) or self._bodies.get(account_id)
            if body is not None:
                self._put_body(account_id, body)
        self.in_use = False
        self._bound.shrink()

    def size(self) -> float:
        """How many bytes all of it takes, estimated."""
        return self.decoded_size() + self.packed_size()

    def packed_size(self) -> float:
        """How many of these the stored bytes take."""
        return self._body_bytes + len(self._bodies) * ENTRY

    def decoded_size(self) -> float:
        """How many of these the decoded accounts take."""
        return len(self._accounts) * self._each()

    def pinned_size(self) -> float:
        """How many of these those take that a transaction holds."""
        return self.pinned * self._each()

    def fill_a_transaction(self, accounts: int) -> bool:
        """Whether so many accounts are as many as one transaction may hold for now."""
        room = self._bound.room()
        return (
            accounts * DECODED >= room * TRANSACTION
            or (accounts + self._bound.pinned()) * DECODED >= room * TRANSACTIONS
        )

    async def enter(self) -> None:
        """Takes it into use, once the transactions of other partitions hold few enough accounts."""
        while self._bound.pinned() * DECODED > self._bound.room() * TRANSACTIONS:
            self._bound.unpinned.clear()
            await self._bound.unpinned.wait()
        self.in_use = True

    def evict_decoded(self, most: float) -> None:
        """Gives away decoded accounts, those used longest ago first, until they take at most so many bytes."""
        while len(self._accounts) > self.pinned and self.decoded_size() > most:
            del self._accounts[next(iter(self._accounts))]

    def evict(self, most: float) -> None:
        """Gives away accounts, those used longest ago first, until the bytes of all take at most so many bytes."""
        while self._bodies and self.packed_size() > most:
            account_id = next(iter(self._bodies))
            self._accounts.pop(account_id, None)
            self._body_bytes -= len(self._bodies.pop(account_id))

    def _each(self) -> float:
        """How many bytes an account takes decoded."""
        return DECODED + DECODED_PER_BYTE * self._body_bytes / max(1, len(self._bodies))

    def _put_body(self, account_id: str, body: bytes) -> None:
        before = self._bodies.pop(account_id, None)
        self._bodies[account_id] = body
        self._body_bytes += len(body) - (0 if before is None else len(before))


class CacheBound:
    """The most bytes that a process takes for its partitions."""

    def __init__(self, max_bytes: float) -> None:
        self.max_bytes = max_bytes
        self.caches: WeakSet[AccountCache] = WeakSet()  # a partition that is handed over takes its own along
        self.unpinned = asyncio.Event()

    def room(self) -> float:
        """How many bytes the accounts of all partitions may take."""
        beside = sum(cache.beside() for cache in self.caches)
        return max(self.max_bytes * LEAST, self.max_bytes - beside) / HELD

    def pinned(self) -> int:
        """How many accounts the transactions of all partitions hold that only write."""
        return sum(cache.pinned for cache in self.caches)

    def shrink(self) -> None:
        """Shrinks the largest caches until all fit, except one that is in use: it has its turn when all is scored."""
        room = self.room()
        least, most = (room * share for share in DECODED_SHARE)
        self._shrink(room - least, AccountCache.packed_size, AccountCache.evict)
        left = room - sum(cache.packed_size() for cache in self.caches)
        self._shrink(
            max(least, min(most, left)),
            AccountCache.decoded_size,
            AccountCache.evict_decoded,
            fixed=AccountCache.pinned_size,
        )

    def _shrink(
        self,
        most: float,
        size: Callable[[AccountCache], float],
        evict: Callable[[AccountCache, float], None],
        *,
        fixed: Callable[[AccountCache], float] = lambda _: 0.0,
    ) -> None:
        """No cache has to go below what is `fixed` of it and its equal share of what that leaves."""
        sizes = {cache: size(cache) for cache in self.caches}
        kept = {cache: before if cache.in_use else fixed(cache) for cache, before in sizes.items()}
        idle = [cache for cache in sizes if not cache.in_use]
        share = max(0.0, most - sum(kept.values())) / max(1, len(idle))
        over = sum(sizes.values()) - most
        for cache in sorted(idle, key=sizes.__getitem__, reverse=True):
            if over > 0:
                evict(cache, max(kept[cache] + share, sizes[cache] - over))
                over -= sizes[cache] - size(cache)
