"""What is known of every account on a date, as numbers for the learned baselines. Nothing of the date's day itself."""

from collections.abc import Sequence

import numpy as np

from scoring.backtest.baselines.simple import decayed, last_activity, sums
from scoring.backtest.measuring.population import Indexes, Numbers, Population
from scoring.backtest.recordings.recording import NOBODY, Recording
from scoring.health.moments import DAY

WINDOWS = (7, 14, 28, 56)
HALF_LIVES = (7, 14, 28, 56)
_MOST_NAMES = 10
_WEEK = 7


class Counts28:
    """Counts of the last 28 days: of all activity, and of the ten most frequent event names. Logarithms."""

    def __init__(self, recording: Recording, population: Population) -> None:
        by_name = [sums(each, 28) for each in daily_by_name(recording, frequent_names(recording))]
        self._by_date = [np.log1p(each) for each in (sums(population.counts.astype(np.float64), 28), *by_name)]

    def at(self, date: int) -> Numbers:
        """One row for each account."""
        return np.column_stack([each[:, date] for each in self._by_date])


class Features:
    """All that we could think of: counts, habits, gaps, trends, users, names, steps and the calendar."""

    def __init__(self, recording: Recording, population: Population) -> None:
        counts, active = population.counts.astype(np.float64), population.active.astype(np.float64)
        users = _daily_users(recording, population)
        in_windows = [sums(counts, days) for days in WINDOWS]
        days_in_windows = [sums(active, days) for days in WINDOWS]
        silence = last_activity(population)
        active_days = sums(active, active.shape[1] + 1)
        age = np.arange(silence.shape[1])[None, :] - population.born[:, None].astype(np.float64)
        gap = age / np.maximum(active_days, 1.0)
        planned, missed = _steps(recording, population)
        by_date = [
            *(np.log1p(each) for each in in_windows),
            *days_in_windows,
            *(np.log1p(decayed(counts, half_life)) for half_life in HALF_LIVES),
            *(decayed(active, half_life) for half_life in HALF_LIVES),
            np.log1p(in_windows[0]) - np.log1p(in_windows[2] / 4),
            np.log1p(in_windows[2]) - np.log1p(in_windows[3] / 2),
            silence,
            age,
            active_days,
            gap,
            silence / gap.clip(1.0),
            np.maximum.accumulate(silence, axis=1),
            sums(users, _WEEK),
            sums(users, 28),
            *(np.log1p(sums(each, 28)) for each in daily_by_name(recording, frequent_names(recording))),
            planned,
            missed,
            np.broadcast_to(np.arange(silence.shape[1], dtype=np.float64), silence.shape),
            np.broadcast_to(np.arange(silence.shape[1], dtype=np.float64) % _WEEK, silence.shape),
        ]
        # Half of the memory, of which this takes most.
        self._by_date = [each.astype(np.float32) for each in by_date]

    def at(self, date: int) -> Numbers:
        """One row for each account."""
        return np.column_stack([each[:, date] for each in self._by_date]).astype(np.float64)


def frequent_names(recording: Recording) -> list[int]:
    """The ten most frequent event names, as indexes."""
    total = np.bincount(np.asarray(recording.columns.name), minlength=len(recording.names))
    return [int(index) for index in np.argsort(-total, kind="stable")[:_MOST_NAMES]]


def daily_by_name(recording: Recording, names: Sequence[int]) -> list[Numbers]:
    """By account and day, how many events of each of these names."""
    account, day, name = _columns(recording)
    found = []
    for wanted in names:
        counts = np.zeros((len(recording.accounts), recording.days))
        np.add.at(counts, (account[name == wanted], day[name == wanted]), 1)
        found.append(counts)
    return found


def _daily_users(recording: Recording, population: Population) -> Numbers:
    """By account and day, how many different people did something."""
    account, day, _ = _columns(recording)
    user = np.asarray(recording.columns.user, dtype=np.int64)
    somebody = user != NOBODY
    seen = np.unique(np.stack([account[somebody], day[somebody], user[somebody]]), axis=1)
    found = np.zeros(population.counts.shape)
    np.add.at(found, (seen[0], seen[1]), 1)
    return found


def _steps(recording: Recording, population: Population) -> tuple[Numbers, Numbers]:
    """By account and date: milestone steps that were due by then, and those of them that were not reached."""
    due: dict[tuple[int, str], float] = {}
    reached: dict[tuple[int, str], float] = {}
    for each in recording.steps:
        at = (each.account, each.step)
        if each.due is not None:
            due[at] = each.due
        else:
            reached[at] = min(each.at, reached.get(at, each.at))
    planned = np.zeros((population.size, population.last_date + 1))
    missed = planned.copy()
    for (account, step), moment in due.items():
        from_date = max(int(np.ceil(moment / DAY)) - recording.first_day, 0)
        planned[account, from_date:] += 1
        done = reached.get((account, step))
        until = None if done is None else max(int(np.ceil(done / DAY)) - recording.first_day, from_date)
        missed[account, from_date:until] += 1
    return planned, missed


def _columns(recording: Recording) -> tuple[Indexes, Indexes, Indexes]:
    """Account, day and name of each event."""
    columns = recording.columns
    day = np.asarray(columns.day, dtype=np.int64) - recording.first_day
    return np.asarray(columns.account, dtype=np.int64), day, np.asarray(columns.name, dtype=np.int64)
