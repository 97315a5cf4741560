"""Curves from percentiles: what is usual in this company, metric by metric."""

from collections.abc import Iterator, Sequence
from math import floor, log10

import numpy as np
from msgspec import Struct

from scoring.backtest.errors import TooFewEvents
from scoring.backtest.measuring.population import Numbers, is_activity, observe, populate
from scoring.backtest.recordings.recording import Recording
from scoring.backtest.runs.card_runs import CardsRequest, run_cards
from scoring.backtest.runs.pool import Progress
from scoring.backtest.runs.trace import RunPlan
from scoring.health import Card
from scoring.health.metrics.definition import DEFAULT, CurvedDefinition, Knots, MetricDefinition
from scoring.health.metrics.gauge.definition import Gauge

SHOWN = (5, 25, 50, 75, 90, 95, 99)
# (percentile, points). A rising curve stays open at the top: where it is flat, nobody can be told from anybody.
RISING = ((5, 0), (25, 50), (50, 75), (90, 100))
FALLING = ((50, 100), (90, 50), (99, 0))
_FEWEST = 50


class CurveProposal(Struct, frozen=True):
    """`percentiles` are those of SHOWN; `knots` are None if the curve is better left alone, and `why` says why."""

    metric: str
    key: str
    looks: int
    percentiles: tuple[float, ...]
    knots: Knots | None
    why: str


def propose_curves(
    card: Card,
    recording: Recording,
    *,
    processes: int | None = None,
    progress: Progress = lambda done, total: None,
) -> list[CurveProposal]:
    """From the values of accounts that were not yet silent, every 7 days from day 14 on, of every metric with a curve.

    Raises `TooFewEvents` if there is no such day.
    """
    plan = RunPlan(recording.first_day, recording.last_date + 1, recording.end, values=True)
    traced = run_cards(CardsRequest((card,), plan), recording.accounts, processes=processes, progress=progress)
    looks = observe(populate(recording, [name for name in recording.names if is_activity(name)]))
    if not len(looks):
        raise TooFewEvents("no account was active for 14 days before a day whose next 28 are recorded")
    seen = zip(looks.account.tolist(), looks.date.tolist(), strict=True)
    values = np.stack([traced[account][0].values[date] for account, date in seen]).astype(np.float64)
    return [
        _propose(metric, values[:, index])
        for index, metric in enumerate(card.metrics)
        if isinstance(metric, CurvedDefinition)
    ]


def _propose(metric: CurvedDefinition, values: Numbers) -> CurveProposal:
    known = values[~np.isnan(values)]
    key = "curve_per_week" if getattr(metric, "per_week", False) else "curve"
    percentiles = tuple(_rounded(float(each)) for each in np.percentile(known, SHOWN)) if len(known) else ()
    knots, why = _knots(metric, known)
    return CurveProposal(metric.name, key, len(known), percentiles, knots, why)


def _knots(metric: CurvedDefinition, known: Numbers) -> tuple[Knots | None, str]:
    """The proposed knots, or None and why there are none."""
    if isinstance(metric, Gauge):
        return None, "an answer has a scale of its own"
    if len(known) < _FEWEST:
        return None, f"{len(known)} values are too few"
    points = [each for _, each in metric.curves[DEFAULT]]
    if points != sorted(points) and points != sorted(points, reverse=True):
        return None, "it rises and falls: only people know where it should"
    shape = RISING if points[-1] > points[0] else FALLING
    knots = list(_ascending(shape, known, above_zero=metric.logarithmic))
    if len(knots) < 2:
        return None, "nearly all values are the same"
    return tuple(knots), ""


def _ascending(shape: Sequence[tuple[int, int]], known: Numbers, *, above_zero: bool) -> Iterator[tuple[float, float]]:
    """Without the values that are not above the one before. A curve over a logarithm has no place for 0."""
    last = 0.0 if above_zero else -np.inf
    for percentile, points in shape:
        value = _rounded(float(np.percentile(known, percentile)))
        if value > last:
            last = value
            yield value, float(points)


def _rounded(value: float) -> float:
    """To two significant digits: a percentile of a company is no more exact."""
    return 0.0 if value == 0 else round(value, 1 - floor(log10(abs(value))))


def describe(proposals: Sequence[CurveProposal], card: Card) -> Iterator[str]:
    """A part of a card, in YAML, with the percentiles as comments."""
    by_name: dict[str, MetricDefinition] = {metric.name: metric for metric in card.metrics}
    yield "# Curves by the percentiles of accounts that were not yet silent, every 7 days. Nothing was changed:"
    yield "# take what fits, and compare it with `python -m scoring backtest --card NEW --against OLD`."
    yield "metrics:"
    for each in proposals:
        definition = by_name[each.metric]
        yield f"  {each.metric}:"
        shown = ", ".join(f"{at} %: {value:g}" for at, value in zip(SHOWN, each.percentiles, strict=False))
        yield f"    # {each.looks:,} looks. {shown or 'no value'}"
        if isinstance(definition, CurvedDefinition):
            yield f"    # now: {_flow(definition.curves[DEFAULT])}"
        yield f"    {each.key}: {_flow(each.knots)}" if each.knots else f"    # left as it is: {each.why}"


def _flow(knots: Knots) -> str:
    return "[" + ", ".join(f"[{value:g}, {points:g}]" for value, points in knots) + "]"
