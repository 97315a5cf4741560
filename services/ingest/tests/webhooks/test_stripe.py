"""Messages of Stripe, and what they become."""

import json
from typing import Any

import msgspec
import pytest

from common.keys import Scope
from ingest.in_memory import Ingest, in_memory
from ingest.mapping.load import load_mapping
from ingest.mapping.senders.stripe.snapshot import StripeSnapshot
from support.stripe import CREATED, LEAVING, UPDATED, facts, names, post, told
from support.webhooks import MAPPING, SECONDS, SECRETS, post_message, price, stripe_event, subscription, topics_made


async def test_a_new_subscription_is_a_contract(hooked: Ingest) -> None:
    yearly = subscription("sub_1", {"price": price(120000, interval="year", currency="usd"), "quantity": 10})
    await post(hooked, stripe_event(1, CREATED, yearly))
    assert names(hooked) == ["account.updated", "contract.started"]
    expected = {"arr": 6000, "seats": 10, "contract_start": "2025-01-01", "contract_end": "2026-03-01"}
    assert told(hooked, "contract.started") == [expected]
    assert told(hooked, "account.updated") == [{**expected, "currency": "EUR"}]
    assert {(event.account_id, event.source) for event in hooked.events()} == {("acme", "billing")}


async def test_of_an_erased_account_nothing_is_kept_until_that_is_lifted(hooked: Ingest) -> None:
    admin = {"authorization": f"Bearer {hooked.keys.create(scopes=frozenset({Scope.ADMIN}))}"}
    erasure = (await hooked.http.delete("/v1/accounts/acme", headers=admin)).json()
    (answer,) = await post(hooked, stripe_event(1, CREATED, subscription("sub_1")))
    assert answer["ignored"] == ["erased"]
    async with hooked.stripe.transaction("billing") as records:
        assert await records.snapshot(subscription=None, customer=None, accounts=()) == StripeSnapshot({}, {}, {})
        assert not records.deliveries
    await hooked.http.post(f"/v1/erasures/{erasure['erasure_id']}/lift", headers=admin)
    await post(hooked, stripe_event(1, CREATED, subscription("sub_1")))
    assert names(hooked) == ["account.updated", "contract.started"]


async def test_all_subscriptions_of_all_customers_of_an_account_add_up(hooked: Ingest) -> None:
    await post(
        hooked,
        stripe_event(1, CREATED, subscription("sub_1")),
        stripe_event(2, CREATED, subscription("sub_2", {"price": price(10000, currency="usd"), "quantity": 3})),
        stripe_event(3, CREATED, subscription("sub_3", {"price": price(500, currency="jpy")}, customer="cus_2")),
        stripe_event(4, CREATED, subscription("sub_4", customer="cus_9", metadata={"account_id": "other"})),
    )
    assert [one["arr"] for one in told(hooked, "contract.started")] == [120, 120]
    assert [one["arr"] for one in told(hooked, "contract.changed")] == [1920, 1980]
    assert facts(hooked)["arr"] == 120 + 300 * 12 * 0.5 + 500 * 12 * 0.01
    assert facts(hooked, "other")["arr"] == 120


async def test_the_sum_is_right_whatever_order_messages_come_in(hooked: Ingest) -> None:
    """Of one subscription the later version holds; the sum that comes last holds, though its cause is older."""
    dear, cheap = {"price": price(5000), "quantity": 1}, {"price": price(2000), "quantity": 1}
    await post(
        hooked,
        stripe_event(9, UPDATED, subscription("sub_1", dear)),
        stripe_event(1, CREATED, subscription("sub_1", cheap)),
        stripe_event(2, CREATED, subscription("sub_2", cheap)),
    )
    assert facts(hooked)["arr"] == (50 + 20) * 12
    await post(hooked, stripe_event(8, UPDATED, subscription("sub_1", cheap)))
    assert facts(hooked)["arr"] == (50 + 20) * 12


@pytest.mark.parametrize("swapped", [False, True])
async def test_of_two_changes_within_a_second_the_later_one_holds(hooked: Ingest, swapped: bool) -> None:
    """Only what a message says of the state before it shows which one is the later one."""
    small, middle, large = ({"data": [{"price": price(amount), "quantity": 1}]} for amount in (1000, 2000, 3000))
    first = stripe_event(2, UPDATED, subscription(items=middle), before={"items": small})
    second = {
        **stripe_event(3, UPDATED, subscription(items=large), before={"items": middle}),
        "created": first["created"],
    }
    await post(hooked, stripe_event(1, CREATED, subscription()), *((second, first) if swapped else (first, second)))
    assert facts(hooked)["arr"] == 360
    assert [one["arr"] for one in told(hooked, "contract.changed")] == ([360] if swapped else [240, 360])


