"""The part of a subscription that an account's contract depends on. Pure."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from math import ceil
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ingest.mapping.paths import first_value, parse_path
from ingest.mapping.senders.stripe.money import days_of, in_units, periods_a_year
from ingest.mapping.senders.stripe.objects import Coupon, Price, Subscription, SubscriptionItem
from ingest.mapping.senders.trees import text_at

# Shorter periods end no contract: a monthly subscription does not end each month.
_CONTRACT_DAYS: Final = 180.0
_LIVE: Final = frozenset(["active", "trialing", "past_due", "unpaid", "paused"])
_PAYING: Final = frozenset(["active", "past_due", "unpaid"])
# Ends that the customer did not ask for.
_NOT_ASKED_FOR: Final = frozenset(["payment_failed", "payment_disputed"])
# Where a discount has its coupon; under `source` since version 2025-09-30 of the API.
_COUPON: Final = (("coupon",), ("source", "coupon"))


class SubscriptionState(Struct, frozen=True, omit_defaults=True):
    """`yearly` is the price of a year, in `currency`; None if the message does not have it. Dates are in UTC.

    `live`: the customer has the subscription, or tries it, and it is not free.
    `leaving`: it will end, because the customer gave notice.
    `explained`: the customer gave a reason. The reason itself is not stored, because it may be private.
    `before` is the state before the last change, without its account, which may be another one.
    """

    id: str
    customer: str
    live: bool
    trialing: bool
    paying: bool
    leaving: bool
    currency: str
    yearly: Decimal | None
    seats: int | None = None
    start: str | None = None
    end: str | None = None
    explained: bool = False
    asked_for: bool = True
    account: str | None = None
    before: "SubscriptionState | None" = None

    def after(self, before: "SubscriptionState | None") -> "SubscriptionState":
        """This state, made by a change of `before`."""
        return replace(self, before=None if before is None else _unowned(before))

    def precedes(self, other: "SubscriptionState") -> bool:
        """Whether the change that made `other` began with this state. If each follows the other, nobody knows."""
        return _unowned(self) == other.before and self.before != _unowned(other)


def _unowned(state: SubscriptionState) -> SubscriptionState:
    return replace(state, account=None, before=None)


def read_subscription(
    tree: dict[str, Any], *, seats_of: Iterable[str], reason_paths: Iterable[str], account: str | None
) -> SubscriptionState:
    """Raises `msgspec.ValidationError`. `seats_of` are prices or products whose quantity is the number of seats."""
    one = msgspec.convert(tree, Subscription)
    licensed = [item for item in one.items.data if not _is_metered(item)]
    leaving = one.cancel_at_period_end or one.cancel_at is not None
    details = one.cancellation_details
    yearly = None if one.items.has_more else _yearly(one, licensed)
    # A free plan is no contract. Metered prices count 0, but the customer pays for the use.
    free = yearly == 0 and len(licensed) == len(one.items.data)
    return SubscriptionState(
        id=one.id,
        customer=one.customer,
        live=one.status in _LIVE and not free,
        trialing=one.status == "trialing",
        paying=one.status in _PAYING and one.pause_collection is None and not free,
        leaving=leaving,
        currency=_currency(one),
        yearly=yearly,
        seats=_seats(licensed, frozenset(seats_of)),
        start=_date(one.start_date),
        end=_date(_end(one, leaving)),
        explained=reason_of(tree, reason_paths) is not None,
        asked_for=details is None or details.reason not in _NOT_ASKED_FOR,
        account=account,
    )


def reason_of(tree: dict[str, Any], paths: Iterable[str]) -> str | None:
    """The customer's own words, behind the answer that they chose from a list; None if there are none."""
    words, chosen = first_value(tree, map(parse_path, paths)), text_at(tree, "cancellation_details.feedback")
    parts = [part for part in (chosen and _in_words(chosen), words) if isinstance(part, str) and part]
    if parts:
        return ": ".join(parts)
    why = text_at(tree, "cancellation_details.reason")
    return _in_words(why) if why in _NOT_ASKED_FOR else None


def _in_words(code: str) -> str:
    return code.replace("_", " ")


def _price(item: SubscriptionItem) -> Price:
    return item.price or item.plan or Price()


def _is_metered(item: SubscriptionItem) -> bool:
    period = _price(item).period
    return period is not None and period.usage_type == "metered"


def _currency(one: Subscription) -> str:
    return next((_price(item).currency or "" for item in one.items.data), "").upper()


def _yearly(one: Subscription, licensed: list[SubscriptionItem]) -> Decimal | None:
    """The price of a year; metered prices count 0, because their use is not known before."""
    total = Decimal(0)
    for item in licensed:
        price = _price(item)
        if price.smallest is None or price.period is None:
            return None
        amount = in_units(Decimal(price.smallest), (price.currency or "").upper()) * _units(item, price)
        amount *= periods_a_year(price.period.interval, price.period.interval_count)
        total += _discounted(amount, item.discounts or (), price)
    first = _price(licensed[0]) if licensed else Price()
    return max(Decimal(0), _discounted(total, (one.discount, *(one.discounts or ())), first))


def _units(item: SubscriptionItem, price: Price) -> int:
    quantity = 1 if item.quantity is None else item.quantity
    packages = price.transform_quantity or price.transform_usage
    if packages is None:
        return quantity
    return ceil(quantity / packages.divide_by) if packages.round == "up" else quantity // packages.divide_by


def _discounted(total: Decimal, discounts: Iterable[Any], price: Price) -> Decimal:
    """The total less discounts that last for ever; any other may be over before the year is. `price` has the period."""
    for coupon in _coupons(discounts):
        if coupon.duration != "forever":
            continue
        if coupon.percent_off is not None:
            total *= 1 - Decimal(str(coupon.percent_off)) / 100
        elif coupon.amount_off is not None and (period := price.period):
            off = in_units(Decimal(coupon.amount_off), (coupon.currency or price.currency or "").upper())
            total -= off * periods_a_year(period.interval, period.interval_count)
    return total


def _coupons(discounts: Iterable[Any]) -> Iterator[Coupon]:
    """The coupons that the message has. Newer versions name a discount or its coupon by id: such a one is left out.

    The price before the discount is told then, which is right if the discount does not last for ever.
    """
    for discount in discounts:
        coupon = first_value(discount, _COUPON)
        if isinstance(coupon, dict):
            yield msgspec.convert(coupon, Coupon)


def _seats(licensed: list[SubscriptionItem], seats_of: frozenset[str]) -> int | None:
    """The greatest quantity, unless `seats_of` says which counts. One of something is no number of seats."""
    if seats_of:
        named = [item for item in licensed if not seats_of.isdisjoint(_names(_price(item)))]
        return sum(1 if item.quantity is None else item.quantity for item in named) if named else None
    most = max((item.quantity or 0 for item in licensed), default=0)
    return most if most > 1 else None


def _names(price: Price) -> list[str]:
    product = price.product.get("id") if isinstance(price.product, dict) else price.product
    return [name for name in (price.id, product, price.lookup_key) if isinstance(name, str)]


def _end(one: Subscription, leaving: bool) -> int | None:
    """When the contract ends: after a long period, or by notice. In new versions of the API items have the periods."""
    if one.cancel_at is not None:
        return one.cancel_at
    ends = [item.current_period_end for item in one.items.data if item.current_period_end is not None]
    end = one.current_period_end or max(ends, default=None)
    periods = [_price(item).period for item in one.items.data]
    lasts = max((days_of(each.interval, each.interval_count) for each in periods if each), default=0.0)
    return end if leaving or lasts >= _CONTRACT_DAYS else None


def _date(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).date().isoformat()
