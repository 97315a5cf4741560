"""Whom a score alerts with a budget, and what that was worth: counted by hand, and against the plainest program."""

from math import inf, nan
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.backtest.measuring.alerts import GivenAlerts, by_line, by_order, by_signals, spread
from scoring.backtest.measuring.bootstrap import Bootstrap
from scoring.backtest.measuring.early import measure_alerts
from scoring.backtest.measuring.population import Numbers, Population

DATES = 70


def population(*confirmed: float, born: int = 0, last_date: int = DATES) -> Population:
    accounts = len(confirmed)
    return Population(
        account_ids=tuple(f"account-{number}" for number in range(accounts)),
        counts=np.zeros((accounts, last_date), dtype=np.float32),
        born=np.full(accounts, born),
        decided=np.full(accounts, inf),
        confirmed=np.asarray(confirmed, dtype=float),
        first_date=14,
        last_date=last_date,
    )


def scores(*by_account: "list[tuple[int, float]]", last_date: int = DATES) -> Numbers:
    """Each account has a value from a date on, until the next."""
    found = np.full((len(by_account), last_date + 1), nan)
    for account, steps in enumerate(by_account):
        for date, value in steps:
            found[account, date:] = value
    return found


def told(alerts: GivenAlerts) -> list[tuple[int, float]]:
    return list(zip(alerts.account.tolist(), alerts.at.tolist(), strict=True))


def test_a_budget_is_earned_by_the_day_and_kept_for_a_week() -> None:
    """Ten accounts at 10 per 100 and week: one alert a week. The worst is told when the first one is earned."""
    everybody = population(*[inf] * 10)
    score = scores(*[[(1, 50.0 + number)] for number in range(10)])

    alerts = by_order(score, everybody, 10)

    # The first seven days from date 14 on bring one; afterwards one every seventh day. Nobody recovers, but the sixth
    # is among the better half.
    assert told(alerts) == [(number, 20 + 7 * number) for number in range(6)] + [(5, 62), (5, 69)]


def test_the_order_is_the_score_and_twice_its_change_over_14_days() -> None:
    """On date 20 one is at 40 since ever, the other fell from 80 to 60: 60 + 2 x -20 = 20 is worse."""
    score = scores([(1, 40.0)], [(1, 80.0), (16, 60.0)], *[[(1, 90.0)]] * 8)

    alerts = by_order(score, population(*[inf] * 10), 10)

    assert told(alerts)[:2] == [(1, 20.0), (0, 27.0)]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(1, 10.0)], [20.0]),
        ([(1, 10.0), (30, 90.0), (35, 10.0)], [20.0, 41.0]),
        # One account of ten is some 85 points below the others: half a standard deviation is 13 points.
        ([(1, 10.0), (30, 20.0), (35, 10.0)], [20.0]),
        ([(1, 10.0), (30, 25.0), (35, 10.0)], [20.0, 34.0]),
    ],
)
def test_an_account_is_told_again_only_after_a_recovery(steps: list[tuple[int, float]], expected: list[float]) -> None:
    score = scores(steps, *[[(1, 95.0)]] * 9)

    alerts = by_order(score, population(*[inf] * 10), 10)

    assert 12 < spread(score, population(*[inf] * 10)) / 2 < 14
    assert [at for account, at in told(alerts) if account == 0] == expected


def test_a_budget_that_reaches_accounts_that_are_well_does_not_use_them_up() -> None:
    """Two accounts and an alert a day: both are told while they are well. Then the better one falls."""
    score = scores([(1, 90.0), (40, 10.0)], [(1, 80.0)])

    alerts = told(by_order(score, population(inf, inf), 350))

    assert [at for account, at in alerts if account == 0 and at >= 40] == [40.0]
    # The other one is in the worse half until then, and never better than when it was told.
    assert [at for account, at in alerts if account == 1 and at < 40] == [14.0]


def test_who_has_left_is_not_told() -> None:
    score = scores([(1, 10.0)], *[[(1, 90.0 + number)] for number in range(9)])

    alerts = by_order(score, population(20.0, *[inf] * 9), 10)

    # Nine accounts left by then: the first alert is earned on the eighth day.
    assert told(alerts)[0] == (1, 21.0)


