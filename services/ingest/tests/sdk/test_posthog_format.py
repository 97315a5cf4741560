"""PostHog's requests as its clients for servers and browsers make them."""

import base64
import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from common.topics import Topics
from ingest.in_memory import NOW, Ingest

EVENT: dict[str, Any] = {
    "event": "Report Exported",
    "uuid": "e-1",
    "distinct_id": "u-1",
    "properties": {"$groups": {"company": "acme"}, "$lib": "posthog-python", "format": "pdf"},
}


def event(name: str, **properties: Any) -> dict[str, Any]:
    return {**EVENT, "event": name, "properties": {**EVENT["properties"], **properties}}


async def posted(sdk: Ingest, key: str, *events: dict[str, Any]) -> dict[str, Any]:
    answer = await sdk.post({"api_key": key, "batch": list(events), "sent_at": NOW.isoformat()}, "/batch/")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_event_keeps_what_the_product_says_and_loses_what_the_client_adds(sdk: Ingest, key: str) -> None:
    assert (await posted(sdk, key, EVENT))["status"] == 1
    (taken,) = sdk.events()
    assert (taken.event_id, taken.account_id, taken.user_id, taken.name) == ("e-1", "acme", "u-1", "report.exported")
    assert taken.properties == {"format": "pdf"}


async def test_a_group_is_the_account_if_the_mapping_says_so(sdk: Ingest, key: str) -> None:
    company = {"$group_type": "company", "$group_key": "acme", "$group_set": {"name": "Acme"}}
    project = {**company, "$group_type": "project"}
    answer = await posted(sdk, key, event("$groupidentify", **company), event("$groupidentify", **project))
    assert (answer["events"], answer["ignored"]) == (1, 1)
    (facts,) = sdk.events()
    assert (facts.name, facts.account_id, facts.user_id, facts.properties) == (
        "account.updated",
        "acme",
        None,
        {"name": "Acme"},
    )


async def test_an_event_with_a_group_tells_whose_its_person_is(sdk: Ingest, key: str) -> None:
    """PostHog has no message for it."""
    nobody = {**EVENT, "event": "$identify", "uuid": "e-2", "properties": {"$set": {"email": "ann@acme.example"}}}
    assert (await posted(sdk, key, EVENT))["events"] == 1
    assert (await posted(sdk, key, nobody))["events"] == 1
    person = next(one for one in sdk.events() if one.name == "user.updated")
    assert (person.account_id, person.user_id, person.properties) == ("acme", "u-1", {"email": "ann@acme.example"})


async def test_an_alias_makes_two_ids_one_person(sdk: Ingest, key: str) -> None:
    alias = {"event": "$create_alias", "distinct_id": "u-1", "properties": {"distinct_id": "u-1", "alias": "anon-1"}}
    later = {**EVENT, "distinct_id": "anon-1", "uuid": "e-3", "properties": {}}
    assert (await posted(sdk, key, EVENT, alias, later))["events"] == 2
    assert {one.account_id for one in sdk.events()} == {"acme"}


async def test_who_is_not_identified_is_no_person(sdk: Ingest, key: str) -> None:
    await posted(sdk, key, event("Report Exported", **{"$is_identified": False}))
    assert sdk.events()[0].user_id is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        # mapping.yml lists it.
        ("$autocapture", "by_mapping"),
        ("$feature_flag_called", "by_mapping"),
        # PostHog may think of more.
        ("$something_new", "unknown_type"),
    ],
)
async def test_what_the_client_sends_by_itself_is_passed_over(sdk: Ingest, key: str, name: str, reason: str) -> None:
    assert (await posted(sdk, key, event(name)))["ignored"] == 1
    assert await sdk.metric(f'churn_ingest_messages_ignored_total{{reason="{reason}"}}') == 1
    assert sdk.events() == []


@pytest.mark.parametrize("name", ["$pageview", "$screen"])
async def test_pages_and_screens_are_page_views(sdk: Ingest, key: str, name: str) -> None:
    await posted(sdk, key, event(name, **{"$current_url": "https://app.example.com/reports"}))
    assert [one.name for one in sdk.events()] == ["page.viewed"]


BODIES: dict[str, Callable[[bytes], tuple[bytes, dict[str, str]]]] = {
    "JSON": lambda text: (text, {}),
    "compressed without a header that says so": lambda text: (gzip.compress(text), {"content_type": "text/plain"}),
    "a form with base64": lambda text: (urlencode({"data": base64.b64encode(text).decode(), "ip": 1}).encode(), {}),
    "a form with JSON": lambda text: (urlencode({"data": text.decode()}).encode(), {}),
}


@pytest.mark.parametrize("form", BODIES)
async def test_a_browser_writes_its_body_in_any_of_these_ways(sdk: Ingest, key: str, form: str) -> None:
    events = [{**EVENT, "properties": {**EVENT["properties"], "token": key}}]
    body, headers = BODIES[form](json.dumps(events).encode())
    answer = await sdk.post(body, "/e/?compression=gzip-js&_=1769860800000", **headers)
    assert answer.status_code == 200, answer.text
    assert [one.event_id for one in sdk.events()] == ["e-1"]


async def test_a_small_body_that_inflates_without_end_is_refused(sdk: Ingest) -> None:
    answer = await sdk.post(gzip.compress(b" " * 2_000_000), "/e/")
    assert (answer.status_code, answer.json()["code"]) == (413, "inflated_body_too_large")


async def test_how_old_an_event_is_may_stand_in_its_place(sdk: Ingest, key: str) -> None:
    await posted(sdk, key, {**EVENT, "offset": 5_000})
    assert sdk.events()[0].time == NOW - timedelta(seconds=5)


@pytest.mark.parametrize(
    ("migration", "query", "history"),
    [
        ({"historical_migration": True}, "", True),
        ({"historical_migration": True}, "?history=false", False),
        ({"historical_migration": False}, "", False),
        ({"historical_migration": "yes"}, "", False),
        ({}, "?history=true", True),
    ],
)
async def test_what_a_client_migrates_is_history(
    sdk: Ingest, key: str, migration: dict[str, Any], query: str, history: bool
) -> None:
    """Clients have an option for it, and send it with each batch."""
    body = {"api_key": key, "batch": [EVENT], **migration}
    assert (await sdk.post(body, f"/batch/{query}")).json()["events"] == 1
    assert [one.history for one in sdk.events()] == [history]


async def test_what_is_set_aside_has_no_key_in_it(sdk: Ingest, key: str) -> None:
    lost = {"event": "Report Exported", "distinct_id": "u-9", "properties": {"token": key}}
    assert (await sdk.post({"api_key": key, **lost}, "/capture/")).json()["rejected"] == 1
    (letter,) = sdk.records(Topics("").dead)
    assert key.encode() not in (letter.value or b"")


async def test_amplitudes_batches_come_to_the_same_path(sdk: Ingest, key: str) -> None:
    body = {"api_key": key, "events": [{"event_type": "Report Exported", "groups": {"company": "acme"}}]}
    answer = await sdk.post(body, "/batch")
    assert answer.json()["code"] == 200
    assert await sdk.metric('churn_ingest_messages_total{format="amplitude",outcome="accepted"}') == 1


@pytest.mark.parametrize("path", ["/flags", "/flags/", "/decide/"])
async def test_there_are_no_feature_flags_and_the_client_is_told(sdk: Ingest, path: str) -> None:
    answer = await sdk.post({}, f"{path}?v=2")
    assert (answer.status_code, answer.json()["flags"]) == (200, {})
