"""What a worker keeps in memory of one partition; at any doubt it drops all of it."""

from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from common.erasures.erasure_key import ErasureKey
from common.erasures.erasure_spans import ErasureRow, restore_erasures
from scoring.health import NO_PAUSES, Account, Pauses
from scoring.partition.cache import AccountCache, CacheBound
from scoring.partition.commit import (
    AccountErasure,
    Commit,
    LiftedErasure,
    LogPosition,
    RenamedRows,
    UserErasure,
)
from scoring.partition.contents import SeenContents
from scoring.partition.dedupe import SeenIds, hour_of
from scoring.partition.feeds import in_force
from scoring.partition.people import WrittenDays
from scoring.partition.timers import Timers

# What is taken beside the accounts, in bytes, estimated: by the records that a worker has read ahead and those that it
# scores, by the records that were fetched or polled of each partition, by each timer, by each remembered id,
# by what each of the last ids said, by each day of a person.
READ_AHEAD = 36e6
RECORDS = 2e6
TIMER = 230
ID = 20
CONTENT = 4
PERSON = 70


class StoredPartition(Struct, frozen=True):
    """What the database holds of a partition but its states, which are read when they are needed."""

    seq: int
    position: LogPosition
    writer: str  # the token of the assignment that wrote the last row
    cluster_id: str
    timers: dict[str, int]
    seen: tuple[tuple[int, bytes], ...]  # (clock hour, ids), oldest first
    applied: frozenset[str] = frozenset()  # the ids of the announcements that took effect
    pauses: Pauses = NO_PAUSES  # of feeds
    erasures: tuple[ErasureRow, ...] = ()


class PartitionMemory:
    def __init__(
        self,
        stored: StoredPartition,
        *,
        remembered: int,
        cache_bound: CacheBound,
        erasure_key: ErasureKey | None = None,
    ) -> None:
        """`remembered` bounds the ids that dedupe knows. Raises `ErasureRefused`."""
        self.erasures = restore_erasures(stored.erasures, cluster_id=stored.cluster_id, key=erasure_key)
        self.seq = stored.seq
        self.position = stored.position
        self.timers = Timers(stored.timers)
        self.remembered = remembered
        self.seen = SeenIds(remembered)
        self.seen.restore(stored.seen)
        self.seen.forget(hour_of(self.position.newest))
        self.contents = SeenContents(self.seen.end)
        self.people = WrittenDays()
        self.applied = set(stored.applied)
        self.pauses = in_force(stored.pauses, clock=self.position.clock)
        self.announced_to = 0  # the number of the last announcement that its owner knows to be in the log
        beside = partial(_beside, self.timers, self.seen, self.contents, self.people)
        self.accounts = AccountCache(cache_bound, beside=beside)

    def apply_commit(self, commit: Commit, touched: dict[str, Account], contents: Sequence[int]) -> None:
        """Takes over what a transaction has written; `contents` are the hashes of the events that it counted."""
        self.seq = commit.last_seq + 1
        self.position = commit.position
        for account_id, due in commit.timers.items():
            self.timers.set(account_id, due)
        for hour, ids in commit.seen.items():
            self.seen.extend(hour, ids)
        self.seen.forget(hour_of(self.position.newest))
        self.contents.extend(contents)
        self.people.extend(commit.people)
        self.applied.update(commit.applied)
        self.accounts.put_committed(touched, commit.states)
        if commit.pauses != self.pauses:
            # Decoded accounts hold back what the former pauses said.
            self.accounts.forget_all_decoded()
        self.pauses = in_force(commit.pauses, clock=self.position.clock)
        match commit.erasure:
            case AccountErasure() as erasure:
                self.erasures.erase(erasure.pseudonym, erasure.erasure_id, erasure.offset)
                self.timers.set(erasure.account_id, None)
                self.people.clear()  # it would take the account's people for stored
                self.accounts.remove(erasure.account_id)
            case UserErasure() as erasure:
                self.erasures.erase(erasure.pseudonym, erasure.erasure_id, erasure.offset, erasure.substitute)
                self.people.clear()
            case RenamedRows() as renamed:
                self.accounts.replace_bodies(renamed.states)
            case LiftedErasure() as lifted:
                self.erasures.lift(lifted.pseudonym, lifted.erasure_id, lifted.offset)


def _beside(timers: Timers, seen: SeenIds, contents: SeenContents, people: WrittenDays) -> float:
    return RECORDS + TIMER * len(timers) + ID * len(seen) + CONTENT * len(contents) + PERSON * len(people)
