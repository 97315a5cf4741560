"""The accounts that a worker keeps in memory, within one bound of bytes for all of its partitions.

Accounts scored lately stay decoded, ready for their next event. Others stay as their stored bytes, which take much
less, and are decoded when they are needed. The rest is read from PostgreSQL.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from weakref import WeakSet

from scoring.health.account import Account

# Bytes that a decoded account takes, and takes for each of its stored bytes. Estimates: how a process grew by 10,000
# accounts of the default card. ENTRY is for its entries in dictionaries, here and for its timer. What a whole worker
# takes under a bound is measured by `make bench ONLY=memory`.
DECODED = 17_000
DECODED_PER_BYTE = 2.2
ENTRY = 450
# Decoded accounts take at most this share of the bound, even while there is room: memory that Python frees of their
# small objects cannot be used for long bytes.
DECODED_SHARE = 1 / 2
# The accounts of one transaction may take this share of the bound: none can be evicted before the commit.
TRANSACTION = 1 / 16


class AccountCache:
    """The accounts of one partition, the least recently used first; `bound` is shared with the other partitions.

    A transaction pins the cache from the first account that it loads until its commit. Nothing is evicted meanwhile: an
    account that is missing then would be taken for a new one.
    """

    def __init__(self, bound: "CacheBound") -> None:
        self._accounts: dict[str, Account] = {}
        self._bodies: dict[str, bytes] = {}  # as stored, of all that are here but those never stored
        self._body_bytes = 0
        self._bound = bound
        self.pinned = False
        bound.caches.add(self)

    @property
    def decoded(self) -> int:
        return len(self._accounts)

    @property
    def packed(self) -> int:
        return max(0, len(self._bodies) - len(self._accounts))

    def get(self, account_id: str) -> Account | None:
        """None if it is not here, or not decoded."""
        return self._accounts.get(account_id)

    def undecoded(self, account_ids: Collection[str]) -> set[str]:
        """Those that must be loaded before they can be scored."""
        return set(account_ids) - self._accounts.keys()

    def bodies(self, account_ids: Iterable[str]) -> dict[str, bytes]:
        """The stored bytes of those that are here."""
        return {one: body for one in account_ids if (body := self._bodies.get(one)) is not None}

    def load(self, account: Account, body: bytes) -> None:
        """Puts an account as it was decoded from its stored bytes."""
        self._accounts[account.account_id] = account
        self._put_body(account.account_id, body)

    def forget_decoded(self, account_ids: Iterable[str]) -> None:
        """Drops the decoded form, which a failed batch has changed; the stored bytes stay."""
        for account_id in account_ids:
            self._accounts.pop(account_id, None)

    def put_committed(self, touched: Mapping[str, Account], stored: Mapping[str, bytes]) -> None:
        """Puts the accounts that a transaction touched, and the bytes that it stored. Then evicts what is too much."""
        for account_id, account in touched.items():
            self._accounts.pop(account_id, None)
            self._accounts[account_id] = account
            body = stored.get(account_id) or self._bodies.get(account_id)
            if body is not None:
                self._put_body(account_id, body)
        self.pinned = False
        self._bound.shrink()

    def size(self) -> float:
        """The bytes that the cache takes, estimated."""
        return self.decoded_size() + self._body_bytes + len(self._bodies) * ENTRY

    def decoded_size(self) -> float:
        """The part of `size` that decoded accounts take beyond their stored bytes."""
        return len(self._accounts) * (DECODED + DECODED_PER_BYTE * self._body_bytes / max(1, len(self._bodies)))

    def fill_a_transaction(self, accounts: int) -> bool:
        """Whether so many accounts are the most that one transaction may hold."""
        return accounts * DECODED >= self._bound.max_bytes * TRANSACTION

    def evict_decoded(self, max_bytes: float) -> None:
        """Drops decoded forms, the least recently used first, until they take at most `max_bytes`."""
        while self._accounts and self.decoded_size() > max_bytes:
            del self._accounts[next(iter(self._accounts))]

    def evict(self, max_bytes: float) -> None:
        """Drops whole accounts, the least recently used first, until all take at most `max_bytes`."""
        while self._bodies and self.size() > max_bytes:
            account_id = next(iter(self._bodies))
            self._accounts.pop(account_id, None)
            self._body_bytes -= len(self._bodies.pop(account_id))

    def _put_body(self, account_id: str, body: bytes) -> None:
        before = self._bodies.pop(account_id, None)
        self._bodies[account_id] = body
        self._body_bytes += len(body) - (0 if before is None else len(before))


class CacheBound:
    """The most bytes that the caches of a process take together."""

    def __init__(self, max_bytes: float) -> None:
        self.max_bytes = max_bytes
        self.caches: WeakSet[AccountCache] = WeakSet()  # weak: a partition handed over takes its cache along

    def shrink(self) -> None:
        """Shrinks the largest caches until all fit, none below its equal share.

        A pinned cache stays as it is, and is shrunk after its own transaction.
        """
        self._shrink(self.max_bytes * DECODED_SHARE, AccountCache.decoded_size, AccountCache.evict_decoded)
        self._shrink(self.max_bytes, AccountCache.size, AccountCache.evict)

    def _shrink(
        self, max_bytes: float, size: Callable[[AccountCache], float], evict: Callable[[AccountCache, float], None]
    ) -> None:
        sizes = {cache: size(cache) for cache in self.caches}
        excess = sum(sizes.values()) - max_bytes
        for cache, before in sorted(sizes.items(), key=lambda each: each[1], reverse=True):
            if excess > 0 and not cache.pinned:
                evict(cache, max(max_bytes / len(sizes), before - excess))
                excess -= before - size(cache)
