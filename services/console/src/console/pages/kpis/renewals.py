"""Contracts that end in this month and the eleven after it, by the health of their accounts."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from msgspec import Struct

from common.contracts.signals import Band
from console.clients.scoring import PortfolioSums

MONTHS: Final = 12
BAR_WIDTH: Final = 160


class RenewalMonth(Struct, frozen=True, kw_only=True):
    """Of the bar the part that is at risk, and the rest, in units of the drawing: the largest month fills it."""

    month: date
    accounts: int
    arr: float
    arr_at_risk: float
    bands: Mapping[Band, int]
    at_risk_width: float
    rest_width: float


def renewal_months(sums: PortfolioSums) -> list[RenewalMonth]:
    """From the month of the answer on, those without a renewal too."""
    groups = {group.key: group for group in sums.groups}
    today = sums.as_of.date()
    months = [_month(today.year * 12 + today.month - 1 + ahead) for ahead in range(MONTHS)]
    shown = [(month, groups.get(f"{month:%Y-%m}")) for month in months]
    largest = max((group.arr for _, group in shown if group is not None), default=0.0)
    found = []
    for month, group in shown:
        arr, at_risk = (0.0, 0.0) if group is None else (group.arr, group.arr_at_risk)
        at_risk_width = round(at_risk / largest * BAR_WIDTH, 1) if largest else 0.0
        found.append(
            RenewalMonth(
                month=month,
                accounts=0 if group is None else group.accounts,
                arr=arr,
                arr_at_risk=at_risk,
                bands={band: 0 if group is None else group.bands.get(band, 0) for band in Band},
                at_risk_width=at_risk_width,
                rest_width=round(arr / largest * BAR_WIDTH - at_risk_width, 1) if largest else 0.0,
            )
        )
    return found


def _month(number: int) -> date:
    """`number` is months since the beginning of our era."""
    return date(number // 12, number % 12 + 1, 1)
