"""Intervals by bootstrap: accounts are drawn with replacement, each with all of its observations and alerts."""

from collections.abc import Callable
from math import nan

import numpy as np
from msgspec import Struct

from scoring.backtest.measuring.population import Numbers

SAMPLES = 200
_LOW, _HIGH = 0.025, 0.975


class Estimate(Struct, frozen=True):
    """A figure with its 95 % interval. Not-a-number if the recording has nothing to count it by."""

    value: float
    low: float = nan
    high: float = nan

    @property
    def margin(self) -> float:
        return (self.high - self.low) / 2


NOTHING = Estimate(nan)


class Bootstrap:
    """The same samples for every figure, so that figures of one table can be compared."""

    def __init__(self, accounts: int, *, seed: int, samples: int = SAMPLES) -> None:
        chance = np.random.default_rng(seed)
        self._everybody = np.ones(accounts)
        self._samples = [
            np.bincount(chance.integers(0, accounts, accounts), minlength=accounts).astype(np.uint16)
            for _ in range(samples if accounts else 0)
        ]

    def estimate(self, figure: Callable[[Numbers], float]) -> Estimate:
        """`figure` computes from how often each account counts."""
        value = figure(self._everybody)
        if value != value:
            return NOTHING
        found = [figure(sample.astype(np.float64)) for sample in self._samples]
        known = [each for each in found if each == each]
        if not known:
            return Estimate(value)
        low, high = np.quantile(known, (_LOW, _HIGH))
        return Estimate(value, float(low), float(high))
