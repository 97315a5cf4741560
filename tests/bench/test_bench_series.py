"""What the bench says of a series of figures."""

import pytest

from bench.rounds import Measured, order
from bench.series import Spread, percentile, regained, slope, spread


def test_the_spread_is_the_middle_and_both_ends() -> None:
    assert spread([3.0, 1.0, 9.0]) == Spread(3.0, 1.0, 9.0)


def test_no_figure_is_no_spread() -> None:
    with pytest.raises(ValueError, match="no figure was taken"):
        spread([])
    with pytest.raises(ValueError, match="no figure was taken"):
        percentile([], 0.5)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, 1.0),
        (0.5, 50.0),
        (0.99, 99.0),  # one in a hundred is worse
        (0.991, 100.0),
        (1.0, 100.0),
    ],
)
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], share) == expected


def test_the_slope_is_the_growth_for_each_unit() -> None:
    assert slope([0.0, 1.0, 2.0], [5.0, 7.0, 9.0]) == pytest.approx(2.0)


def test_full_speed_is_back_where_a_whole_window_of_it_begins() -> None:
    # Ten a second, nothing for three seconds, half speed for two, ten again from the fifth second on.
    moments = [n / 2 for n in range(15)]
    done = [0.0] * 7 + [2.5, 5.0, 7.5, 10.0, 15.0, 20.0, 25.0, 30.0]
    assert regained(moments, done, speed=9.0, window=1.0) == 5.0


def test_a_burst_shorter_than_the_window_is_not_full_speed() -> None:
    assert regained([0.0, 0.5, 1.0, 1.5, 2.0], [0.0, 0.0, 5.0, 5.0, 5.0], speed=9.0, window=1.0) is None


def test_everybody_is_first_once_in_a_while() -> None:
    names = ["a", "b", "c"]
    assert [order(names, number)[0] for number in range(4)] == ["a", "b", "c", "a"]
    assert sorted(order(names, 2)) == names


def test_cpu_is_told_for_a_hundred_thousand_events() -> None:
    measured = Measured(events=50_000, seconds=2.0, cpu=1.5)
    assert (measured.rate, measured.cpu_per_100k) == (25_000.0, 3.0)
