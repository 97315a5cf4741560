"""Amounts of Stripe: in the smallest unit of their currency, per period, in a currency of their own. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

# ISK and UGX have no decimals either, but Stripe still sends two for them.
_NO_DECIMALS: Final = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
_THREE_DECIMALS: Final = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
_PERIODS_A_YEAR: Final = {"day": Decimal(365), "week": Decimal(52), "month": Decimal(12), "year": Decimal(1)}


class UnknownCurrency(Exception):
    """mapping.yml has no rate for this currency: refuse the message, because a sum without it would be wrong."""

    def __init__(self, currency: str) -> None:
        super().__init__(currency)
        self.currency = currency


def in_units(smallest: Decimal, currency: str) -> Decimal:
    """The amount in whole units: 12.50 for 1250 cents, 1250 for 1250 yen."""
    if currency in _NO_DECIMALS:
        return smallest
    return smallest / (1000 if currency in _THREE_DECIMALS else 100)


def periods_a_year(interval: str, count: int) -> Decimal:
    """How many periods of `count` days, weeks, months or years are in a year."""
    return _PERIODS_A_YEAR[interval] / count


def days_of(interval: str, count: int) -> float:
    """About how many days a period has."""
    return float(365 * count / _PERIODS_A_YEAR[interval])


class Rates:
    """Converts to the currency of the ARR. `rates` has the value of one unit of each other currency in it."""

    def __init__(self, currency: str, rates: Mapping[str, float]) -> None:
        self.currency = currency
        # By the text of a rate: as a binary fraction 0.92 is not exact.
        self._rates = {name: Decimal(str(rate)) for name, rate in rates.items()} | {currency: Decimal(1)}

    def convert(self, amount: Decimal, currency: str) -> Decimal:
        """Raises `UnknownCurrency`."""
        if currency not in self._rates:
            raise UnknownCurrency(currency)
        return amount * self._rates[currency]
