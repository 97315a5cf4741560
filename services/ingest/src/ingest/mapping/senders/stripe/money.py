"""Amounts of Stripe: in the smallest unit of their currency, per period, in a currency of their own. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

# ISK and UGX have no decimals either, but Stripe goes on sending two for them.
_NO_DECIMALS: Final = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
_THREE_DECIMALS: Final = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
_PERIODS_A_YEAR: Final = {"day": Decimal(365), "week": Decimal(52), "month": Decimal(12), "year": Decimal(1)}


class UnknownCurrency(Exception):
    """No rate leads from this currency to that of the ARR: refuse the message, for a sum without it would be wrong."""

    def __init__(self, currency: str) -> None:
        super().__init__(currency)
        self.currency = currency


def in_units(smallest: Decimal, currency: str) -> Decimal:
    """12.50 for 1250 cents; as they are for yen."""
    if currency in _NO_DECIMALS:
        return smallest
    return smallest / (1000 if currency in _THREE_DECIMALS else 100)


def periods_a_year(interval: str, count: int) -> Decimal:
    """How often something is paid that is paid every `count` days, weeks, months or years."""
    return _PERIODS_A_YEAR[interval] / count


def days_of(interval: str, count: int) -> float:
    """About how long a period is."""
    return float(365 * count / _PERIODS_A_YEAR[interval])


class Rates:
    """Converts to the currency of the ARR. `rates` say what one unit of another currency is worth in it."""

    def __init__(self, currency: str, rates: Mapping[str, float]) -> None:
        self.currency = currency
        # By their text, for 0.92 as a binary fraction is not 0.92.
        self._rates = {name: Decimal(str(rate)) for name, rate in rates.items()} | {currency: Decimal(1)}

    def convert(self, amount: Decimal, currency: str) -> Decimal:
        """Raises `UnknownCurrency`."""
        if currency not in self._rates:
            raise UnknownCurrency(currency)
        return amount * self._rates[currency]