@settings(deadline=None)
@given(
    st.integers(2, 6),
    st.lists(st.sampled_from([0.0, 10.0, 20.0, 50.0, 100.0]), min_size=6 * 29, max_size=6 * 29),
    st.lists(st.sampled_from([inf, 20.0, 24.5]), min_size=6, max_size=6),
    st.sampled_from([10.0, 40.0, 100.0, 300.0]),
)
def test_the_order_is_that_of_the_plainest_program(
    accounts: int, values: list[float], confirmed: list[float], rate: float
) -> None:
    last = 28
    everybody = population(*confirmed[:accounts], last_date=last)
    score = np.asarray(values[: accounts * (last + 1)]).reshape(accounts, last + 1)
    known = [score[one, date] for date in range(14, last + 1) for one in range(accounts) if date < confirmed[one]]
    margin = float(np.std(known)) / 2 if known else 0.0
    expected, told_at, left = [], dict[int, float](), 0.0
    for date in range(14, last + 1):
        there = [one for one in range(accounts) if date < confirmed[one]]
        daily = rate / 100 / 7 * len(there)
        left = min(left, 7 * daily) + daily
        for one in list(told_at):
            if score[one, date] >= told_at[one] + margin or (there and score[one, date] >= median(score[there, date])):
                del told_at[one]
        worst = sorted((3 * score[one, date] - 2 * score[one, date - 14], one) for one in there if one not in told_at)
        for _, one in worst[: int(left + 1e-9)]:
            expected.append((one, float(date)))
            if score[one, date] < median(score[there, date]):
                told_at[one] = score[one, date]
        left -= len(worst[: int(left + 1e-9)])

    assert told(by_order(score, everybody, rate)) == expected


def test_a_line_tells_who_falls_below_it_and_not_who_was_there_when_first_seen() -> None:
    score = scores([(1, 90.0), (20, 40.0)], [(1, 40.0)], [(1, 90.0), (20, 40.0), (25, 90.0), (30, 40.0)])

    alerts = by_line(score, population(inf, inf, inf), 50)

    assert told(alerts) == [(0, 20.0), (2, 20.0), (2, 30.0)]


def test_signals_count_as_they_come_until_the_budget_is_spent() -> None:
    everybody = population(*[inf] * 9, 30.0)
    account, at = [3, 5, 0, 4, 9, 9], [22.0, 20.5, 3.0, 21.5, 28.5, 31.0]

    assert told(by_signals(account, at, everybody, None)) == [(5, 20.5), (4, 21.5), (3, 22.0), (9, 28.5)]
    # One a week: the second has to wait, and is not told later.
    assert told(by_signals(account, at, everybody, 10)) == [(5, 20.5), (9, 28.5)]


def test_what_alerts_were_worth_by_hand() -> None:
    """Churns: 0 and 1 on date 60, 2 on date 40, 3 on date 20 (too early to be alerted in time). 4 and 5 stay."""
    everybody = population(60.0, 60.0, 40.0, 20.0, inf, inf)
    alerts = GivenAlerts(
        account=np.asarray([0, 1, 2, 2, 4, 4, 5]),
        at=np.asarray([20.0, 50.0, 14.0, 30.0, 14.0, 15.0, 14.0]),
    )

    found = measure_alerts(alerts, everybody, Bootstrap(6, seed=1, samples=0))

    # Three churns count. 0 was told 40 days ahead, 2 was 26 days ahead; 1 only 10 days ahead.
    assert found.early_recall.value == found.timely_recall.value == pytest.approx(2 / 3)
    # Seven alerts for five accounts.
    assert found.repeats.value == pytest.approx(2 / 5)
    # Right: those of 0, 1 and both of 2. The three of those who stay: 56 days after date 14 are over on date 70, the
    # last one; those of the alert on day 15 are not, so it is left out.
    assert found.precision.value == pytest.approx(4 / 6)
    # 40, 10 and 26 days ahead.
    assert found.lead_days.value == 26
    # Weeks of presence: 46 and 46, 26, 6, 57 and 57 days.
    assert found.per_week == pytest.approx(100 * 7 / ((46 + 46 + 26 + 6 + 57 + 57) / 7))


def test_an_alert_of_more_than_56_days_before_was_about_something_else() -> None:
    everybody = population(75.0, last_date=100)
    alerts = GivenAlerts(account=np.asarray([0]), at=np.asarray([18.0]))

    found = measure_alerts(alerts, everybody, Bootstrap(1, seed=1, samples=0))

    assert (found.early_recall.value, found.timely_recall.value, found.precision.value) == (1, 0, 0)


def test_without_churns_and_alerts_nothing_is_claimed() -> None:
    nothing = GivenAlerts(account=np.empty(0, dtype=np.int64), at=np.empty(0))

    found = measure_alerts(nothing, population(inf), Bootstrap(1, seed=1, samples=10))

    assert found.per_week == 0
    for each in (found.early_recall, found.timely_recall, found.repeats, found.precision, found.lead_days):
        assert each.value != each.value
