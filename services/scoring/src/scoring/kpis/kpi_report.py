"""KPIs of one span over the accounts that filters select: all in one, or by tier, stage, owner, segment or cohort."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np
from msgspec import Struct

from scoring.kpis.entry_log import SCORED_STAGE, Flags, Floats
from scoring.kpis.entry_view import EntryView
from scoring.kpis.kpi import Figure, Kpi
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
            chosen &= np.isin(_values_of(grouping, span.view, span.last), list(values))
    if by is None:
        return [_figures(span, kpis, None, chosen)], False
    values_by_account = _values_of(by, span.view, span.last)
    names, counts = np.unique(values_by_account[chosen], return_counts=True)
    largest = np.argsort(-counts, kind="stable")
    groups = [str(names[index]) for index in largest[:most_groups]]
    return [_figures(span, kpis, name, chosen & (values_by_account == name)) for name in groups], len(names) > len(
        groups
    )


def _figures(span: SpanFigures, kpis: Sequence[Kpi], group: str | None, chosen: Flags) -> GroupFigures:
    return GroupFigures(group, int(np.count_nonzero(chosen)), {each.name: each.compute(span, chosen) for each in kpis})


def _values_of(grouping: Grouping, view: EntryView, last: int) -> "np.ndarray[tuple[int], np.dtype[np.str_]]":
    if grouping is Grouping.COHORT:
        return _months(view.start_days)
    if grouping is Grouping.STAGE:
        found = view.texts_of(SCORED_STAGE, last)
    elif grouping is Grouping.OWNER:
        # As the list of accounts has it: in any case.
        found = [None if each is None else each.strip().lower() for each in view.texts_of("owner", last)]
    else:
        found = view.texts_of(grouping.value, last)
    return np.array([NO_VALUE if each is None else each for each in found], dtype=np.str_)


def _months(days: Floats) -> "np.ndarray[tuple[int], np.dtype[np.str_]]":
    """All at once: a hundred thousand calls take longer than all else that a span needs."""
    found = np.full(len(days), NO_VALUE, dtype="U7")
    known = ~np.isnan(days)
    found[known] = np.datetime_as_string(days[known].astype(np.int64).astype("datetime64[D]"), unit="M")
    return found
