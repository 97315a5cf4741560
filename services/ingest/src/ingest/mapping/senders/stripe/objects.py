"""What is read of Stripe's objects, in all versions of its API since 2017. Unknown fields are passed over."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from ingest.errors import FieldError, FieldErrorReason

Id = Annotated[str, Meta(pattern=r"^[!-~]{1,100}\Z")]
Epoch = Annotated[int, Meta(ge=0, le=253_402_300_799)]
CurrencyCode = Annotated[str, Meta(pattern=r"^[A-Za-z]{3}\Z")]
Interval = Literal["day", "week", "month", "year"]
_Quantity = Annotated[int, Meta(ge=0, le=1_000_000_000)]
_Count = Annotated[int, Meta(ge=1, le=10_000)]
_Amount = Annotated[int, Meta(ge=-(10**15), le=10**15)]
_DecimalText = Annotated[str, Meta(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,12})?\Z")]


class Recurring(Struct, frozen=True):
    interval: Interval
    interval_count: _Count = 1
    usage_type: str = "licensed"


class TransformQuantity(Struct, frozen=True):
    divide_by: _Count
    round: str = "up"


class Price(Struct, frozen=True):
    """A price, or an older `plan`, which has the period itself. `unit_amount` is None for prices in tiers."""

    id: Id | None = None
    product: Any = None
    lookup_key: str | None = None
    currency: CurrencyCode | None = None
    unit_amount: _Amount | None = None
    unit_amount_decimal: _DecimalText | None = None
    amount: _Amount | None = None
    amount_decimal: _DecimalText | None = None
    recurring: Recurring | None = None
    interval: Interval | None = None
    interval_count: _Count = 1
    usage_type: str = "licensed"
    transform_quantity: TransformQuantity | None = None
    transform_usage: TransformQuantity | None = None

    @property
    def period(self) -> Recurring | None:
        if self.recurring is not None or self.interval is None:
            return self.recurring
        return Recurring(self.interval, self.interval_count, self.usage_type)

    @property
    def smallest(self) -> int | str | None:
        """The amount of one unit in the currency's smallest unit; `unit_amount_decimal` if given, which is exact."""
        amounts = (self.unit_amount_decimal, self.unit_amount, self.amount_decimal, self.amount)
        return next((one for one in amounts if one is not None), None)


class SubscriptionItem(Struct, frozen=True):
    price: Price | None = None
    plan: Price | None = None
    quantity: _Quantity | None = None
    current_period_end: Epoch | None = None
    discounts: tuple[Any, ...] | None = None


class SubscriptionItems(Struct, frozen=True):
    data: tuple[SubscriptionItem, ...] = ()
    has_more: bool = False


class Coupon(Struct, frozen=True):
    duration: str | None = None
    percent_off: Annotated[float, Meta(ge=0, le=100)] | None = None
    amount_off: _Amount | None = None
    currency: CurrencyCode | None = None


class CancellationDetails(Struct, frozen=True):
    comment: str | None = None
    feedback: str | None = None
    reason: str | None = None


class Subscription(Struct, frozen=True):
    id: Id
    customer: Id
    status: str
    items: SubscriptionItems = SubscriptionItems()
    cancel_at_period_end: bool = False
    cancel_at: Epoch | None = None
    current_period_end: Epoch | None = None
    start_date: Epoch | None = None
    pause_collection: dict[str, Any] | None = None
    cancellation_details: CancellationDetails | None = None
    discount: Any = None
    discounts: tuple[Any, ...] | None = None


class InvoiceParent(Struct, frozen=True):
    subscription_details: dict[str, Any] | None = None


class Invoice(Struct, frozen=True):
    id: Id
    customer: Id | None = None
    currency: CurrencyCode | None = None
    billing_reason: str | None = None
    amount_due: _Amount | None = None
    amount_paid: _Amount | None = None


class StripeCustomer(Struct, frozen=True):
    id: Id


class EventData(Struct, frozen=True):
    object: dict[str, Any]
    previous_attributes: dict[str, Any] | None = None


class StripeEvent(Struct, frozen=True):
    id: Id
    type: Annotated[str, Meta(min_length=1, max_length=100)]
    created: Epoch
    data: EventData = field(default_factory=lambda: EventData({}))


def field_error(error: msgspec.ValidationError, below: str) -> FieldError:
    """msgspec says `... - at $.items.data[0]`; `below` is where the object stands in the message."""
    said, _, where = str(error).partition(" - at `$")
    return FieldError(f"{below}{where.rstrip('`')}", FieldErrorReason.WRONG_TYPE, said)
