"""Contracts that end in this month and the eleven after it, and those that are overdue, by the health of accounts."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from msgspec import Struct

from common.contracts.signals import Band
from console.clients.scoring import PortfolioSums

MONTHS: Final = 12
BAR_WIDTH: Final = 160


class RenewalSums(Struct, frozen=True, kw_only=True):
    accounts: int
    arr: float
    arr_at_risk: float
    bands: Mapping[Band, int]


class RenewalRow(Struct, frozen=True, kw_only=True):
    """`month` is None for the contracts that are over, of customers who neither renewed nor left.

    Of the bar the part that is at risk, and the rest, in units of the drawing: the largest row fills it.
    """

    month: date | None
    sums: RenewalSums
    at_risk_width: float
    rest_width: float


_NONE: Final = RenewalSums(accounts=0, arr=0.0, arr_at_risk=0.0, bands=dict.fromkeys(Band, 0))


def renewal_rows(ahead: PortfolioSums, overdue: PortfolioSums | None) -> list[RenewalRow]:
    """Those that are overdue, then each month from that of the answer on, those without a renewal too."""
    found: dict[date | None, RenewalSums] = {} if overdue is None else {None: _sums_of(overdue)}
    groups = {group.key: group for group in ahead.groups}
    today = ahead.as_of.date()
    for number in range(MONTHS):
        month = _month(today.year * 12 + today.month - 1 + number)
        group = groups.get(f"{month:%Y-%m}")
        bands = {band: 0 if group is None else group.bands.get(band, 0) for band in Band}
        found[month] = (
            _NONE
            if group is None
            else RenewalSums(accounts=group.accounts, arr=group.arr, arr_at_risk=group.arr_at_risk, bands=bands)
        )
    largest = max(sums.arr for sums in found.values())
    return [_row(month, sums, largest=largest) for month, sums in found.items()]


def _sums_of(overdue: PortfolioSums) -> RenewalSums:
    bands = {band: overdue.bands[band].accounts if band in overdue.bands else 0 for band in Band}
    return RenewalSums(accounts=overdue.accounts, arr=overdue.arr, arr_at_risk=overdue.arr_at_risk, bands=bands)


def _row(month: date | None, sums: RenewalSums, *, largest: float) -> RenewalRow:
    at_risk_width = round(sums.arr_at_risk / largest * BAR_WIDTH, 1) if largest else 0.0
    return RenewalRow(
        month=month,
        sums=sums,
        at_risk_width=at_risk_width,
        rest_width=round(sums.arr / largest * BAR_WIDTH - at_risk_width, 1) if largest else 0.0,
    )


def _month(number: int) -> date:
    """`number` is months since the beginning of our era."""
    return date(number // 12, number % 12 + 1, 1)
