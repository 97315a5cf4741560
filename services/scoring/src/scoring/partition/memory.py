"""What a worker knows of one partition between two transactions; dropped whole at the first doubt."""

from msgspec import Struct

from scoring.health import Account
from scoring.partition.cache import AccountCache, CacheBound
from scoring.partition.commit import Commit, LogPosition
from scoring.partition.dedupe import Seen, hour_of
from scoring.partition.timers import Timers


class StoredPartition(Struct, frozen=True):
    """What the database holds of a partition, its states apart (they are read as they are needed)."""

    seq: int
    position: LogPosition
    writer: str  # the token of the assignment that wrote the last row
    cluster_id: str
    timers: dict[str, int]
    seen: tuple[tuple[int, bytes], ...]  # (clock hour, ids), oldest first


class PartitionMemory:
    def __init__(self, opened: StoredPartition, *, remembered: int, cache_bound: CacheBound) -> None:
        """`remembered` bounds the ids that dedupe knows."""
        self.seq = opened.seq
        self.position = opened.position
        self.timers = Timers(opened.timers)
        self.remembered = remembered
        self.seen = Seen(remembered)
        self.seen.restore(opened.seen)
        self.seen.forget(hour_of(self.position.newest))
        self.accounts = AccountCache(cache_bound)

    def keep(self, commit: Commit, touched: dict[str, Account]) -> None:
        """The transaction went through: what was a proposal is now so."""
        self.seq = commit.last + 1
        self.position = commit.position
        for account_id, due in commit.timers.items():
            self.timers.set(account_id, due)
        for hour, ids in commit.seen.items():
            self.seen.extend(hour, ids)
        self.seen.forget(hour_of(self.position.newest))
        self.accounts.keep(touched, commit.states)
