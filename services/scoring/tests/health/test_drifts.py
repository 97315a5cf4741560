"""When a drifting value is on one side of a bound: the edges, exactly."""

from math import inf, nextafter

import pytest

from scoring.core.curve import Curve, Drift
from scoring.core.path import Along, Spliced, of_pieces
from scoring.health.kinds import Knots as Points

RISING = Drift(base=10.0, x=0.0, velocity=2.0)
FALLING = Drift(base=10.0, x=4.0, velocity=-2.0)
STILL = Drift(base=10.0, x=4.0)
NOTHING = Drift(base=10.0, x=-inf, velocity=-2.0)
AFTER_12 = nextafter(12.0, inf)


@pytest.mark.parametrize(
    ("drift", "op", "bound", "held"),
    [
        (RISING, ">=", 4.0, (12.0, inf)),
        (RISING, ">", 4.0, (AFTER_12, inf)),  # not at the very moment
        (RISING, "<", 4.0, (10.0, 12.0)),
        (RISING, "<=", 4.0, (10.0, AFTER_12)),
        (RISING, ">=", -1.0, (10.0, inf)),  # crossed before anybody looked
        (RISING, "<", -1.0, None),
        (RISING, ">", 0.0, (nextafter(10.0, inf), inf)),
        (FALLING, "<=", 0.0, (12.0, inf)),
        (FALLING, "<", 0.0, (AFTER_12, inf)),
        (FALLING, ">", 0.0, (10.0, 12.0)),
        (FALLING, ">=", 0.0, (10.0, AFTER_12)),
        (FALLING, "<", -inf, None),  # log2 of nothing: never reached
        (FALLING, ">=", -inf, (10.0, inf)),
        (STILL, ">=", 4.0, (10.0, inf)),
        (STILL, ">", 4.0, None),
        (STILL, "<=", 4.0, (10.0, inf)),
        (STILL, "<", 4.5, (10.0, inf)),
        (NOTHING, "<=", -inf, (10.0, inf)),
        (NOTHING, "<", 0.0, (10.0, inf)),
        (NOTHING, ">", 0.0, None),
        (RISING._replace(until=11.0), ">=", 4.0, None),  # there is no value any more
        (RISING._replace(until=13.0), ">=", 4.0, (12.0, 13.0)),
        (RISING._replace(until=11.0), "<", 4.0, (10.0, 11.0)),
    ],
)
def test_a_drift_holds_a_comparison_for_a_while(
    drift: Drift, op: str, bound: float, held: tuple[float, float] | None
) -> None:
    assert drift.holds(op, bound) == held


TENT: Points = ((1.0, 0.0), (2.0, 100.0), (4.0, 20.0))


def test_a_tent_is_walked_both_ways() -> None:
    down = Along(Curve(TENT, logarithmic=True), Drift(base=0.0, x=3.0, velocity=-1.0))
    assert tuple(down.lines) == ([0.0, 1.0, 2.0, 3.0], [20.0, 20.0, 100.0, 0.0], [0, 80, -100, 0])
    up = Along(Curve(TENT, logarithmic=False), Drift(base=0.0, x=0.0, velocity=1.0))
    assert tuple(up.lines) == ([0.0, 1.0, 2.0, 4.0], [0.0, 0.0, 100.0, 20.0], [0, 100, -40, 0])


def test_half_lives_too_short_for_floats_leave_a_path_in_order() -> None:
    path = Along(Curve(TENT, logarithmic=True), Drift(base=1.7e9, x=3.0, velocity=-1e9))
    assert path.lines.starts == [1.7e9]
    assert path.lines.points == [0.0]


def test_a_follower_is_cut_where_it_would_leave_0_to_100() -> None:
    tail = of_pieces([(0.0, 90.0, -10.0), (8.0, 10.0, 5.0), (20.0, None, 0.0)])
    path = Spliced([], tail=tail, start=0.0, bonus=20.0, drift=None)
    assert list(zip(*path.lines, strict=True)) == [
        (0.0, 100.0, 0.0),
        (1.0, 100.0, -10.0),
        (8.0, 30.0, 5.0),
        (20.0, None, 0.0),
    ]
    low = Spliced([(-5.0, 50.0, 0.0)], tail=tail, start=4.0, bonus=-40.0, drift=None)
    assert list(zip(*low.lines, strict=True)) == [
        (-5.0, 50.0, 0.0),
        (4.0, 10.0, -10.0),
        (5.0, 0.0, 0.0),
        (8.0, 0.0, 0.0),
        (14.0, 0.0, 5.0),
        (20.0, None, 0.0),
    ]
