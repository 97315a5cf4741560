"""What clients need as an answer: exactly 200, errors with `code` and `message`, whole seconds to wait."""

import base64
import json
from typing import Any

import pytest

from common.token_bucket import RateLimit
from common.topics import Topics
from ingest.in_memory import Ingest, in_memory
from ingest.mapping.rules import MappingRules

POSTHOG: dict[str, Any] = {
    "event": "Report Exported",
    "distinct_id": "u-1",
    "properties": {"$groups": {"company": "acme"}},
}
AMPLITUDE = {"event_type": "Report Exported", "user_id": "u-1", "groups": {"company": "acme"}}
MIXPANEL: dict[str, Any] = {"event": "Report Exported", "properties": {"distinct_id": "u-1", "company_id": "acme"}}


def basic(key: str) -> str:
    return f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}"


def requests(key: str) -> list[tuple[str, Any, dict[str, str]]]:
    """One of each format, with the key where its client has it."""
    segment = {"type": "track", "userId": "u-1", "event": "Report Exported", "context": {"groupId": "acme"}}
    mixpanel = {**MIXPANEL, "properties": {**MIXPANEL["properties"], "token": key}}
    cloudevent = {"specversion": "1.0", "id": "1", "source": "/a", "type": "report.exported", "accountid": "acme"}
    structured = {"content_type": "application/cloudevents+json", "authorization": f"Bearer {key}"}
    return [
        ("/v1/batch", {"batch": [segment]}, {"authorization": basic(key)}),
        ("/batch/", {"api_key": key, "batch": [POSTHOG]}, {}),
        ("/capture/", {"api_key": key, **POSTHOG}, {}),
        ("/e/", [{**POSTHOG, "properties": {**POSTHOG["properties"], "token": key}}], {}),
        ("/i/v0/e/", {"token": key, **POSTHOG}, {}),
        ("/batch", {"api_key": key, "events": [AMPLITUDE]}, {}),
        ("/2/httpapi", {"api_key": key, "events": [AMPLITUDE]}, {}),
        ("/track?verbose=1", [mixpanel], {}),
        ("/import", [MIXPANEL], {"authorization": basic(key)}),
        ("/v1/cloudevents", cloudevent, structured),
    ]


async def test_what_was_taken_is_answered_with_200_and_json(sdk: Ingest, key: str) -> None:
    for path, body, headers in requests(key):
        answer = await sdk.post(body, path, **headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), path
        assert answer.json()["events"] == 1, path
    assert {event.account_id for event in sdk.events()} == {"acme"}
    assert "token" not in {name for event in sdk.events() for name in event.properties}


async def test_a_key_that_is_none_is_answered_with_code_and_message(sdk: Ingest) -> None:
    for path, body, headers in requests("phc_nobody"):
        answer = await sdk.post(body, path, **headers)
        assert answer.status_code == 401, path
        assert {"code", "message"} <= answer.json().keys(), path
    assert sdk.events() == []


async def test_no_key_is_answered_with_code_and_message(sdk: Ingest, key: str) -> None:
    for path, body, _ in requests(key):
        bare = json.loads(
            json.dumps(body).replace(key, "").replace('"api_key": "", ', "").replace('"token": ""', '"a": 1')
        )
        answer = await sdk.post(bare, path, content_type="application/cloudevents+json")
        assert (answer.status_code, {"code", "message"} <= answer.json().keys()) == (401, True), path


async def test_a_key_without_the_scope_is_refused(sdk: Ingest) -> None:
    key = sdk.keys.create(scopes=frozenset())
    for path, body, headers in requests(key):
        assert (await sdk.post(body, path, **headers)).status_code == 403, path


