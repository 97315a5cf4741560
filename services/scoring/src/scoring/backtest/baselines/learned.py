"""Baselines that learn, always from other accounts than they are judged on. They need scikit-learn.

The accounts are cut in two halves, crc32(account_id) % 2. A model that is judged on one half has learned from the
other.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any, Protocol

import numpy as np
from msgspec import Struct

from scoring.backtest import packages
from scoring.backtest.measuring.population import (
    EARLY,
    OBSERVE_EVERY,
    RIGHT_WITHIN,
    Flags,
    Indexes,
    Numbers,
    Observations,
    Population,
    half_of,
)

_SMALLEST_CHANCE = 1e-9
_ROWS_TOGETHER = 20_000


class FeatureTable(Protocol):
    def at(self, date: int) -> Numbers:
        """One row for each account, as it was known on that date."""


class LearnedScores(Struct, frozen=True):
    """`silent` and `decided` are risks, one for each observation; None if there was nothing to learn from.

    `score` is by account and date, learned from churns that were confirmed 14 to 56 days later.
    """

    silent: Numbers | None
    decided: Numbers | None
    score: Numbers | None


def logistic_regression() -> Any:
    pipeline, linear = packages.load("sklearn.pipeline"), packages.load("sklearn.linear_model")
    scaler = packages.load("sklearn.preprocessing").StandardScaler()
    return pipeline.make_pipeline(scaler, linear.LogisticRegression(max_iter=1000))


def gradient_boosting() -> Any:
    return packages.load("sklearn.ensemble").HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.06, max_leaf_nodes=15, min_samples_leaf=40, l2_regularization=1.0, random_state=0
    )


def learn(
    make: Callable[[], Any],
    table: FeatureTable,
    population: Population,
    observations: Observations,
    *,
    halves: Collection[int],
) -> LearnedScores:
    """Scores for the accounts of `halves`; not-a-number for the others. Raises `MissingPackages`."""
    half = np.asarray([half_of(one) for one in population.account_ids])
    # Threads that wait for each other in a loop stand still where other programs take the processors.
    with packages.load("threadpoolctl").threadpool_limits(1):
        return LearnedScores(
            silent=_risks(make, table, observations, observations.silent, half, halves),
            decided=_risks(make, table, observations, observations.decided, half, halves),
            score=_scores(make, table, population, half, halves),
        )


def _risks(
    make: Callable[[], Any],
    table: FeatureTable,
    observations: Observations,
    label: Flags,
    half: Indexes,
    halves: Collection[int],
) -> Numbers | None:
    rows = _rows(table, observations.account, observations.date)
    risk = np.full(len(observations), np.nan)
    of = half[observations.account]
    for wanted in halves:
        learned = _fit(make, rows[of != wanted], label[of != wanted])
        if learned is None:
            return None
        risk[of == wanted] = _risk(learned, rows[of == wanted])
    return risk


def _scores(
    make: Callable[[], Any], table: FeatureTable, population: Population, half: Indexes, halves: Collection[int]
) -> Numbers | None:
    account, date, label = _churns_ahead(population)
    rows = _rows(table, account, date)
    score = np.full((population.size, population.last_date + 1), np.nan)
    for wanted in halves:
        learning = half[account] != wanted
        learned = _fit(make, rows[learning], label[learning])
        if learned is None:
            return None
        judged = np.flatnonzero(half == wanted)
        # A prediction costs as much for a row as for hundreds, so dates are taken together.
        together = max(_ROWS_TOGETHER // max(len(judged), 1), 1)
        for first in range(0, population.last_date + 1, together):
            dates = range(first, min(first + together, population.last_date + 1))
            risks = _risk(learned, np.concatenate([table.at(day)[judged] for day in dates]))
            score[judged, dates.start : dates.stop] = -risks.reshape(len(dates), len(judged)).T
    unborn = population.born[:, None] >= np.arange(population.last_date + 1)[None, :]
    return np.where(unborn, np.nan, score)


def _churns_ahead(population: Population) -> tuple[Indexes, Indexes, Flags]:
    """All present accounts every 7 days, and whether a churn was confirmed 14 to 56 days later, where that is known."""
    accounts, dates = [], []
    for date in range(population.first_date, population.last_date + 1, OBSERVE_EVERY):
        known = (population.confirmed <= population.last_date) | (date + RIGHT_WITHIN <= population.last_date)
        account = np.flatnonzero(population.present(date) & known)
        accounts.append(account)
        dates.append(np.full(len(account), date))
    nothing = np.empty(0, dtype=np.int64)
    account, date_of = np.concatenate([nothing, *accounts]), np.concatenate([nothing, *dates])
    ahead = population.confirmed[account] - date_of
    return account, date_of, (ahead >= EARLY) & (ahead <= RIGHT_WITHIN)


def _rows(table: FeatureTable, account: Indexes, date: Indexes) -> Numbers:
    """The table's rows for pairs that are ordered by date."""
    return np.concatenate([*_by_date(table, account, date)]) if len(date) else np.empty((0, 1))


def _by_date(table: FeatureTable, account: Indexes, date: Indexes) -> Iterator[Numbers]:
    for day in np.unique(date):
        yield table.at(int(day))[account[date == day]]


def _fit(make: Callable[[], Any], rows: Numbers, label: Flags) -> Any | None:
    """A model, or None if all labels are the same."""
    if len(np.unique(label)) < 2:
        return None
    return make().fit(rows, label)


def _risk(model: Any, rows: Numbers) -> Numbers:
    """Log odds, so that scores of sure cases are still told apart."""
    chance = np.clip(model.predict_proba(rows)[:, 1], _SMALLEST_CHANCE, 1 - _SMALLEST_CHANCE)
    found: Numbers = np.log(chance / (1 - chance))
    return found
