"""The accounts that a worker keeps in memory, within one bound of bytes for all of its partitions.

An account that was scored lately is kept decoded, ready for its next event. Others are kept as their stored bytes,
which take much less, and are decoded when they are needed. The rest is read from PostgreSQL.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from weakref import WeakSet

from scoring.health import Account

# What an account takes decoded, and for each of its stored bytes: estimates, from how a process grew by 10,000 loaded
# accounts of the default card. Beside that it takes entries in dictionaries, here and for its timer. What a whole
# worker takes under a bound is measured by `make bench ONLY=memory`.
DECODED = 17_000
DECODED_PER_BYTE = 2.2
ENTRY = 450
# Decoded accounts take at most this share of the bound, also while there is room: what Python gives back of their small
# objects does not serve for bytes.
DECODED_SHARE = 1 / 2
# The accounts of one transaction may take this share of the bound, for they cannot go before it is through.
TRANSACTION = 1 / 16


class AccountCache:
    """The accounts of one partition, those used last at the end; `bound` is shared with the other partitions.

    While it is `in_use`, from the first account that a transaction loads until all are kept, nothing is taken from it:
    an account that is not here counts as one that never was.
    """

    def __init__(self, bound: "CacheBound") -> None:
        self._accounts: dict[str, Account] = {}
        self._bodies: dict[str, bytes] = {}  # as stored, of all that are here but those never stored
        self._body_bytes = 0
        self._bound = bound
        self.in_use = False
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
        self._keep_body(account.account_id, body)

    def forget(self, account_ids: Iterable[str]) -> None:
        """Their decoded form is worth nothing any more."""
        for account_id in account_ids:
            self._accounts.pop(account_id, None)

    def keep(self, touched: Mapping[str, Account], stored: Mapping[str, bytes]) -> None:
        """Takes the accounts that a transaction touched, and the bytes of those that it stored; then others may have
        to go, of this partition or another.
        """
        for account_id, account in touched.items():
            self._accounts.pop(account_id, None)
            self._accounts[account_id] = account
            body = stored.get(account_id) or self._bodies.get(account_id)
            if body is not None:
                self._keep_body(account_id, body)
        self.in_use = False
        self._bound.hold()

    def size(self) -> float:
        """How many bytes all of it takes, estimated."""
        return self.decoded_size() + self._body_bytes + len(self._bodies) * ENTRY

    def decoded_size(self) -> float:
        """How many of these the decoded accounts take."""
        return len(self._accounts) * (DECODED + DECODED_PER_BYTE * self._body_bytes / max(1, len(self._bodies)))

    def enough(self, accounts: int) -> bool:
        """Whether so many accounts are as many as one transaction may hold."""
        return accounts * DECODED >= self._bound.most * TRANSACTION

    def pack(self, most: float) -> None:
        """Gives away decoded accounts, those used longest ago first, until they take at most so many bytes."""
        while self._accounts and self.decoded_size() > most:
            del self._accounts[next(iter(self._accounts))]

    def drop(self, most: float) -> None:
        """Gives away accounts, those used longest ago first, until all take at most so many bytes."""
        while self._bodies and self.size() > most:
            account_id = next(iter(self._bodies))
            self._accounts.pop(account_id, None)
            self._body_bytes -= len(self._bodies.pop(account_id))

    def _keep_body(self, account_id: str, body: bytes) -> None:
        before = self._bodies.pop(account_id, None)
        self._bodies[account_id] = body
        self._body_bytes += len(body) - (0 if before is None else len(before))


class CacheBound:
    """The most bytes that the caches of a process take together."""

    def __init__(self, most: float) -> None:
        self.most = most
        self.caches: WeakSet[AccountCache] = WeakSet()  # a partition that is handed over takes its own along

    def hold(self) -> None:
        """Shrinks the largest caches until all fit.

        None has to go below its equal share. One that is in use has its turn when its own transaction is through.
        """
        self._hold(self.most * DECODED_SHARE, AccountCache.decoded_size, AccountCache.pack)
        self._hold(self.most, AccountCache.size, AccountCache.drop)

    def _hold(
        self, most: float, size: Callable[[AccountCache], float], shrink: Callable[[AccountCache, float], None]
    ) -> None:
        sizes = {cache: size(cache) for cache in self.caches}
        over = sum(sizes.values()) - most
        for cache, before in sorted(sizes.items(), key=lambda each: each[1], reverse=True):
            if over > 0 and not cache.in_use:
                shrink(cache, max(most / len(sizes), before - over))
                over -= before - size(cache)
