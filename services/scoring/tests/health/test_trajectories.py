"""Trajectories: segments one after the other say what `at` says, and derived flags are up as long as they should be."""

from collections.abc import Iterator, Sequence
from datetime import UTC
from math import inf, log, nextafter
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.health.card import Flag, When
from scoring.health.clock import WALL_CLOCK
from scoring.health.context import STAGES, UNKNOWN_CONTEXT, Context
from scoring.health.curve import Curve
from scoring.health.evaluation import evaluate
from scoring.health.flag import AccountFlag
from scoring.health.metrics.definition import Knots
from scoring.health.metrics.drifting import DriftingMetric
from scoring.health.metrics.metric import Metric, OtherMetrics
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.metrics.ratio.metric import RatioMetric
from scoring.health.moments import DAY
from scoring.health.scorer import Scorer
from scoring.health.trajectory import Piece, Trajectory
from support.examples import examples
from support.random_cases import RandomCase, played, random_cases

_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
_MOST_SEGMENTS = 40

# A segment: when it begins, the points then (None: there are none), the slope.
Segment = tuple[float, float | None, float]


def walked(lines: Sequence[Trajectory], begin: float) -> Iterator[Segment]:
    """The segments of the last of `lines`, each of which reads only those before it."""
    last = lines[-1]
    for line in lines:
        line.seek(begin)
    for _ in range(_MOST_SEGMENTS):
        yield begin, last.points if last.available else None, last.slope
        end = min(line.end for line in lines)
        if end == inf:
            return
        for line in lines:
            if line.end == end:
                # Each segment is told from where it begins.
                line.next_segment(end)
            elif line.available:
                line.points += line.slope * (end - begin)
        begin = end


def merged(segments: Iterator[Segment]) -> list[Segment]:
    """Without those that merely go on."""
    found: list[Segment] = []
    for begin, points, slope in segments:
        if found:
            since, before, rise = found[-1]
            goes_on = (
                before is None if points is None else before is not None and points == before + rise * (begin - since)
            )
            if goes_on and slope == rise:
                continue
        found.append((begin, points, slope))
    return found


def agrees(metric: Metric, segments: Sequence[Segment]) -> None:
    """At the beginning and in the middle of each segment, the points of the walk are those of `at`."""
    ends = [begin for begin, _, _ in segments[1:]] + [segments[-1][0] + 10.0]
    for (begin, points, slope), end in zip(segments, ends, strict=True):
        for tau in (begin, (begin + end) / 2):
            expected = None if points is None else pytest.approx(points + slope * (tau - begin), abs=1e-9)
            assert metric.at(tau) == expected


# --- Pieces -------------------------------------------------------------------------------------------------------


def of_pieces(*pieces: Piece) -> Metric:
    metric = Metric("followed", 0)
    metric.pieces = list(pieces)
    return metric


THREE: tuple[Piece, ...] = ((0.0, 90.0, -10.0), (8.0, 10.0, 5.0), (20.0, None, 0.0))


def test_pieces_follow_each_other() -> None:
    assert list(walked([of_pieces(*THREE)], 0.0)) == [*THREE]
    assert list(walked([of_pieces(*THREE)], 6.0)) == [(6.0, 30.0, -10.0), *THREE[1:]]
    assert list(walked([of_pieces(*THREE)], 99.0)) == [(99.0, None, 0.0)]


@pytest.mark.parametrize(
    ("tau", "points"), [(0.0, 90.0), (7.0, 20.0), (8.0, 10.0), (nextafter(20.0, 0.0), 70.0), (20.0, None), (1e9, None)]
)
def test_a_piece_begins_at_its_moment(tau: float, points: float | None) -> None:
    metric = of_pieces(*THREE)
    assert metric.at(tau) == (None if points is None else pytest.approx(points))
    metric.seek(tau)
    assert (metric.points if metric.available else None) == metric.at(tau)


def test_a_segment_may_be_told_from_an_earlier_moment() -> None:
    metric = of_pieces(*THREE)
    metric.seek(4.0)
    metric.next_segment(4.0)
    # 10 at 8, by 5 a second.
    assert (metric.points, metric.slope, metric.end) == (-10.0, 5.0, 20.0)


def test_without_pieces_there_are_no_points_ever() -> None:
    assert list(walked([of_pieces()], 5.0)) == [(5.0, None, 0.0)]


# --- Curves -------------------------------------------------------------------------------------------------------

TENT: Knots = ((1.0, 0.0), (2.0, 100.0), (4.0, 20.0))
LN2 = log(2.0)


def drifting(knots: Knots, *, logarithmic: bool, base: float, x: float, velocity: float) -> DriftingMetric:
    metric = DriftingMetric("drifting", 0, [Curve(knots, logarithmic=logarithmic) for _ in STAGES])
    metric.drift(UNKNOWN_CONTEXT, base, x, velocity)
    return metric