async def test_a_change_that_is_taken_back_within_a_second_is_taken_back(hooked: Ingest) -> None:
    small, large = ({"data": [{"price": price(amount), "quantity": 1}]} for amount in (1000, 2000))
    first = stripe_event(2, UPDATED, subscription(items=large), before={"items": small})
    second = {
        **stripe_event(3, UPDATED, subscription(items=small), before={"items": large}),
        "created": first["created"],
    }
    await post(hooked, stripe_event(1, CREATED, subscription()), first, second)
    assert facts(hooked)["arr"] == 120


async def test_a_message_that_comes_again_counts_once(hooked: Ingest) -> None:
    message = stripe_event(1, CREATED, subscription())
    first, second = await post(hooked, message, message)
    assert (first["events"], second["ignored"]) == (2, ["duplicate"])
    assert len(hooked.events()) == 2


async def test_what_was_not_acknowledged_becomes_the_same_again(hooked: Ingest) -> None:
    """It comes again after another message that changed the sum: the same ids must not have another content."""
    message = stripe_event(1, CREATED, subscription())
    hooked.broker.lose_next_ack()
    assert (await post_message(hooked, "billing", message)).status_code == 503
    await post(hooked, stripe_event(2, CREATED, subscription("sub_2")))
    [again] = await post(hooked, message)
    assert (again["events"], again["ignored"]) == (2, [])
    attempts = [event for event in hooked.events() if event.event_id.startswith("evt_1:")]
    assert [(one.event_id, one.time, one.properties) for one in attempts[:2]] == [
        (one.event_id, one.time, one.properties) for one in attempts[2:]
    ]
    assert facts(hooked)["arr"] == 240


async def test_nothing_is_taken_while_the_records_are_away(hooked: Ingest) -> None:
    hooked.stripe.away = True
    answer = await post_message(hooked, "billing", stripe_event(1, CREATED, subscription()))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["code"] == "webhook_records_unavailable"
    hooked.stripe.away = False
    await post(hooked, stripe_event(1, CREATED, subscription()))
    assert names(hooked) == ["account.updated", "contract.started"]


async def test_no_words_of_customers_are_kept(hooked: Ingest) -> None:
    """mapping.yml may say that they are private, and they are in the message if that comes again."""
    customer = {"id": "cus_1", "name": "Private GmbH", "metadata": {"account_id": "acme"}}
    message = stripe_event(3, UPDATED, subscription(**LEAVING))
    hooked.broker.lose_next_ack()
    await post_message(hooked, "billing", stripe_event(1, "customer.created", customer))
    await post(hooked, stripe_event(2, CREATED, subscription()), message)
    async with hooked.stripe.transaction("billing") as kept:
        known = [*kept.customers.values(), *kept.subscriptions.values(), *kept.deliveries.values()]
    text = msgspec.json.encode(known).decode()
    assert ("cus_1" in text, "Private" in text, "competitor" in text) == (True, False, False)


async def test_an_unknown_currency_is_refused_with_the_reason_and_decided_anew_later(hooked: Ingest) -> None:
    message = stripe_event(1, CREATED, subscription("sub_1", {"price": price(1000, currency="gbp"), "quantity": 1}))
    [answer] = await post(hooked, message)
    [error] = answer["refused"][0]["errors"]
    assert (error["field"], error["reason"]) == ("data.object.currency", "bad_value")
    assert "no rate from GBP to EUR: add it in mapping.yml under webhooks.billing.rates" in error["detail"]
    assert hooked.events() == []
    # Nothing of it was stored: the sum of the others goes on without it, and with a rate it counts.
    rules = load_mapping(MAPPING.replace("USD: 0.5", "GBP: 2"), "mapping.yml")
    async with in_memory(rules=rules, webhook_secrets=SECRETS, stripe=hooked.stripe) as later:
        await topics_made(later)
        await post(later, message)
        assert facts(later)["arr"] == 240


async def test_a_price_in_tiers_leaves_the_arr_untold_and_tells_the_rest(hooked: Ingest) -> None:
    tiers = subscription("sub_1", {"price": price(None, billing_scheme="tiered"), "quantity": 4})
    await post(hooked, stripe_event(1, CREATED, tiers))
    assert told(hooked, "contract.started") == [{"seats": 4, "contract_start": "2025-01-01"}]


