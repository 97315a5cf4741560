"""Messages of any other system, as mapping.yml describes them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from common.keys import Scope
from ingest.in_memory import NOW, Ingest, in_memory
from ingest.mapping.load import load_mapping
from support.webhooks import by_standard, post_message, topics_made

EITHER = """
version: 1
webhooks:
  crm:
    sender: json
    source: crm
    id: [uid, event]
    account: [externalId, objectId]
    events: [{name: account.updated, user: [email, contact]}]
"""
MILLISECONDS = int(NOW.timestamp()) * 1000


def change(number: int, name: str, value: Any, **more: Any) -> dict[str, Any]:
    return {
        "eventId": number,
        "subscriptionType": "company.propertyChange",
        "propertyName": name,
        "propertyValue": value,
        "objectId": 4711,
        "occurredAt": MILLISECONDS - 1000,
        **more,
    }


async def test_a_list_of_changes_of_companies_becomes_facts(hooked: Ingest) -> None:
    body = [change(1, "annualrevenue", "50000"), change(2, "phone", "1"), change(3, "arr", "much")]
    answer = (await post_message(hooked, "crm", body)).json()
    assert (answer["messages"], answer["events"], answer["ignored"]) == (3, 2, ["unknown_type"])
    first, second = hooked.events()
    assert (first.account_id, first.event_id, first.source) == ("4711", "1", "crm")
    assert (first.name, first.properties, first.time.timestamp()) == (
        "account.updated",
        {"arr": 50000},
        MILLISECONDS / 1000 - 1,
    )
    # A value that cannot be used is left out, and listed.
    assert (second.event_id, second.properties) == ("3", {})


async def test_the_first_event_whose_conditions_hold_counts(hooked: Ingest) -> None:
    deleted = {"eventId": 9, "subscriptionType": "company.deletion", "objectId": "acme", "changedBy": "dana"}
    assert (await post_message(hooked, "crm", deleted)).json()["events"] == 1
    [event] = hooked.events()
    assert (event.name, event.account_id, event.user_id) == ("contract.ended", "acme", "dana")


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-01-31T09:00:00Z", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31T10:00:00.000+0100", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        # Without a zone it is UTC.
        ("2026-01-31T09:00:00", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31 09:00:00", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        (1769850000, datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("1769850000000", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        # It tells no time, so it happened when it was received.
        ("", NOW),
        (None, NOW),
    ],
)
async def test_a_message_happened_at_the_time_that_it_tells(hooked: Ingest, time: Any, expected: datetime) -> None:
    await post_message(hooked, "crm", change(1, "arr", 50000, occurredAt=time))
    assert [event.time for event in hooked.events()] == [expected]


@pytest.mark.parametrize(
    "time", ["31.01.2026 09:00", "2026-01-31T25:00:00Z", "yesterday", -5, True, {"seconds": 1}, "9999-12-31T23:59:59Z"]
)
async def test_a_time_that_cannot_be_read_refuses_its_message(hooked: Ingest, time: Any) -> None:
    """As the present it would count a message of last year for today."""
    body = [change(1, "arr", 50000, occurredAt=time), change(2, "phone", "1", occurredAt=time), change(3, "arr", 1)]
    answer = (await post_message(hooked, "crm", body)).json()
    assert [one["index"] for one in answer["refused"]] == [0]
    [error] = answer["refused"][0]["errors"]
    assert (error["field"], error["reason"]) == ("occurredAt", "bad_time")
    # A message that makes no event is not refused for its time.
    assert answer["ignored"] == ["unknown_type"]
    assert [event.event_id for event in hooked.events()] == ["3"]


@pytest.mark.parametrize("empty", ["", None, {}, False])
async def test_what_is_no_id_does_not_hide_the_next_path(empty: Any) -> None:
    """HubSpot and Salesforce send an empty text for a field that nobody filled in."""
    rules = load_mapping(EITHER, "mapping.yml")
    async with in_memory(rules=rules) as ingest:
        await topics_made(ingest)
        message = {
            "externalId": empty,
            "objectId": 4711,
            "email": empty,
            "contact": "u-1",
            "uid": empty,
            "event": "e-1",
        }
        await post_message(ingest, "crm", message)
        [event] = ingest.events()
    assert (event.account_id, event.user_id, event.event_id) == ("4711", "u-1", "e-1")


async def test_a_json_webhook_needs_a_key_for_webhooks(hooked: Ingest) -> None:
    body = {"eventId": 9, "subscriptionType": "company.deletion", "objectId": "acme"}
    for scope, status in ((Scope.WEBHOOKS, 200), (Scope.WRITE, 200), (Scope.EVENTS, 403), (Scope.READ, 403)):
        token = hooked.keys.create(scopes=frozenset([scope]))
        answer = await hooked.http.post("/v1/webhooks/crm", json=body, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == status, scope
    token = hooked.keys.create(scopes=frozenset([Scope.WEBHOOKS]))
    assert (await hooked.http.post("/v1/webhooks/crm", json=body, auth=(token, ""))).status_code == 200
    del hooked.http.headers["authorization"]
    assert (await hooked.http.post("/v1/webhooks/crm", json=body)).status_code == 401


async def posted_signed(hooked: Ingest, webhook: str, body: bytes, *, message: str) -> None:
    answer = await hooked.http.post(f"/v1/webhooks/{webhook}", content=body, headers=by_standard(body, message=message))
    assert (answer.status_code, answer.json()["events"]) == (200, 1), answer.text


async def test_two_signed_messages_about_one_object_are_two_events(hooked: Ingest) -> None:
    """The `id` in the body may be that of the object."""
    body = b'{"id": "goal_1", "type": "goal.done", "data": {"account_id": "acme", "title": "x"}}'
    for message in ("msg_1", "msg_2"):
        await posted_signed(hooked, "hooks", body, message=message)
    assert [event.event_id for event in hooked.events()] == ["msg_1", "msg_2"]


async def test_an_id_that_the_mapping_names_has_precedence_over_the_signed_one(hooked: Ingest) -> None:
    """Such a sender signs each attempt with another id."""
    for message in ("msg_1", "msg_2"):
        body = b'{"key": "k-1", "type": "goal.done", "data": {"account_id": "acme", "title": "x"}}'
        await posted_signed(hooked, "keyed", body, message=message)
    body = b'{"type": "goal.done", "data": {"account_id": "acme", "title": "y"}}'
    await posted_signed(hooked, "keyed", body, message="msg_3")
    assert [event.event_id for event in hooked.events()] == ["k-1", "k-1", "msg_3"]


async def test_messages_in_one_signed_body_have_ids_of_their_own(hooked: Ingest) -> None:
    """The signed id is one for all."""
    done = {"type": "goal.done", "data": {"account_id": "acme", "title": "x"}}
    answer = await post_message(hooked, "hooks", [{"id": "1", **done}, {"event_id": "2", **done}])
    assert answer.json()["events"] == 2
    assert [event.event_id for event in hooked.events()] == ["1", "2"]


async def test_a_signed_message_has_the_id_that_was_signed_with_it(hooked: Ingest) -> None:
    body = b'{"type": "goal.done", "timestamp": "2026-01-31T11:00:00Z", "data": {"account_id": "acme", "title": "x"}}'
    answer = await hooked.http.post("/v1/webhooks/hooks", content=body, headers=by_standard(body, message="msg_7"))
    assert answer.status_code == 200
    [event] = hooked.events()
    assert (event.name, event.event_id, event.account_id) == ("goal.reached", "msg_7", "acme")
    assert (event.source, event.properties) == ("product", {"goal": "x"})
