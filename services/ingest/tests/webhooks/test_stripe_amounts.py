"""What a subscription is worth in a year, in the currency of the ARR."""

from decimal import Decimal
from typing import Any

import pytest

from ingest.mapping.senders.stripe.money import Rates, UnknownCurrency, in_units
from ingest.mapping.senders.stripe.subscription import SubscriptionState, read_subscription
from support.webhooks import price, subscription

FOREVER = {"duration": "forever", "percent_off": 25}
PLAN = {"id": "p", "amount": 1200, "currency": "usd", "interval": "year", "interval_count": 2}


def read(tree: dict[str, Any], *, seats_of: tuple[str, ...] = ()) -> SubscriptionState:
    return read_subscription(tree, seats_of=seats_of, reason_paths=(), account=None)


@pytest.mark.parametrize(
    ("currency", "units"),
    [
        ("EUR", "12.50"),
        ("JPY", "1250"),  # has no decimals
        ("KWD", "1.250"),  # has three
        ("ISK", "12.50"),  # has none, and Stripe sends two
        ("UGX", "12.50"),
    ],
)
def test_the_smallest_unit_depends_on_the_currency(currency: str, units: str) -> None:
    assert in_units(Decimal(1250), currency) == Decimal(units)


@pytest.mark.parametrize(
    ("items", "yearly"),
    [
        ([{"price": price(1000), "quantity": 1}], 120),
        ([{"price": price(1000), "quantity": 12}], 1440),
        ([{"price": price(1000)}], 120),  # a quantity that is not said is one
        ([{"price": price(1000), "quantity": 0}], 0),
        ([{"price": price(100, interval="day"), "quantity": 1}], 365),
        ([{"price": price(100, interval="week"), "quantity": 1}], 52),
        ([{"price": price(30000, count=3), "quantity": 1}], 1200),  # every quarter
        ([{"price": price(120000, interval="year"), "quantity": 1}], 1200),
        ([{"price": price(240000, interval="year", count=2), "quantity": 1}], 1200),
        ([{"price": price(1000), "quantity": 2}, {"price": price(12000, interval="year"), "quantity": 1}], 360),
        ([{"price": price(None, unit_amount_decimal="0.5"), "quantity": 1000}], 60),  # half a cent
        ([{"price": price(5000, currency="jpy"), "quantity": 2}], 120_000),
        ([{"price": price(1000, transform_quantity={"divide_by": 10, "round": "up"}), "quantity": 11}], 240),
        ([{"price": price(1000, transform_quantity={"divide_by": 10, "round": "down"}), "quantity": 19}], 120),
        ([{"plan": PLAN, "quantity": 2}], 12),  # what items had before there were prices
        (
            [
                {"price": price(1000), "quantity": 1},
                {"price": price(7, recurring={"interval": "month", "usage_type": "metered"})},
            ],
            120,  # what is metered is known afterwards
        ),
    ],
)
def test_items_add_up_to_a_year(items: list[dict[str, Any]], yearly: float) -> None:
    assert read(subscription("sub_1", *items)).yearly == Decimal(yearly)


@pytest.mark.parametrize(
    ("more", "yearly"),
    [
        ({"discount": {"coupon": FOREVER}}, 90),
        ({"discounts": [{"coupon": FOREVER}, {"coupon": FOREVER}]}, 67.5),
        ({"discount": {"coupon": {"duration": "forever", "amount_off": 400, "currency": "eur"}}}, 72),
        ({"discount": {"coupon": {"duration": "forever", "amount_off": 4000, "currency": "eur"}}}, 0),
        ({"discount": {"coupon": {"duration": "once", "percent_off": 100}}}, 120),
        ({"discount": {"coupon": {"duration": "repeating", "percent_off": 50}}}, 120),
        # Since version 2025-09-30 of the API.
        ({"discounts": [{"source": {"type": "coupon", "coupon": FOREVER}}]}, 90),
        # Ids say nothing of an amount.
        ({"discounts": ["di_1"]}, 120),
        ({"discount": "di_1"}, 120),
        ({"discounts": [{"source": {"type": "coupon", "coupon": "co_1"}}]}, 120),
        ({"discount": {"coupon": "co_1"}}, 120),
    ],
)
def test_a_discount_counts_if_it_is_for_ever(more: dict[str, Any], yearly: float) -> None:
    assert read(subscription(**more)).yearly == Decimal(str(yearly))


def test_a_discount_of_an_item_counts_for_that_item() -> None:
    half = {"coupon": {"duration": "forever", "percent_off": 50}}
    less = {"source": {"coupon": {"duration": "forever", "amount_off": 200, "currency": "eur"}}}
    items = [
        {"price": price(1000), "quantity": 1, "discounts": [half]},
        {"price": price(10000, interval="year"), "quantity": 1, "discounts": [less, "di_1"]},
        {"price": price(1000), "quantity": 1},
    ]
    assert read(subscription("sub_1", *items)).yearly == 60 + 98 + 120
    assert read(subscription("sub_1", *items, discount={"coupon": FOREVER})).yearly == Decimal("208.5")


def test_an_amount_that_the_message_does_not_have_is_not_made_up() -> None:
    tiers = price(None, billing_scheme="tiered")
    assert read(subscription("sub_1", {"price": tiers, "quantity": 5})).yearly is None
    assert read(subscription(items={"data": [{"price": price(1000)}], "has_more": True})).yearly is None


def test_what_is_billed_by_use_is_not_free() -> None:
    metered = {"price": price(7, recurring={"interval": "month", "usage_type": "metered"})}
    free = {"price": price(0), "quantity": 1}
    lives = [read(subscription("sub_1", *items)).live for items in ((metered,), (free, metered), (free,))]
    assert lives == [True, True, False]


@pytest.mark.parametrize(
    ("quantities", "seats_of", "seats"),
    [
        ([1], (), None),  # one of something is no number of seats
        ([1, 20], (), 20),
        ([1, 20], ("prod_2",), 20),
        ([7, 20], ("price_1",), 27),
        ([1], ("prod_1",), 1),
        ([5], ("prod_9",), None),
    ],
)
def test_seats_are_the_greatest_quantity_or_what_the_mapping_says(
    quantities: list[int], seats_of: tuple[str, ...], seats: int | None
) -> None:
    items = [
        {"price": price(1000, product=f"prod_{number}"), "quantity": quantity}
        for number, quantity in enumerate(quantities, 1)
    ]
    assert read(subscription("sub_1", *items), seats_of=seats_of).seats == seats


@pytest.mark.parametrize(
    ("more", "end"),
    [
        ({}, None),  # a month that ends is no contract that ends
        ({"cancel_at_period_end": True}, "2026-03-01"),
        ({"cancel_at": 1775001600}, "2026-04-01"),
        ({"items": {"data": [{"price": price(9, interval="year")}]}}, "2026-03-01"),
        # In new versions of the API the items have the periods.
        (
            {
                "items": {"data": [{"price": price(9, interval="year"), "current_period_end": 1775001600}]},
                "current_period_end": None,
            },
            "2026-04-01",
        ),
    ],
)
def test_a_contract_ends_with_a_long_period_or_when_it_was_said(more: dict[str, Any], end: str | None) -> None:
    assert read(subscription(**more)).end == end


def test_rates_convert_exactly_and_refuse_what_they_do_not_know() -> None:
    rates = Rates("EUR", {"USD": 0.92})
    assert rates.convert(Decimal(100), "USD") == Decimal(92)
    assert rates.convert(Decimal(100), "EUR") == Decimal(100)
    with pytest.raises(UnknownCurrency, match="GBP"):
        rates.convert(Decimal(100), "GBP")
