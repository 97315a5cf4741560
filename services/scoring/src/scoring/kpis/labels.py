"""The text of a field that each account has, as a number: numbers of a hundred thousand accounts compare faster."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from scoring.health.facts import LEAST_TIER
from scoring.kpis.entry_log import Flags, Floats, Ints


class Labels(NamedTuple):
    """A text of each account, by its `number` among the names; -1 for none."""

    names: list[str]
    number: Ints


def month_labels(days: Floats) -> Labels:
    """The month of each day (2026-01); NaN has none."""
    known = ~np.isnan(days)
    months = days[known].astype(np.int64).astype("datetime64[D]").astype("datetime64[M]")
    names, of_known = np.unique(months, return_inverse=True)
    return Labels(np.datetime_as_string(names, unit="M").tolist(), _spread(of_known, known))


def text_labels(values: Floats, texts: Sequence[str], *, written: Callable[[str], str]) -> Labels:
    """`values` are numbers of texts; NaN has none. Texts that are `written` alike are one."""
    known = ~np.isnan(values)
    found, of_known = np.unique(values[known].astype(np.int64), return_inverse=True)
    names: dict[str, int] = {}
    numbers = [names.setdefault(written(texts[text]), len(names)) for text in found.tolist()]
    return Labels(list(names), _spread(np.array(numbers, dtype=np.int64)[of_known], known))


def tier_labels(posted: Labels, arr: Floats, tiers: Sequence[tuple[float, str]]) -> Labels:
    """The posted tiers, and where there is none that of the ARR, as in `health.facts.with_tier`. NaN has none."""
    if not tiers:
        return posted
    names = {name: number for number, name in enumerate(posted.names)}
    by_arr = np.full(len(arr), names.setdefault(LEAST_TIER, len(names)))
    for least, name in reversed(tiers):
        by_arr[arr >= least] = names.setdefault(name, len(names))
    return Labels(list(names), np.where((posted.number < 0) & ~np.isnan(arr), by_arr, posted.number))


def _spread(of_known: Ints, known: Flags) -> Ints:
    number = np.full(len(known), -1)
    number[known] = of_known
    return number