def test_a_curve_is_walked_down() -> None:
    """From 8, by a halving a second."""
    metric = drifting(TENT, logarithmic=True, base=0.0, x=3 * LN2, velocity=-LN2)
    expected = [(0.0, 20.0, 0.0), (1.0, 20.0, 80.0), (2.0, 100.0, -100.0), (3.0, 0.0, 0.0)]
    assert [pytest.approx(segment) for segment in walked([metric], 0.0)] == expected


def test_a_curve_is_walked_up() -> None:
    metric = drifting(TENT, logarithmic=False, base=0.0, x=0.0, velocity=1.0)
    assert list(walked([metric], 0.0)) == [(0.0, 0.0, 0.0), (1.0, 0.0, 100.0), (2.0, 100.0, -40.0), (4.0, 20.0, 0.0)]


@pytest.mark.parametrize(("x", "velocity"), [(3 * LN2, -LN2), (-1.0, 0.7)])
@pytest.mark.parametrize("begin", [0.0, 0.5, 1.0, 1.75, 2.0, 6.0])
def test_a_walk_along_a_curve_agrees_with_at(x: float, velocity: float, begin: float) -> None:
    metric = drifting(TENT, logarithmic=True, base=0.0, x=x, velocity=velocity)
    agrees(metric, list(walked([metric], begin)))


def test_the_value_of_nothing_stays_on_the_first_segment() -> None:
    metric = drifting(TENT, logarithmic=True, base=0.0, x=-inf, velocity=-LN2)
    assert list(walked([metric], 3.0)) == [(3.0, 0.0, 0.0)]


def test_half_lives_too_short_for_floats_are_walked_to_the_end() -> None:
    base = 1.7e9
    metric = drifting(TENT, logarithmic=True, base=base, x=3.0, velocity=-1e9)
    begin, points, slope = list(walked([metric], base))[-1]
    assert (begin, slope) == (base, 0.0)
    assert points == metric.at(nextafter(base, inf)) == 0.0


# --- Followers ----------------------------------------------------------------------------------------------------

BORN = Context(born=0.0, start=0.0, stage=0, stage_ends=inf, seats=None, zone=UTC, clock=WALL_CLOCK)


def follower(followed: Metric, bonus: float) -> RatioMetric:
    """It is quiet from the beginning."""
    definition = Ratio(
        name="follower",
        dimension="adoption",
        events=("bad",),
        denominator_events=("good",),
        half_life=7,
        quiet_follows="followed",
        quiet_bonus=bonus,
        curves={"default": TENT},
    )
    curves = [Curve(TENT, logarithmic=True) for _ in STAGES]
    metric = RatioMetric(definition, 1, curves, OtherMetrics({"followed": followed}, frozenset()))
    metric.project(BORN)
    return metric


def test_a_follower_is_cut_off_at_100() -> None:
    followed = of_pieces(*THREE)
    assert merged(walked([followed, follower(followed, 20.0)], 0.0)) == [
        (0.0, 100.0, 0.0),
        (1.0, 100.0, -10.0),
        (8.0, 30.0, 5.0),
        (20.0, None, 0.0),
    ]


def test_a_follower_is_cut_off_at_0() -> None:
    """Before it is quiet it has points of its own."""
    followed = of_pieces(*THREE)
    low = follower(followed, -40.0)
    low.has_value, low.steady, low.until, low.quiet_from = True, 50.0, 4.0, 4.0
    assert merged(walked([followed, low], 0.0)) == [
        (0.0, 50.0, 0.0),
        (4.0, 10.0, -10.0),
        (5.0, 0.0, 0.0),
        (14.0, 0.0, 5.0),
        (20.0, None, 0.0),
    ]


@pytest.mark.parametrize("bonus", [20.0, -40.0, 0.0, 100.0, -100.0])
@pytest.mark.parametrize("begin", [0.0, 0.5, 1.0, 5.0, 8.0, 13.9, 14.0, 20.0])
def test_a_walk_of_a_follower_agrees_with_at(bonus: float, begin: float) -> None:
    followed = of_pieces(*THREE)
    metric = follower(followed, bonus)
    agrees(metric, list(walked([followed, metric], begin)))


# --- Flags --------------------------------------------------------------------------------------------------------

CAP = 40.0
Op = Literal[">=", ">", "<=", "<"]
AFTER_12 = nextafter(12.0, inf)


def drift(*, x: float, velocity: float, until: float = inf) -> Metric:
    """The value is x at 10, and there is none any more at `until`."""
    metric = Metric("watched", 0)
    metric.has_value, metric.base, metric.x, metric.velocity, metric.until = True, 10.0, x, velocity, until
    return metric


def derived(watched: Metric, op: Op, bound: float, *, ttl: float | None = None) -> AccountFlag:
    """`bound` is in the terms of the watched metric's curve."""
    definition = Flag(name="derived", cap=CAP, ttl=ttl, when=When(metric="watched", op=op, value=bound))
    flag = AccountFlag(definition, 0, watched, bound)
    flag.project(UNKNOWN_CONTEXT)
    return flag


