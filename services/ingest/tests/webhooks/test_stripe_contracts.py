"""What a change of a subscription means for the contract of its account."""

from typing import Any

import pytest

from ingest.in_memory import Ingest
from support.stripe import CREATED, DELETED, LEAVING, UPDATED, WORDS, facts, names, post, told
from support.webhooks import SECONDS, price, stripe_event, subscription

STAYING: dict[str, Any] = {"cancel_at_period_end": False, "cancellation_details": {"comment": None, "feedback": None}}


async def test_a_notice_has_the_customers_words(hooked: Ingest) -> None:
    await post(hooked, stripe_event(1, CREATED, subscription()))
    await post(hooked, stripe_event(2, UPDATED, subscription(**LEAVING), before={"cancel_at_period_end": False}))
    assert told(hooked, "contract.cancel_requested") == [{"reason": "switched service: We moved to a competitor"}]
    assert facts(hooked)["contract_end"] == "2026-03-01"
    ended = subscription(**LEAVING, status="canceled")
    await post(hooked, stripe_event(3, DELETED, ended))
    assert names(hooked)[-1] == "contract.ended"
    assert told(hooked, "contract.ended") == [{"reason": "switched service: We moved to a competitor"}]
    assert names(hooked).count("contract.cancel_requested") == 1
    assert facts(hooked)["arr"] == 120  # what was lost


async def test_words_that_come_after_the_notice_are_told_too(hooked: Ingest) -> None:
    silent: dict[str, Any] = {**LEAVING, "cancellation_details": {"reason": "cancellation_requested"}}
    await post(
        hooked,
        stripe_event(1, CREATED, subscription()),
        stripe_event(2, UPDATED, subscription(**silent)),
        stripe_event(3, UPDATED, subscription(**LEAVING)),
        stripe_event(4, UPDATED, subscription(**LEAVING, default_source="card_2")),
    )
    expected = [{}, {"reason": "switched service: We moved to a competitor"}]
    assert told(hooked, "contract.cancel_requested") == expected


async def test_a_notice_that_is_taken_back_renews(hooked: Ingest) -> None:
    await post(
        hooked,
        stripe_event(1, CREATED, subscription()),
        stripe_event(2, UPDATED, subscription(**LEAVING)),
        stripe_event(3, UPDATED, subscription(**STAYING)),
    )
    assert names(hooked)[-1] == "contract.renewed"
    assert facts(hooked)["contract_end"] is None


async def test_a_subscription_that_is_deleted_at_once_is_notice_and_end(hooked: Ingest) -> None:
    gone = subscription(status="canceled", cancellation_details=WORDS)
    await post(hooked, stripe_event(1, CREATED, subscription()), stripe_event(2, DELETED, gone))
    assert names(hooked)[-2:] == ["contract.cancel_requested", "contract.ended"]
    assert told(hooked, "contract.ended") == [{"reason": "switched service: We moved to a competitor"}]


async def test_what_ends_for_want_of_payment_is_no_notice(hooked: Ingest) -> None:
    gone = subscription(status="canceled", cancellation_details={"reason": "payment_failed"})
    await post(hooked, stripe_event(1, CREATED, subscription()), stripe_event(2, DELETED, gone))
    assert names(hooked) == ["account.updated", "contract.started", "contract.ended"]
    assert told(hooked, "contract.ended") == [{"reason": "payment failed"}]


async def test_who_cancels_one_of_two_subscriptions_wants_less(hooked: Ingest) -> None:
    await post(
        hooked,
        stripe_event(1, CREATED, subscription("sub_1")),
        stripe_event(2, CREATED, subscription("sub_2")),
        stripe_event(3, UPDATED, subscription("sub_2", **LEAVING)),
        stripe_event(4, DELETED, subscription("sub_2", **LEAVING, status="canceled")),
    )
    assert names(hooked)[-1] == "contract.changed"
    assert [one["reason"] for one in told(hooked, "contract.downgrade_requested")] == [
        "switched service: We moved to a competitor"
    ]
    assert "contract.cancel_requested" not in names(hooked)
    assert facts(hooked)["arr"] == 120
    await post(hooked, stripe_event(5, UPDATED, subscription("sub_1", **LEAVING)))
    assert names(hooked)[-1] == "contract.cancel_requested"


def begun(name: str, amount: int, on: int = SECONDS - 3600) -> dict[str, Any]:
    return subscription(name, {"price": price(amount), "quantity": 1}, start_date=on)


async def test_a_change_of_plan_by_a_new_subscription_is_no_downgrade(hooked: Ingest) -> None:
    """Stripe Checkout makes a new subscription; then the old one is deleted."""
    await post(
        hooked,
        stripe_event(1, CREATED, subscription("sub_1")),
        stripe_event(2, CREATED, begun("sub_2", 5000)),
        stripe_event(3, DELETED, subscription("sub_1", status="canceled")),
    )
    assert names(hooked)[-1] == "contract.changed"
    assert facts(hooked)["arr"] == 600
    assert not {"contract.downgrade_requested", "contract.cancel_requested"} & set(names(hooked))


