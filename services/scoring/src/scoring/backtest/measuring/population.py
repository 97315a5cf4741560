"""The accounts of a back-test day by day: who was there, who did something, who left, and when.

Days are counted from the first recorded one. `[account, day]` says what happened on that day; a score `[account, date]`
is that of the date's first moment, so it knows the days before and nothing of the day itself.
"""

from collections.abc import Collection, Iterator
from math import inf
from zlib import crc32

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from scoring.backtest.recordings.recording import Recording
from scoring.health.moments import DAY

Flags = NDArray[np.bool_]
Counts = NDArray[np.float32]
Numbers = NDArray[np.float64]
Indexes = NDArray[np.int64]

FIRST_DATE = 14
"""Observation begins so many days after day 0: before, nobody has a habit that could change."""
OBSERVE_EVERY = 7
ACTIVE_WITHIN = 14
"""An account is not yet silent while its last activity is at most so many days ago."""
SILENT_DAYS = 28
"""So many days without activity are the silence of an account that has left."""
EARLY = 14
"""An alert is early if it comes at least so many days before a churn is confirmed."""
RIGHT_WITHIN = 56
"""An alert is right if a churn is confirmed within so many days. An older one was about something else."""

# What is recorded of an account, but not done by its people: an integration runs on when everybody has left.
NOT_ACTIVITY = (
    *("account.", "champion.", "contract.", "goal.", "health.", "invoice.", "milestone.", "integration."),
    *("email.sent", "ticket.answered", "ticket.resolved"),
)


def is_activity(name: str) -> bool:
    """Whether people of the account do this, by the beginning of the event's name."""
    return not name.startswith(NOT_ACTIVITY)


def half_of(account_id: str) -> int:
    """0 or 1: the half of the accounts that this one belongs to, the same in every recording."""
    return crc32(account_id.encode()) % 2


class Population(Struct, frozen=True):
    """`born` is the day of the first record. `decided` is when the account decided to leave, infinity if it did not.

    `confirmed` is the date on which its churn is certain: its decision, or the 28th day of its first silence of 28
    days, whichever is earlier. An account is present from the day after its birth until then. `last_date` is the date
    on which the recording ends.
    """

    account_ids: tuple[str, ...]
    counts: Counts
    born: Indexes
    decided: Numbers
    confirmed: Numbers
    first_date: int
    last_date: int

    @property
    def active(self) -> Flags:
        return self.counts > 0

    @property
    def size(self) -> int:
        return len(self.account_ids)

    def present(self, date: int) -> Flags:
        return (self.born < date) & (date < self.confirmed)

    def alert_dates(self) -> range:
        """Every date on which somebody may be alerted."""
        return range(self.first_date, self.last_date + 1)

    def observation_dates(self) -> range:
        """Those whose next 28 days are recorded."""
        return range(self.first_date, self.last_date - SILENT_DAYS + 1, OBSERVE_EVERY)

    def weeks(self) -> float:
        """All weeks in which an account was present while alerts could be given, added up over accounts."""
        since = np.maximum(self.born + 1, self.first_date)
        until = np.minimum(np.ceil(self.confirmed), self.last_date + 1)
        return float(np.maximum(until - since, 0).sum()) / 7

    @property
    def churned(self) -> Flags:
        """Who left late enough for an early alert, and before the recording ended."""
        return (self.confirmed >= self.first_date + EARLY) & (self.confirmed <= self.last_date)

    def of(self, rows: Indexes) -> "Population":
        """These accounts alone."""
        return replace(
            self,
            account_ids=tuple(self.account_ids[row] for row in rows),
            counts=self.counts[rows],
            born=self.born[rows],
            decided=self.decided[rows],
            confirmed=self.confirmed[rows],
        )


class Observations(Struct, frozen=True):
    """Accounts that were not yet silent, on observation dates. `silent`: no activity in the next 28 days; `decided`:
    the decision to leave within them. One entry for each account and date.
    """

    account: Indexes
    date: Indexes
    silent: Flags
    decided: Flags

    def __len__(self) -> int:
        return len(self.account)


def populate(recording: Recording, activity: Collection[str]) -> Population:
    """All accounts, in the order of the recording. `activity` are the names of events that people do."""
    account = np.asarray(recording.columns.account, dtype=np.int64)
    day = np.asarray(recording.columns.day, dtype=np.int64) - recording.first_day
    counted = np.asarray([name in activity for name in recording.names])[np.asarray(recording.columns.name)]
    counts = np.zeros((len(recording.accounts), recording.days), dtype=np.float32)
    np.add.at(counts, (account[counted], day[counted]), 1)
    born = np.full(len(recording.accounts), recording.days, dtype=np.int64)
    np.minimum.at(born, account, day)
    ids = tuple(each.account_id for each in recording.accounts)
    decided = np.asarray([recording.decisions.get(one, inf) / DAY - recording.first_day for one in ids])
    return Population(
        account_ids=ids,
        counts=counts,
        born=born,
        decided=decided,
        confirmed=np.minimum(decided, _silence_confirmed(counts > 0, born)),
        first_date=recording.day_zero - recording.first_day + FIRST_DATE,
        last_date=recording.last_date,
    )


def _silence_confirmed(active: Flags, born: Indexes) -> Numbers:
    """The first date before which an account was silent for 28 days; infinity if there is none.

    Whoever never came is silent from the day after its birth.
    """
    found = np.full(len(active), inf)
    last = born.copy()
    for date in range(1, active.shape[1] + 1):
        today = active[:, date - 1]
        last[today] = date - 1
        ended = (date - 1 - last >= SILENT_DAYS) & np.isinf(found)
        found[ended] = date
    return found


def observe(population: Population) -> Observations:
    """All observations, by date."""
    parts = list(_observed(population))
    if not parts:
        nothing = np.empty(0, dtype=np.int64)
        return Observations(nothing, nothing, nothing.astype(bool), nothing.astype(bool))
    account, date, silent, decided = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Observations(account, date, silent, decided)


def _observed(population: Population) -> Iterator[tuple[Indexes, Indexes, Flags, Flags]]:
    active = population.active
    for date in population.observation_dates():
        came_lately: Flags = np.any(active[:, max(date - ACTIVE_WITHIN, 0) : date], axis=1)
        account: Indexes = np.flatnonzero(came_lately & (population.born < date) & (population.decided > date))
        silent: Flags = ~np.any(active[account, date : date + SILENT_DAYS], axis=1)
        decided: Flags = population.decided[account] < date + SILENT_DAYS
        yield account, np.full(len(account), date), silent, decided
