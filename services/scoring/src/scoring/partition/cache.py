"""The accounts that a worker keeps in memory, within one bound of bytes for all of its partitions.

Accounts scored lately stay decoded, ready for their next event. Others stay as their stored bytes, which take much
less, and are decoded when they are needed. The rest is read from PostgreSQL.

The bound covers all that a worker holds of its partitions. Waiting records, timers and remembered ids are never
refused, so accounts get the room that these leave.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from weakref import WeakSet

from scoring.health import Account

# Bytes of a decoded account, and for each of its stored bytes. Estimates: how a process grew by 10,000 accounts of the
# default card. ENTRY is for the id and the dictionary entry of stored bytes. `make bench ONLY=memory` measures what a
# whole worker takes under a bound.
DECODED = 17_000
DECODED_PER_BYTE = 2.2
ENTRY = 220
# Resident bytes for each byte in use: Python and the C library cannot reuse all memory that evicted accounts leave.
HELD = 1.2
# Accounts get at least this share of the bound, whatever else a worker holds.
LEAST = 1 / 4
# Reading an account from PostgreSQL costs more than decoding it, and decoded it takes 13 times the bytes. So stored
# bytes get the room first, and decoded accounts the rest: at least and at most these shares of the room. The upper one
# is there because memory freed by small objects cannot hold long bytes later.
DECODED_SHARE = (1 / 4, 1 / 2)
# Accounts of a transaction cannot be evicted before its commit. A transaction ends when its accounts take TRANSACTION
# of the room, or those of all open transactions TRANSACTIONS; none begins while these take more.
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
        """Drops the decoded form, which a failed batch has changed; the stored bytes stay."""
        for account_id in account_ids:
            self._accounts.pop(account_id, None)

    def forget_all_decoded(self) -> None:
        """Drops every decoded form; the stored bytes stay."""
        self._accounts.clear()

    def remove(self, account_id: str) -> None:
        """The account was erased: neither form of it stays."""
        self._accounts.pop(account_id, None)
        self._body_bytes -= len(self._bodies.pop(account_id, b""))

    def replace_bodies(self, stored: Mapping[str, bytes]) -> None:
        """These are stored otherwise now; those that are here are decoded again when they are needed."""
        for account_id, body in stored.items():
            self._accounts.pop(account_id, None)
            if account_id in self._bodies:
                self._put_body(account_id, body)

    def pin(self, touched: Mapping[str, Account]) -> None:
        """The batch is scored and its commit begins: only the accounts that it touched must stay until it ends."""
        for account_id, account in touched.items():
            self._accounts.pop(account_id, None)
            self._accounts[account_id] = account
        self.pinned = len(touched)
        self.in_use = False
        self._bound.shrink()

    def unpin(self) -> None:
        """The commit has ended, whether it was written or not."""
        self.pinned = 0
        self._bound.unpinned.set()

    def put_committed(self, touched: Mapping[str, Account], stored: Mapping[str, bytes]) -> None:
        """Puts the accounts that a transaction touched, and the bytes that it stored. Then evicts what is too much."""
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
        """Whether so many accounts are the most that one transaction may hold for now."""
        room = self._bound.room()
        return (
            accounts * DECODED >= room * TRANSACTION
            or (accounts + self._bound.pinned()) * DECODED >= room * TRANSACTIONS
        )

    async def enter(self) -> None:
        """Begins a batch, as soon as the commits of other partitions pin few enough accounts."""
        while self._bound.pinned() * DECODED > self._bound.room() * TRANSACTIONS:
            self._bound.unpinned.clear()
            await self._bound.unpinned.wait()
        self.in_use = True

    def evict_decoded(self, most: float) -> None:
        """Drops decoded forms, the least recently used first, until they take at most `most` bytes."""
        while len(self._accounts) > self.pinned and self.decoded_size() > most:
            del self._accounts[next(iter(self._accounts))]

    def evict(self, most: float) -> None:
        """Drops whole accounts, the least recently used first, until all stored bytes take at most `most` bytes."""
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

    def __init__(self, max_bytes: float, *, beside: float = 0.0) -> None:
        """`beside` is how many bytes the process takes for what is of no single partition."""
        self.max_bytes = max_bytes
        self._beside = beside
        self.caches: WeakSet[AccountCache] = WeakSet()  # a partition that is handed over takes its own along
        self.unpinned = asyncio.Event()

    def room(self) -> float:
        """How many bytes the accounts of all partitions may take."""
        beside = self._beside + sum(cache.beside() for cache in self.caches)
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
