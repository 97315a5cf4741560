"""No message of a sender causes a 500: any value may be anywhere, for a secret may leak and a sender may change."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.in_memory import Ingest
from support.examples import examples
from support.webhooks import SECONDS, post_message, price, stripe_event, subscription

QUICK = settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1.5, 10**30, 1e300, "", "\u0000", "x" * 9000, "0", [], {}, [[]], [{}], {"data": 1}, {"a": {}}]
)
anything = odd | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
INVOICE = {
    "id": "in_1",
    "customer": "cus_1",
    "subscription": "sub_1",
    "currency": "eur",
    "amount_due": 1,
    "amount_paid": 1,
    "metadata": {},
    "parent": {"subscription_details": {"subscription": "sub_1"}},
}
CUSTOMER = {"id": "cus_1", "name": "Acme", "address": {"country": "DE"}, "metadata": {"account_id": "acme"}}
FULL = subscription(
    "sub_1",
    {
        "price": price(1, transform_quantity={"divide_by": 2, "round": "up"}),
        "quantity": 1,
        "current_period_end": 1,
        "discounts": [{"source": {"coupon": {"duration": "forever", "percent_off": 1}}}],
    },
    cancellation_details={"comment": "a", "feedback": "b", "reason": "c"},
    discount={"coupon": {"duration": "forever", "percent_off": 1, "amount_off": 1, "currency": "eur"}},
    discounts=[{"coupon": {"duration": "forever", "percent_off": 1}}],
    pause_collection={"behavior": "void"},
    cancel_at=1,
)
STRIPE = [
    stripe_event(1, "customer.subscription.created", FULL),
    stripe_event(1, "customer.subscription.updated", FULL, before=FULL),
    stripe_event(1, "customer.subscription.deleted", FULL),
    stripe_event(1, "customer.updated", CUSTOMER),
    stripe_event(1, "invoice.paid", INVOICE),
    stripe_event(1, "invoice.payment_failed", {**INVOICE, "billing_reason": "subscription_create"}),
]
DETAIL = {"id": "1", "organization_id": "2", "priority": "low", "created_at": "2026-01-01T00:00:00Z", "requester_id": 3}
EVENT = {"previous": "OPEN", "current": "SOLVED", "rating": "good", "comment": "x"}
ZENDESK = [
    {"type": f"zen:event-type:{kind}", "id": "1", "time": "2026-01-01T00:00:00Z", "detail": DETAIL, "event": EVENT}
    for kind in ("ticket.created", "ticket.status_changed", "ticket.satisfaction_rated", "organization.updated")
]
ITEM = {
    "id": "1",
    "created_at": 1,
    "priority": "priority",
    "company": {"id": "1"},
    "company_id": "acme",
    "name": "A",
    "contacts": {"contacts": [{"external_id": "ann"}]},
    "conversation_rating": {"rating": 1, "remark": "x"},
}
TOPICS = ("conversation.user.created", "conversation.admin.closed", "conversation.rating.added", "company.updated")
INTERCOM = [
    {"topic": topic, "id": "n", "created_at": SECONDS, "first_sent_at": SECONDS, "data": {"item": ITEM}}
    for topic in TOPICS
]
CRM = [
    {
        "eventId": 1,
        "subscriptionType": "company.propertyChange",
        "propertyName": "arr",
        "propertyValue": "1",
        "objectId": 1,
        "occurredAt": SECONDS,
    }
]
COMPANIES = [{**CRM[0], "subscriptionId": 2, "propertyName": name} for name in ("account_id", "name", "renewal")]
MESSAGES: dict[str, list[dict[str, Any]]] = {
    "billing": STRIPE,
    "desk": ZENDESK,
    "chat": INTERCOM,
    "companies": COMPANIES,
    "crm": CRM,
}
ONE_OF_EACH_TYPE: tuple[Any, ...] = (None, True, 1e300, "\u0000", [None], {"id": {}})


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a message."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place for key, value in inner for place in [(*path, key), *places(value, (*path, key))]]


def with_value(message: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed: Any = deepcopy(message)
    tree = changed
    for key in place[:-1]:
        tree = tree[key]
    tree[place[-1]] = value
    return dict(changed)


async def check(ingest: Ingest, webhook: str, message: Any) -> None:
    answer = await post_message(ingest, webhook, json.dumps(message).encode())
    assert answer.status_code in (200, 400), (message, answer.text)


@pytest.mark.parametrize("webhook", MESSAGES)
@QUICK
@given(data=st.data())
async def test_any_value_in_any_place_is_answered(hooked: Ingest, webhook: str, data: st.DataObject) -> None:
    message = data.draw(st.sampled_from(MESSAGES[webhook]))
    place = data.draw(st.sampled_from(places(message)))
    await check(hooked, webhook, with_value(message, place, data.draw(anything)))


@pytest.mark.parametrize("webhook", MESSAGES)
async def test_each_value_may_have_any_type(hooked: Ingest, webhook: str) -> None:
    number = 0
    for message in MESSAGES[webhook]:
        for place in places(message):
            for value in ONE_OF_EACH_TYPE:
                # Each has an id of its own: a message that came before would not be read again.
                number += 1
                own = {**message, "id": f"evt_{number}"} if "id" in message else message
                await check(hooked, webhook, with_value(own, place, value))


@pytest.mark.parametrize("webhook", MESSAGES)
@QUICK
@given(body=st.binary(max_size=100) | anything.map(lambda value: json.dumps(value).encode()))
async def test_any_signed_bytes_are_answered(hooked: Ingest, webhook: str, body: bytes) -> None:
    assert (await post_message(hooked, webhook, body)).status_code in (200, 400)