@pytest.mark.parametrize(
    ("amount", "began"),
    [
        (900, SECONDS - 3600),  # the new plan costs less
        (5000, SECONDS - 9 * 86400),  # the other subscription was there before
    ],
)
async def test_the_end_of_a_subscription_that_none_replaces_is_a_downgrade(
    hooked: Ingest, amount: int, began: int
) -> None:
    await post(
        hooked,
        stripe_event(1, CREATED, subscription("sub_1")),
        stripe_event(2, CREATED, begun("sub_2", amount, began)),
        stripe_event(3, DELETED, subscription("sub_1", status="canceled")),
    )
    assert names(hooked).count("contract.downgrade_requested") == 1


async def test_a_free_subscription_is_no_contract(hooked: Ingest) -> None:
    [created, ended] = await post(
        hooked,
        stripe_event(1, CREATED, begun("sub_1", 0)),
        stripe_event(2, DELETED, {**begun("sub_1", 0), "status": "canceled"}),
    )
    assert (created["ignored"], ended["ignored"]) == (["nothing_to_tell"], ["nothing_to_tell"])
    assert hooked.events() == []


async def test_who_pays_after_a_free_plan_begins_a_contract(hooked: Ingest) -> None:
    await post(
        hooked,
        stripe_event(1, CREATED, begun("sub_1", 0)),
        stripe_event(2, UPDATED, begun("sub_1", 5000)),
    )
    assert names(hooked) == ["account.updated", "contract.started"]
    await post(
        hooked,
        stripe_event(3, CREATED, begun("sub_2", 0)),
        stripe_event(4, DELETED, {**begun("sub_2", 0), "status": "canceled"}),
    )
    assert names(hooked)[2:] == ["account.updated", "account.updated"]
    assert facts(hooked)["arr"] == 600


async def test_who_goes_back_to_a_free_plan_ends_the_contract(hooked: Ingest) -> None:
    await post(
        hooked,
        stripe_event(1, CREATED, begun("sub_1", 5000)),
        stripe_event(2, UPDATED, begun("sub_1", 0)),
    )
    assert names(hooked)[-2:] == ["contract.cancel_requested", "contract.ended"]
    assert facts(hooked)["arr"] == 600  # what was lost


async def test_a_trial_is_worth_nothing_until_it_is_paid_for(hooked: Ingest) -> None:
    await post(hooked, stripe_event(1, CREATED, subscription(status="trialing")))
    assert names(hooked) == ["account.updated"]
    assert facts(hooked)["arr"] == 0
    await post(hooked, stripe_event(2, UPDATED, subscription()))
    assert [one["arr"] for one in told(hooked, "contract.started")] == [120]


async def test_a_paused_subscription_is_worth_nothing_and_begins_no_new_contract(hooked: Ingest) -> None:
    paused = subscription(pause_collection={"behavior": "void"})
    await post(
        hooked,
        stripe_event(1, CREATED, subscription()),
        stripe_event(2, UPDATED, paused),
        stripe_event(3, UPDATED, subscription()),
    )
    assert [one["arr"] for one in told(hooked, "contract.changed")] == [0, 120]
    assert names(hooked).count("contract.started") == 1


async def test_another_year_renews_and_another_month_does_not(hooked: Ingest) -> None:
    year = {"price": price(120000, interval="year"), "quantity": 1}
    later = 1803859200
    await post(
        hooked,
        stripe_event(1, CREATED, subscription("sub_1", year)),
        stripe_event(2, UPDATED, subscription("sub_1", year, current_period_end=later)),
        stripe_event(3, CREATED, subscription("sub_2", customer="cus_2", metadata={"account_id": "monthly"})),
        stripe_event(
            4,
            UPDATED,
            subscription("sub_2", customer="cus_2", metadata={"account_id": "monthly"}, current_period_end=later),
        ),
    )
    [renewed] = told(hooked, "contract.renewed")
    assert renewed == {"arr": 1200, "contract_start": "2025-01-01", "contract_end": "2027-03-01"}


async def test_an_old_subscription_that_is_heard_of_first_by_a_change_has_not_just_begun(hooked: Ingest) -> None:
    """Its `previous_attributes` say what it was; nothing was stored of it."""
    before = {"cancel_at_period_end": False, "cancellation_details": {"comment": None, "feedback": None}}
    await post(hooked, stripe_event(1, UPDATED, subscription(**LEAVING), before=before))
    assert names(hooked) == ["account.updated", "contract.cancel_requested"]
    gone = subscription(
        "sub_2", status="canceled", cancellation_details=WORDS, customer="cus_2", metadata={"account_id": "elm"}
    )
    await post(hooked, stripe_event(2, DELETED, gone))
    assert names(hooked)[2:] == ["contract.cancel_requested", "contract.ended"]


async def test_a_subscription_that_was_never_paid_is_nothing(hooked: Ingest) -> None:
    [answer] = await post(hooked, stripe_event(1, CREATED, subscription(status="incomplete")))
    assert answer["ignored"] == ["nothing_to_tell"]
    await post(hooked, stripe_event(2, UPDATED, subscription(), before={"status": "incomplete"}))
    assert names(hooked) == ["account.updated", "contract.started"]