def bodies_with_the_key(key: str) -> list[tuple[str, str]]:
    """In each two messages, or one, with the key in them, and NUMBER in the first one."""
    posthog = [{**POSTHOG, "properties": {**POSTHOG["properties"], "token": key, "n": n}} for n in ("NUMBER", 1)]
    mixpanel = [{**MIXPANEL, "properties": {**MIXPANEL["properties"], "token": key, "n": n}} for n in ("NUMBER", 1)]
    return [
        ("/batch", json.dumps({"api_key": key, "batch": posthog})),
        ("/batch", json.dumps({"batch": posthog})),
        ("/e", json.dumps(posthog)),
        ("/capture", json.dumps({**posthog[0], "api_key": key})),
        ("/track?verbose=1", json.dumps(mixpanel)),
        ("/track?verbose=1", json.dumps(mixpanel[0])),
        ("/import", "\n".join(map(json.dumps, mixpanel))),
    ]


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 5_000])
async def test_a_number_out_of_range_refuses_its_message_only(sdk: Ingest, key: str, number: str) -> None:
    for path, body in bodies_with_the_key(key):
        answer = await sdk.post(body.replace('"NUMBER"', number).encode(), path)
        assert answer.status_code == 200, (path, answer.text)
        found = answer.json()
        assert (found["rejected"], found["errors"][0]["index"]) == (1, 0), path
        assert found["events"] == found["messages"] - 1, path
    letters = sdk.records(Topics("").dead)
    assert len(letters) == 7
    for letter in letters:
        assert number.encode() in (letter.value or b"")
        assert key.encode() not in (letter.value or b"")


@pytest.mark.parametrize("lead", [b"", b" \n", b"\xef\xbb\xbf"])
async def test_json_with_an_address_in_it_is_not_taken_for_a_form(sdk: Ingest, key: str, lead: bytes) -> None:
    address = {"$current_url": "https://example.com/?page=1&data=abc"}
    posthog = {
        "properties": {**address, "token": key, "$groups": {"company": "acme"}},
        "event": "a",
        "distinct_id": "u",
    }
    mixpanel = {"properties": {**address, "token": key, "company_id": "acme"}, "event": "Report Exported"}
    for path, body in (
        ("/e", posthog),
        ("/e", [posthog]),
        ("/track?verbose=1", mixpanel),
        ("/track?verbose=1", [mixpanel]),
    ):
        answer = await sdk.post(lead + json.dumps(body).encode(), path)
        assert (answer.status_code, answer.json().get("events")) == (200, 1), (path, answer.text)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/batch", b""),
        ("/v1/batch", b"{"),
        ("/v1/batch", b"[]"),
        ("/v1/batch", b'{"batch": {}}'),
        ("/v1/track", b"[]"),
        ("/2/httpapi", b'{"events": 5}'),
        ("/import", b"{"),
        ("/v1/batch", b"[" * 100_000),
        ("/v1/batch", b'{"batch": [' + b"[" * 100_000),
    ],
)
async def test_a_body_that_cannot_be_read_is_answered_with_400(sdk: Ingest, key: str, path: str, body: bytes) -> None:
    answer = await sdk.post(body, path, authorization=basic(key))
    assert (answer.status_code, {"code", "message"} <= answer.json().keys()) == (400, True), answer.text


async def test_more_messages_than_a_request_may_have_are_answered_with_413(sdk: Ingest, key: str) -> None:
    answer = await sdk.post({"batch": [1] * 10_001}, "/v1/batch", authorization=basic(key))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_items")


async def test_who_sends_too_fast_is_told_the_seconds_to_wait(rules: MappingRules) -> None:
    async with in_memory(rules=rules, rate=RateLimit(per_second=0.5, burst=1)) as built:
        del built.http.headers["authorization"]
        first, *others = requests(built.keys.create())
        assert (await built.post(first[1], first[0], **first[2])).status_code == 200
        for path, body, headers in others:
            answer = await built.post(body, path, **headers)
            assert answer.status_code == 429, path
            assert int(answer.headers["retry-after"]) > 0
            assert {"code", "message"} <= answer.json().keys()


async def test_while_the_log_takes_nothing_a_request_is_to_come_again(rules: MappingRules) -> None:
    async with in_memory(rules=rules, unacked_bytes=1) as built:
        del built.http.headers["authorization"]
        for path, body, headers in requests(built.keys.create()):
            answer = await built.post(body, path, **headers)
            assert answer.status_code == 503, path
            assert int(answer.headers["retry-after"]) > 0
            assert {"code", "message"} <= answer.json().keys()
