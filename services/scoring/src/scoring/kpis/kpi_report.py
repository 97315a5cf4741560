"""KPIs of one span over the accounts that filters select: all in one, or by tier, stage, owner, segment or cohort."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np
from msgspec import Struct

from scoring.kpis.entry_log import SCORED_STAGE, Flags
from scoring.kpis.kpi import Figure, Kpi
from scoring.kpis.labels import Labels, tier_labels
from scoring.kpis.span_figures import SpanFigures

NO_VALUE = "(none)"
"""The name of the group of accounts that have no value."""


class Grouping(StrEnum):
    """What accounts are told apart by, as they are at the end of the span. A cohort is the month of the start."""

    TIER = "tier"
    STAGE = "stage"
    OWNER = "owner"
    SEGMENT = "segment"
    COHORT = "cohort"


Filters = Mapping[Grouping, Sequence[str]]
"""An account passes if it has any of the values of every grouping that is named."""


class GroupFigures(Struct, frozen=True):
    """`accounts` is how many accounts the group has, customers or not. `figures` are by the names of the KPIs."""

    group: str | None
    accounts: int
    figures: dict[str, Figure]


def report(
    span: SpanFigures, kpis: Sequence[Kpi], *, filters: Filters, by: Grouping | None, most_groups: int
) -> tuple[list[GroupFigures], bool]:
    """One group for all, or the largest groups first, and whether there are more.

    Only accounts that ever had a contract count.
    """
    chosen = ~np.isnan(span.view.start_days)
    for grouping, values in filters.items():
        if values:
            names, number = _labels_of(grouping, span)
            chosen &= np.array([name in values for name in names])[number]
    if by is None:
        return [_figures(span, kpis, None, chosen)], False
    names, number = _labels_of(by, span)
    counts = np.bincount(number[chosen], minlength=len(names)).tolist()
    largest_first = sorted([(-count, names[group], group) for group, count in enumerate(counts) if count])
    groups = [_figures(span, kpis, name, chosen & (number == group)) for _, name, group in largest_first[:most_groups]]
    return groups, len(largest_first) > most_groups


def _figures(span: SpanFigures, kpis: Sequence[Kpi], group: str | None, chosen: Flags) -> GroupFigures:
    return GroupFigures(group, int(np.count_nonzero(chosen)), {each.name: each.compute(span, chosen) for each in kpis})


def _labels_of(grouping: Grouping, span: SpanFigures) -> Labels:
    """Every account has a label: those without a value the last one, `NO_VALUE`."""
    names, number = _values_of(grouping, span)
    return Labels([*names, NO_VALUE], np.where(number < 0, len(names), number))


def _values_of(grouping: Grouping, span: SpanFigures) -> Labels:
    view, last = span.view, span.last
    match grouping:
        case Grouping.COHORT:
            return view.cohorts
        case Grouping.STAGE:
            return view.labels(view.values(SCORED_STAGE, last))
        case Grouping.OWNER:
            # As the list of accounts has it: in any case.
            return view.labels(view.held_values("owner", last), written=lambda owner: owner.strip().lower())
        case Grouping.TIER:
            posted = view.labels(view.held_values("tier", last))
            return tier_labels(posted, view.held_values("arr", last), span.rules.tiers)
    return view.labels(view.held_values(grouping.value, last))
