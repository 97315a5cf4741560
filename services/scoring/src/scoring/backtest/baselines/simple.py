"""Baselines that nobody has to train. Each gives a score by account and date, not-a-number before the account's birth.

The first row of the day is not known on its date: a score of a date knows the days before it.
"""

import numpy as np

from scoring.backtest.measuring.population import Numbers, Population

HALF_LIFE_DAYS = 14


def days_since_last_event(population: Population) -> Numbers:
    """Minus the days since the last activity, or since birth."""
    return _unborn_left_out(-last_activity(population), population)


def last_activity(population: Population) -> Numbers:
    """Days since the last day of activity, 1 for yesterday, by account and date; since birth if there was none."""
    active = population.active
    found = np.empty((population.size, active.shape[1] + 1))
    last = population.born.copy()
    found[:, 0] = 0 - last
    for date in range(1, active.shape[1] + 1):
        came = active[:, date - 1]
        last[came] = date - 1
        found[:, date] = date - last
    return found


def rule_score(population: Population) -> Numbers:
    """What a red-amber-green rule sheet says, of 100 points.

    30 for activity in the last 7 days (15: in the last 14), 30 for at least 8 active days in 28 (15: at least 4). 40
    for at least half as much activity in the last 28 days as in the 28 before (20: at least a quarter).
    """
    since = last_activity(population)
    lately = _steps(-since, ((-14.0, 15.0), (-7.0, 30.0)))
    habit = _steps(sums(population.active.astype(np.float64), 28), ((4.0, 15.0), (8.0, 30.0)))
    count = sums(population.counts.astype(np.float64), 28)
    before = np.zeros_like(count)
    before[:, 28:] = count[:, :-28]
    trend = _steps(count / np.maximum(before, 1.0), ((0.25, 20.0), (0.5, 40.0)))
    return _unborn_left_out(lately + habit + trend, population)


def decayed_count(population: Population) -> Numbers:
    """The logarithm of one counter of all activity that halves every 14 days."""
    return _unborn_left_out(np.log2(decayed(population.counts.astype(np.float64), HALF_LIFE_DAYS) + 0.5), population)


def chance(population: Population, *, seed: int) -> Numbers:
    """A number between 0 and 1, drawn anew for each account and date."""
    drawn = np.random.default_rng(seed).random((population.size, population.last_date + 1))
    return _unborn_left_out(drawn, population)


def shuffled(score: Numbers, population: Population, *, seed: int) -> Numbers:
    """Scores of each date, dealt anew among the accounts that were present then: the calendar stays, the skill goes."""
    dealt, random = score.copy(), np.random.default_rng(seed)
    for date in range(population.last_date + 1):
        present = np.flatnonzero(~np.isnan(score[:, date]))
        dealt[present, date] = score[random.permutation(present), date]
    return dealt


def sums(counts: Numbers, days: int) -> Numbers:
    """By account and date: what was counted in the so many days before it."""
    upto = np.zeros((counts.shape[0], counts.shape[1] + 1))
    np.cumsum(counts, axis=1, out=upto[:, 1:])
    found = upto.copy()
    found[:, days:] -= upto[:, :-days]
    return found


def decayed(counts: Numbers, half_life: float) -> Numbers:
    """By account and date: a count that halves in so many days."""
    kept = 2.0 ** (-1 / half_life)
    found = np.zeros((counts.shape[0], counts.shape[1] + 1))
    for day in range(counts.shape[1]):
        found[:, day + 1] = (found[:, day] + counts[:, day]) * kept
    return found


def _steps(value: Numbers, steps: tuple[tuple[float, float], ...]) -> Numbers:
    """The points of the last step that is reached, 0 below the first."""
    points = np.zeros_like(value)
    for least, each in steps:
        points[value >= least] = each
    return points


def _unborn_left_out(score: Numbers, population: Population) -> Numbers:
    dates = np.arange(score.shape[1])
    return np.where(population.born[:, None] < dates[None, :], score, np.nan)
