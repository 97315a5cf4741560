"""Shares and means, None where there is nothing to compute them from."""

from collections.abc import Sequence
from statistics import fmean


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