async def test_a_payment_of_one_invoice_does_not_hide_the_failure_of_another(hooked: Ingest) -> None:
    """Both events have the invoice, by which scorecard.yml's flag is cleared."""
    await post(hooked, stripe_event(1, CREATED, subscription()))
    for number, (kind, invoice) in enumerate([("invoice.payment_failed", "in_A"), ("invoice.paid", "in_B")], 2):
        tree = {
            "id": invoice,
            "customer": "cus_1",
            "subscription": "sub_1",
            "currency": "jpy",
            "amount_due": 4200,
            "amount_paid": 4200,
        }
        await post(hooked, stripe_event(number, kind, tree))
    assert told(hooked, "invoice.payment_failed") == [{"invoice": "in_A", "amount": 4200, "currency": "JPY"}]
    assert told(hooked, "invoice.paid") == [{"invoice": "in_B", "amount": 4200, "currency": "JPY"}]
    assert {event.account_id for event in hooked.events()} == {"acme"}


def invoice(reason: str, **more: Any) -> dict[str, Any]:
    tree = {"id": "in_1", "customer": "cus_1", "subscription": "sub_1", "currency": "eur", "amount_due": 1000}
    return {**tree, "amount_paid": 0, "billing_reason": reason, **more}


async def test_a_first_payment_that_never_succeeds_is_no_arrears(hooked: Ingest) -> None:
    """The subscription is incomplete; after a day Stripe ends it and voids the invoice."""
    answers = await post(
        hooked,
        stripe_event(1, "invoice.payment_failed", invoice("subscription_create")),  # before its subscription is known
        stripe_event(2, CREATED, subscription(status="incomplete")),
        stripe_event(3, "invoice.payment_failed", invoice("subscription_create")),
        stripe_event(4, UPDATED, subscription(status="incomplete_expired"), before={"status": "incomplete"}),
        stripe_event(5, "invoice.voided", invoice("subscription_create")),
    )
    assert [one["ignored"] for one in answers] == [["nothing_to_tell"]] * 5
    assert hooked.events() == []


async def test_a_first_invoice_of_a_live_subscription_may_fail(hooked: Ingest) -> None:
    """A debit may fail days after the subscription began."""
    await post(hooked, stripe_event(1, CREATED, subscription()))
    await post(hooked, stripe_event(2, "invoice.payment_failed", invoice("subscription_create")))
    assert told(hooked, "invoice.payment_failed") == [{"invoice": "in_1", "amount": 10, "currency": "EUR"}]


async def test_of_a_voided_invoice_nothing_is_owed_and_of_an_uncollectible_one_all_is(hooked: Ingest) -> None:
    await post(hooked, stripe_event(1, CREATED, subscription()))
    [failed, lost, voided] = await post(
        hooked,
        stripe_event(2, "invoice.payment_failed", invoice("subscription_cycle")),
        stripe_event(3, "invoice.marked_uncollectible", invoice("subscription_cycle")),
        stripe_event(4, "invoice.voided", invoice("subscription_cycle")),
    )
    assert (failed["events"], lost["ignored"], voided["events"]) == (1, ["unknown_type"], 1)
    assert told(hooked, "invoice.paid") == [{"invoice": "in_1", "amount": 0, "currency": "EUR"}]


async def test_an_invoice_finds_its_account_by_the_first_thing_that_names_it(hooked: Ingest) -> None:
    await post(
        hooked,
        stripe_event(1, "customer.created", {"id": "cus_1", "metadata": {"account_id": "of-customer"}}),
        stripe_event(2, CREATED, subscription(metadata={"account_id": "of-subscription"})),
    )
    parent = {"subscription_details": {"subscription": "sub_1"}}
    details = {"metadata": {"account_id": "of-details"}, "subscription": "sub_9"}
    ways: list[tuple[dict[str, Any], str]] = [
        ({"metadata": {"account_id": "of-invoice"}, "subscription": "sub_1"}, "of-invoice"),
        ({"subscription": "sub_1"}, "of-subscription"),
        ({"parent": parent}, "of-subscription"),  # new versions of the API
        ({"parent": {"subscription_details": details}}, "of-details"),
        ({}, "of-customer"),
    ]
    for number, (more, account_id) in enumerate(ways, 3):
        await post(hooked, stripe_event(number, "invoice.paid", {"id": "in_1", "customer": "cus_1", **more}))
        [event] = [one for one in hooked.events() if one.event_id.startswith(f"evt_{number}:")]
        assert event.account_id == account_id


