"""What a KPI is, and what it says of a span and the accounts that a filter selects."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from msgspec import Struct

from scoring.kpis.entry_log import Flags, Floats
from scoring.kpis.span_figures import Answers, Decisions, SpanFigures


class Unit(StrEnum):
    """What a value is in."""

    # 0 to 1, or more where a customer may grow.
    SHARE = "share"
    DAYS = "days"
    # A year's revenue, or a sum of revenue, in the deployment's only currency.
    MONEY = "money"
    # 0 to 100.
    POINTS = "points"
    # -100 to 100.
    NPS = "nps"
    COUNT = "count"
    # What the scorecard's metric counts.
    METRIC = "metric"


class Figure(Struct, frozen=True):
    """The value, None where there is nothing to compute it from.

    Of a share: `part` of `whole`. Of a mean or a median: over how many (`whole`).
    """

    value: float | None
    part: float | None = None
    whole: float | None = None


Compute = Callable[[SpanFigures, Flags], Figure]
"""`chosen` says of each account whether the filter selects it."""


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """`formula` and `source` are for people; `number` is that of the list in docs/kpis.md, None for one beside it."""

    name: str
    title: str
    number: int | None
    stage: str
    unit: Unit
    formula: str
    source: str
    compute: Compute


def share(part: float, whole: float) -> Figure:
    return Figure(part / whole if whole else None, float(part), float(whole))


def share_of(part: Flags, whole: Flags) -> Figure:
    return share(int(np.count_nonzero(part & whole)), int(np.count_nonzero(whole)))


def total(amounts: Floats) -> Figure:
    return Figure(float(np.nansum(amounts)))


def mean(values: Floats) -> Figure:
    known = values[~np.isnan(values)]
    return Figure(float(known.mean()) if len(known) else None, None, len(known))


def median(values: Floats) -> Figure:
    known = values[~np.isnan(values)]
    return Figure(float(np.median(known)) if len(known) else None, None, len(known))


def chosen_decisions(decisions: Decisions, chosen: Flags) -> Decisions:
    return decisions.where(chosen[decisions.account])


def chosen_scores(answers: Answers, chosen: Flags) -> Floats:
    return answers.score[chosen[answers.account]]