def rising(until: float = inf) -> Metric:
    return drift(x=0.0, velocity=2.0, until=until)


FALLING = drift(x=4.0, velocity=-2.0)
STILL = drift(x=4.0, velocity=0.0)
NOTHING = drift(x=-inf, velocity=-2.0)


@pytest.mark.parametrize(
    ("watched", "op", "bound", "up"),
    [
        (rising(), ">=", 4.0, (12.0, inf)),
        (rising(), ">", 4.0, (AFTER_12, inf)),  # not at the very moment
        (rising(), "<", 4.0, (10.0, 12.0)),
        (rising(), "<=", 4.0, (10.0, AFTER_12)),
        (rising(), ">=", -1.0, (10.0, inf)),  # crossed before there was a value
        (rising(), "<", -1.0, None),
        (rising(), ">", 0.0, (nextafter(10.0, inf), inf)),
        (FALLING, "<=", 0.0, (12.0, inf)),
        (FALLING, "<", 0.0, (AFTER_12, inf)),
        (FALLING, ">", 0.0, (10.0, 12.0)),
        (FALLING, ">=", 0.0, (10.0, AFTER_12)),
        (FALLING, "<", -inf, None),  # the logarithm of nothing is never reached
        (FALLING, ">=", -inf, (10.0, inf)),
        (STILL, ">=", 4.0, (10.0, inf)),
        (STILL, ">", 4.0, None),
        (STILL, "<=", 4.0, (10.0, inf)),
        (STILL, "<", 4.5, (10.0, inf)),
        (NOTHING, "<=", -inf, (10.0, inf)),
        (NOTHING, "<", 0.0, (10.0, inf)),
        (NOTHING, ">", 0.0, None),
        (rising(until=11.0), ">=", 4.0, None),  # there is no value any more
        (rising(until=13.0), ">=", 4.0, (12.0, 13.0)),
        (rising(until=11.0), "<", 4.0, (10.0, 11.0)),
    ],
)
def test_a_derived_flag_is_up_while_the_value_is_on_its_side(
    watched: Metric, op: Op, bound: float, up: tuple[float, float] | None
) -> None:
    flag = derived(watched, op, bound)
    if up is None:
        assert list(walked([flag], 10.0)) == [(10.0, None, 0.0)]
        return
    since, until = up
    assert (flag.at(nextafter(since, -inf)), flag.at(since)) == (None, CAP)
    last = min(nextafter(until, -inf), 1e9)
    assert (flag.at(last), flag.at(until) if until < inf else None) == (CAP, None)
    before = [] if since == 10.0 else [(10.0, None, 0.0)]
    after = [] if until == inf else [(until, None, 0.0)]
    assert list(walked([flag], 10.0)) == [*before, (since, CAP, 0.0), *after]


@pytest.mark.parametrize(("until", "end"), [(inf, 12.0 + DAY), (500.0, 500.0), (2 * DAY, 12.0 + DAY)])
def test_a_cap_rises_until_the_flag_is_too_old_or_its_reason_is_gone(until: float, end: float) -> None:
    flag = derived(rising(until), ">=", 4.0, ttl=1.0)
    assert list(walked([flag], 10.0)) == [(10.0, None, 0.0), (12.0, CAP, (100.0 - CAP) / DAY), (end, None, 0.0)]


# --- Of random accounts -------------------------------------------------------------------------------------------


@settings(_RELAXED, max_examples=examples(400))
@given(random_cases(), st.sampled_from([0.0, 0.3, 20.0, 1e4, 3e6]))
def test_a_walk_along_everything_agrees_with_at(case: RandomCase, age: float) -> None:
    account, _ = played(Scorer(case.card, "card"), case.moments)
    begin = origin = account.clock + age
    evaluate(account, origin)
    for _ in range(_MOST_SEGMENTS):
        end = min(line.end for line in account.trajectories)
        for tau in inside(begin, end):
            for line in account.trajectories:
                points = line.at(tau)
                assert line.available == (points is not None), (line.name, tau)
                # A float of seconds since 1970 holds 2.4e-7 of one.
                if points is not None:
                    walk = line.points + line.slope * (tau - origin)
                    assert abs(walk - points) <= 1e-6 * (1.0 + abs(line.slope)), (line.name, tau)
        if end == inf:
            return
        for line in account.trajectories:
            if line.end == end:
                line.next_segment(origin)
        begin = end


def inside(begin: float, end: float) -> Iterator[float]:
    """Not where one segment ends: rounding may put that moment into either."""
    if end == inf:
        yield from (begin + age for age in (1e-3, 1.0, 1e5, 1e9))
    elif end - begin > 1e-3:
        yield from (begin + 1e-4, (begin + end) / 2, end - 1e-4)