async def test_a_customer_has_facts_and_names_the_account_of_subscriptions_that_came_before(hooked: Ingest) -> None:
    unnamed = subscription(metadata={})
    [early] = await post(hooked, stripe_event(1, CREATED, unnamed))
    assert early["refused"][0]["errors"][0]["reason"] == "no_account"
    customer = {"id": "cus_1", "name": "Acme GmbH", "address": {"country": "DE"}, "metadata": {"account_id": "acme"}}
    await post(hooked, stripe_event(2, "customer.updated", customer))
    known = facts(hooked)
    assert (known["name"], known["country"], known["arr"]) == ("Acme GmbH", "DE", 120)
    await post(hooked, stripe_event(3, UPDATED, subscription("sub_1", {"price": price(2000)}, metadata={})))
    assert facts(hooked)["arr"] == 240
    # The one that was refused can come again now.
    [again] = await post(hooked, stripe_event(1, CREATED, unnamed))
    assert again["refused"] == []


async def test_a_customer_who_is_given_to_another_account_takes_the_subscriptions_along(hooked: Ingest) -> None:
    await post(
        hooked,
        stripe_event(1, "customer.created", {"id": "cus_1", "metadata": {"account_id": "wrong"}}),
        stripe_event(2, CREATED, subscription(metadata={})),
        stripe_event(3, "customer.updated", {"id": "cus_1", "metadata": {"account_id": "right"}}),
    )
    assert (facts(hooked, "wrong")["arr"], facts(hooked, "right")["arr"]) == (0, 120)
    assert "contract.ended" not in names(hooked)


async def test_a_subscription_that_is_given_to_another_account_began_and_ended_nothing(hooked: Ingest) -> None:
    await post(
        hooked,
        stripe_event(1, CREATED, subscription("sub_1")),
        stripe_event(2, CREATED, subscription("sub_2")),
        stripe_event(3, UPDATED, subscription("sub_2", metadata={"account_id": "other"})),
    )
    assert (facts(hooked)["arr"], facts(hooked, "other")["arr"]) == (120, 120)
    assert names(hooked).count("contract.started") == 1
    assert "contract.ended" not in names(hooked)


async def test_the_customers_id_is_the_account_if_the_mapping_says_so() -> None:
    rules = load_mapping(MAPPING.replace("sender: stripe,", "sender: stripe, id_is_account: true,"), "mapping.yml")
    async with in_memory(rules=rules, webhook_secrets=SECRETS) as ingest:
        await topics_made(ingest)
        await post(ingest, stripe_event(1, CREATED, subscription(metadata={})))
        await post(ingest, stripe_event(2, CREATED, subscription("sub_2", metadata={})))
        await post(ingest, stripe_event(3, "invoice.paid", {"id": "in_1", "customer": "cus_1"}))
        assert {event.account_id for event in ingest.events()} == {"cus_1"}
        assert facts(ingest, "cus_1")["arr"] == 240
        # Until somebody names the account.
        await post(ingest, stripe_event(4, "customer.updated", {"id": "cus_1", "metadata": {"account_id": "acme"}}))
        assert (facts(ingest, "cus_1")["arr"], facts(ingest)["arr"]) == (0, 240)


async def test_types_that_make_no_event_are_acknowledged_and_counted(hooked: Ingest) -> None:
    [answer] = await post(hooked, stripe_event(1, "charge.succeeded", {"id": "ch_1"}))
    assert (answer["events"], answer["ignored"]) == (0, ["unknown_type"])
    assert await hooked.metric('churn_ingest_messages_ignored_total{reason="unknown_type"}') == 1


async def test_a_value_of_another_type_is_refused_by_its_path(hooked: Ingest) -> None:
    broken = subscription(items={"data": [{"price": price("ten"), "quantity": 1}]})
    [answer] = await post(hooked, stripe_event(1, CREATED, broken))
    [error] = answer["refused"][0]["errors"]
    assert (error["field"], error["reason"]) == ("data.object.items.data[0].price.unit_amount", "wrong_type")
    assert json.loads(hooked.records("account.events.v1.dead")[0].value or b"")["id"] == "evt_1"


async def test_events_have_the_time_of_the_message(hooked: Ingest) -> None:
    await post(hooked, stripe_event(7, CREATED, subscription()))
    assert {event.time.timestamp() for event in hooked.events()} == {SECONDS - 3600 + 7}
