"""Whom a score would have alerted, and when, with a budget of alerts per 100 accounts and week.

By an order: every day the worst accounts are told, each once, and again only after a recovery. An account has recovered
when its score is well above where it was told, or among the better half of the day: a budget that reaches accounts that
are well must not use them up. By a line: an account is told when its score falls below the line. By signals: as the
card itself tells them.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from scoring.backtest.measuring.population import Flags, Indexes, Numbers, Population

CHANGE_DAYS = 14
CHANGE_WEIGHT = 2.0
RECOVERY = 0.5
"""So many standard deviations above where an account was told, or above a line, are well above."""
_LINES = 49


class GivenAlerts(Struct, frozen=True):
    """Who was told when, in the order of time: indexes of accounts, and moments in days."""

    account: Indexes
    at: Numbers

    def __len__(self) -> int:
        return len(self.account)


class Budget:
    """How many alerts may be given by now. What is not spent is kept for a week."""

    def __init__(self, population: Population, rate: float) -> None:
        """`rate` is alerts per 100 accounts and week."""
        self._population = population
        self._rate = rate / 100 / 7
        self._left = 0.0

    def begin(self, date: int) -> int:
        """Adds what the day brings; how many alerts may be given on it. To be called for each date in order."""
        daily = self._rate * np.count_nonzero(self._population.present(date))
        self._left = min(self._left, 7 * daily) + daily
        # Rounding must not lose the last alert of a week.
        return int(self._left + 1e-9)

    def spend(self, alerts: int) -> None:
        self._left -= alerts


def by_order(score: Numbers, population: Population, rate: float) -> GivenAlerts:
    """`score` is by account and date; the worst has the lowest score + 2 x its change over 14 days."""
    margin = RECOVERY * spread(score, population)
    told_at = np.full(population.size, np.nan)
    free = np.ones(population.size, dtype=bool)
    budget, found = Budget(population, rate), _Draft()
    for date in population.alert_dates():
        now, present = score[:, date], population.present(date)
        better_half = np.median(now[present]) if present.any() else np.inf
        free |= now >= np.fmin(told_at + margin, better_half)
        candidates = np.flatnonzero(present & free)
        worst = candidates[np.argsort(_order(score, date)[candidates], kind="stable")][: budget.begin(date)]
        budget.spend(len(worst))
        free[worst] = now[worst] >= better_half
        told_at[worst] = now[worst]
        found.add(worst, date)
    return found.result()


def _order(score: Numbers, date: int) -> Numbers:
    """Who has not been there for 14 days has not changed."""
    if date < CHANGE_DAYS:
        return score[:, date]
    change = score[:, date] - score[:, date - CHANGE_DAYS]
    return score[:, date] + CHANGE_WEIGHT * np.where(np.isnan(change), 0.0, change)


def by_line(score: Numbers, population: Population, line: float) -> GivenAlerts:
    """Who is below the line when first seen has not crossed it: that is shown, as with a card's bands, and not told."""
    above = line + RECOVERY * spread(score, population)
    armed = np.zeros(population.size, dtype=bool)
    found = _Draft()
    for date in population.alert_dates():
        now = score[:, date]
        crossed: Flags = armed & (now < line)
        armed &= ~crossed
        armed |= now >= above
        found.add(np.flatnonzero(crossed & population.present(date)), date)
    return found.result()


def lines_of(score: Numbers, population: Population) -> list[float]:
    """Lines to try: the percentiles of all scores from 2 to 98 in steps of 2."""
    known = _known(score, population)
    if not len(known):
        return []
    return [float(line) for line in np.unique(np.quantile(known, np.linspace(0.02, 0.98, _LINES)))]


def by_signals(account: Sequence[int], at: Sequence[float], population: Population, rate: float | None) -> GivenAlerts:
    """Signals in the order of time, while there is budget; all of them if `rate` is None.

    `account` are indexes, `at` moments in days. What comes before the first date, or when the account is no longer
    present, is left out.
    """
    given = sorted(zip(at, account, strict=True))
    by_date: dict[int, list[tuple[float, int]]] = {}
    for moment, one in given:
        by_date.setdefault(int(moment), []).append((moment, one))
    budget = None if rate is None else Budget(population, rate)
    kept: list[tuple[float, int]] = []
    for date in population.alert_dates():
        known = [(moment, one) for moment, one in by_date.get(date, ()) if moment < population.confirmed[one]]
        if budget is not None:
            known = known[: budget.begin(date)]
            budget.spend(len(known))
        kept += known
    return GivenAlerts(
        np.asarray([one for _, one in kept], dtype=np.int64), np.asarray([moment for moment, _ in kept], dtype=float)
    )


def spread(score: Numbers, population: Population) -> float:
    """The standard deviation of all scores, of all days on which their accounts were present."""
    known = _known(score, population)
    return float(known.std()) if len(known) else 0.0


def _known(score: Numbers, population: Population) -> Numbers:
    parts = [score[population.present(date), date] for date in population.alert_dates()]
    return np.concatenate([np.empty(0), *parts])


class _Draft:
    def __init__(self) -> None:
        self._accounts: list[Indexes] = []
        self._dates: list[Numbers] = []

    def add(self, accounts: Indexes, date: int) -> None:
        self._accounts.append(accounts)
        self._dates.append(np.full(len(accounts), float(date)))

    def result(self) -> GivenAlerts:
        nothing = np.empty(0)
        return GivenAlerts(
            np.concatenate([nothing.astype(np.int64), *self._accounts]), np.concatenate([nothing, *self._dates])
        )
