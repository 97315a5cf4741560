"""The area under the ROC curve: how often an account that leaves is ranked worse than one that stays.

Pooled, all observations are compared with each other. Within a date, only those of the same date: a score that knows
nothing but the calendar is at .5 there.
"""

from math import nan

import numpy as np

from scoring.backtest.measuring.population import Flags, Indexes, Numbers


class RankedPairs:
    """All pairs of one observation with the label and one without, ready to be counted with any weights of accounts.

    Pairs of equal risk count half. With `date`, only pairs of one date count.
    """

    def __init__(self, risk: Numbers, label: Flags, account: Indexes, *, date: Indexes | None = None) -> None:
        group = np.zeros(len(risk), dtype=np.int64) if date is None else np.unique(date, return_inverse=True)[1]
        order = np.lexsort((risk, group))
        risk, group = risk[order], group[order]
        # Observations of one group and risk share a place.
        fresh = np.ones(len(risk), dtype=bool)
        fresh[1:] = (risk[1:] != risk[:-1]) | (group[1:] != group[:-1])
        self._place = np.cumsum(fresh) - 1
        self._group = group[fresh]
        self._first_place = np.searchsorted(self._group, self._group)
        self._places, self._groups = int(fresh.sum()), int(group[-1]) + 1 if len(group) else 0
        self._label, self._account = label[order], account[order]

    def auc(self, weights: Numbers) -> float:
        """`weights` is how often each account counts. Not-a-number if there is no pair."""
        weight = weights[self._account]
        with_label = np.bincount(self._place, weight * self._label, self._places)
        without = np.bincount(self._place, weight * ~self._label, self._places)
        before = np.concatenate(([0.0], np.cumsum(without)))
        better = before[:-1] - before[self._first_place]
        won = float((with_label * (better + without / 2)).sum())
        by_group = [np.bincount(self._group, each, self._groups) for each in (with_label, without)]
        pairs = float((by_group[0] * by_group[1]).sum())
        return won / pairs if pairs > 0 else nan
