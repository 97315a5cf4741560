"""How well a score ranks: counted by hand, and against every pair."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.backtest.measuring.auc import RankedPairs
from scoring.backtest.measuring.bootstrap import Bootstrap

ONCE = np.ones(10)


def pairs(rows: list[tuple[float, bool, int, int]], *, within: bool = False) -> RankedPairs:
    """Rows are risk, label, account, date."""
    risk, label, account, date = (np.asarray(column) for column in zip(*rows, strict=True))
    return RankedPairs(risk.astype(float), label.astype(bool), account, date=date if within else None)


def test_a_pair_counts_one_if_the_leaver_is_at_more_risk_and_half_if_they_are_level() -> None:
    rows = [(0.9, True, 0, 14), (0.4, True, 1, 14), (0.4, False, 2, 14), (0.1, False, 3, 14)]

    # Of four pairs three are right, and one is level.
    assert pairs(rows).auc(ONCE) == 3.5 / 4


def test_within_a_date_other_dates_are_not_compared() -> None:
    """Everybody is at more risk on the second date, when most leave: the calendar alone looks like skill."""
    rows = [
        (0.1, False, 0, 14), (0.2, False, 1, 14), (0.1, True, 2, 14),
        (0.8, True, 0, 21), (0.9, False, 1, 21), (0.8, True, 2, 21),
    ]  # fmt: skip

    # Pooled, 9 pairs: each of the two leavers of the second date beats the two of the first date and loses one; the
    # leaver of the first date is level with one, and loses two.
    assert pairs(rows).auc(ONCE) == pytest.approx(4.5 / 9)
    # Within a date, 4 pairs: one is level, one lost; two lost.
    assert pairs(rows, within=True).auc(ONCE) == pytest.approx(0.5 / 4)


def test_an_account_counts_as_often_as_it_is_drawn() -> None:
    rows = [(0.9, True, 0, 14), (0.4, True, 1, 14), (0.5, False, 2, 14)]

    assert pairs(rows).auc(np.asarray([1.0, 1.0, 1.0])) == 0.5
    assert pairs(rows).auc(np.asarray([3.0, 1.0, 2.0])) == 6 / 8
    assert pairs(rows).auc(np.asarray([0.0, 1.0, 1.0])) == 0.0


def test_without_a_pair_there_is_no_area() -> None:
    assert isnan(pairs([(0.9, True, 0, 14), (0.4, True, 1, 14)]).auc(ONCE))
    assert isnan(pairs([(0.9, True, 0, 14), (0.4, False, 1, 21)], within=True).auc(ONCE))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.booleans(), st.integers(0, 9), st.sampled_from([14, 21])),
        min_size=1,
        max_size=25,
    ),
    st.lists(st.integers(0, 3), min_size=10, max_size=10),
    st.booleans(),
)
def test_the_area_is_that_of_every_pair(
    rows: list[tuple[float, bool, int, int]], drawn: list[int], within: bool
) -> None:
    won, compared = 0.0, 0.0
    for risk, label, account, date in rows:
        for other_risk, other_label, other_account, other_date in rows:
            if label and not other_label and (date == other_date or not within):
                weight = drawn[account] * drawn[other_account]
                won += weight * (1.0 if risk > other_risk else 0.5 if risk == other_risk else 0.0)
                compared += weight

    area = pairs(rows, within=within).auc(np.asarray(drawn, dtype=float))

    assert isnan(area) if compared == 0 else area == pytest.approx(won / compared)


def test_an_interval_draws_accounts_with_all_that_is_theirs() -> None:
    """Two accounts: a sample has both, or one of them twice. The mean of 0 and 1 is then 0, .5 or 1."""
    values = np.asarray([0.0, 1.0])
    bootstrap = Bootstrap(2, seed=7, samples=400)

    estimate = bootstrap.estimate(lambda weights: float((weights * values).sum() / weights.sum()))

    assert (estimate.value, estimate.low, estimate.high) == (0.5, 0.0, 1.0)
    assert bootstrap.estimate(lambda weights: float("nan")).value != bootstrap.estimate(lambda weights: 1.0).value


def test_an_interval_covers_what_it_should() -> None:
    """The share of ones among 400 of 1,000 accounts: the normal interval is .4 plus or minus .030."""
    values = np.asarray([1.0] * 400 + [0.0] * 600)

    estimate = Bootstrap(1000, seed=1, samples=500).estimate(
        lambda weights: float((weights * values).sum() / weights.sum())
    )

    assert estimate.value == 0.4
    assert estimate.low == pytest.approx(0.370, abs=0.006)
    assert estimate.high == pytest.approx(0.430, abs=0.006)
