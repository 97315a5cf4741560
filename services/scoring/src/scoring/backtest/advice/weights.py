"""Weights learned from what became of accounts: a non-negative logistic regression that is pulled towards the card's.

A metric's factor says how much more, or less, it should weigh than it does. It is learned on one half of the accounts.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from scoring.backtest import packages
from scoring.backtest.back_test import BackTest
from scoring.backtest.errors import TooFewEvents
from scoring.backtest.measuring.population import Flags, Numbers

PULL = 20.0
"""To double a metric's weight, or to take it away, must explain so many times e more of what happened."""
_FEWEST = 10
_SMALLEST_CHANCE = 1e-12


class LearnedWeights(Struct, frozen=True):
    """`factors` are by metric, 1 on average. `label` is what they predict: `positives` of `rows` observations."""

    label: str
    rows: int
    positives: int
    factors: dict[str, float]


def learn_weights(back_test: BackTest, *, pull: float = PULL) -> LearnedWeights:
    """From the decisions to leave, or without them from silences. Raises `TooFewEvents` or `MissingPackages`."""
    observations, run = back_test.observations, back_test.runs[0]
    label, name = _label(back_test)
    seen = zip(observations.account.tolist(), observations.date.tolist(), strict=True)
    parts = np.stack([run.traces[account].parts[date] for account, date in seen]).astype(np.float64)
    names = [metric.name for metric in run.card.metrics]
    # What a metric takes from the score, in points; the last column is the cap, which has no weight to learn.
    factors = fit_factors(-parts, label, pull=pull)[: len(names)]
    taking = [index for index in range(len(names)) if parts[:, index].any()]
    mean = float(np.mean([factors[index] for index in taking])) if taking else 0.0
    if mean == 0.0:
        raise TooFewEvents("no metric of this card says anything of who leaves")
    found = {name: float(factors[index]) / mean if index in taking else 1.0 for index, name in enumerate(names)}
    return LearnedWeights(name, len(observations), int(label.sum()), found)


def _label(back_test: BackTest) -> tuple[Flags, str]:
    observations = back_test.observations
    for label, name in (
        (observations.decided, "the decision to leave within 28 days"),
        (observations.silent, "no activity in the next 28 days"),
    ):
        if label.sum() >= _FEWEST and (~label).sum() >= _FEWEST:
            return label, name
    raise TooFewEvents(f"fewer than {_FEWEST} observations before a decision, or before 28 days of silence")


def fit_factors(lost: Numbers, label: Flags, *, pull: float) -> Numbers:
    """Factors at least 0, by column: the odds of the label rise by them times the points that each column lost.

    Relative to one common factor for all columns, which is what the card as it is amounts to. Raises `MissingPackages`.
    """
    optimize = packages.load("scipy.optimize")
    whole = lost.sum(axis=1, keepdims=True)
    # Scores that rank backwards have no common factor above 0; the pull needs one.
    common = max(_minimize(optimize, whole, label, start=np.asarray([0.0, 0.05]), pull=0.0)[1], 1e-3)
    start = np.concatenate(([0.0], np.full(lost.shape[1], common)))
    found = _minimize(optimize, lost, label, start=start, pull=pull, common=common)
    return np.asarray(found[1:] / common)


def _minimize(
    optimize: Any, lost: Numbers, label: Flags, *, start: Numbers, pull: float, common: float = 1.0
) -> Numbers:
    def loss(parameters: Numbers) -> tuple[float, Numbers]:
        logit = parameters[0] + lost @ parameters[1:]
        chance = 1 / (1 + np.exp(-np.clip(logit, -500, 500)))
        off = parameters[1:] / common - 1
        likelihood = np.where(label, chance, 1 - chance).clip(_SMALLEST_CHANCE)
        error = chance - label
        gradient = np.concatenate(([error.sum()], lost.T @ error + 2 * pull * off / common))
        return float(-np.log(likelihood).sum() + pull * (off**2).sum()), gradient

    bounds: Sequence[tuple[float | None, float | None]] = [(None, None), *[(0.0, None)] * lost.shape[1]]
    found: Numbers = optimize.minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
    return found
