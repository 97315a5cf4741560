"""Segment's and RudderStack's requests as their clients make them."""

import gzip
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from common.topics import Topics
from ingest.in_memory import NOW, Ingest

Post = Callable[..., Awaitable[httpx.Response]]
TRACK: dict[str, Any] = {
    "type": "track",
    "messageId": "m-1",
    "userId": "u-1",
    "event": "Report Exported",
    "context": {"groupId": "acme"},
}
DEAD = Topics("").dead
GROUP = {"type": "group", "messageId": "m-2", "userId": "u-1", "groupId": "acme", "traits": {"name": "Acme", "arr": 5}}


async def test_a_batch_becomes_events_of_its_accounts(sdk: Ingest, post: Post) -> None:
    answer = await post("/v1/batch", {"batch": [GROUP, TRACK], "sentAt": NOW.isoformat()})
    assert answer.json() == {"success": True, "messages": 2, "events": 2, "ignored": 0, "rejected": 0, "errors": []}
    facts, exported = sorted(sdk.events(), key=lambda event: event.name)
    assert (facts.name, facts.account_id, facts.properties) == ("account.updated", "acme", {"name": "Acme", "arr": 5})
    assert (exported.name, exported.account_id, exported.event_id) == ("report.exported", "acme", "m-1")
    assert exported.user_id == "u-1"


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/batch/"])
async def test_a_slash_at_the_end_is_no_redirect(sdk: Ingest, post: Post, path: str) -> None:
    await post(path, {"batch": [TRACK]})
    assert [event.event_id for event in sdk.events()] == ["m-1"]


async def test_gzip_is_taken_whatever_the_content_type_says(sdk: Ingest, post: Post) -> None:
    body = gzip.compress(json.dumps({"batch": [TRACK]}).encode())
    await post("/v1/batch", body, content_type="application/x-www-form-urlencoded", content_encoding="gzip")
    assert [event.event_id for event in sdk.events()] == ["m-1"]


SINGLES: list[tuple[str, dict[str, Any], str]] = [
    ("/v1/track", {"event": "Report Exported"}, "report.exported"),
    ("/v1/page", {"name": "Reports"}, "page.viewed"),
    ("/v1/screen", {"name": "Reports"}, "page.viewed"),
    ("/v1/identify", {"traits": {"email": "ann@acme.example"}}, "user.updated"),
    ("/v1/group", {"groupId": "acme", "traits": {"name": "Acme"}}, "account.updated"),
    # analytics.js in a browser.
    ("/v1/t", {"event": "Report Exported"}, "report.exported"),
]


@pytest.mark.parametrize(("path", "body", "name"), SINGLES)
async def test_a_path_takes_one_message_of_its_type(
    sdk: Ingest, post: Post, path: str, body: dict[str, Any], name: str
) -> None:
    await post(path, {"messageId": "m-1", "userId": "u-1", "context": {"groupId": "acme"}, **body})
    assert [(event.name, event.account_id) for event in sdk.events()] == [(name, "acme")]


async def test_a_browser_has_its_key_in_the_body(sdk: Ingest, key: str) -> None:
    for path, body in (("/v1/t", TRACK), ("/v1/b", {"batch": [{**TRACK, "messageId": "m-2"}]})):
        content = json.dumps({**body, "writeKey": key}).encode()
        assert (await sdk.post(content, path, content_type="text/plain")).status_code == 200
    assert sorted(event.event_id for event in sdk.events()) == ["m-1", "m-2"]


async def test_a_message_of_one_path_is_set_aside_with_its_type_and_without_its_key(sdk: Ingest, key: str) -> None:
    body = json.dumps({"userId": "u-9", "event": "Report Exported", "writeKey": key}).encode()
    await sdk.post(body, "/v1/track")
    (letter,) = sdk.records(DEAD)
    assert json.loads(letter.value or b"") == {"userId": "u-9", "event": "Report Exported", "type": "track"}


async def test_nulls_unknown_fields_and_unknown_types_are_fine(sdk: Ingest, post: Post) -> None:
    message = {
        **TRACK,
        "properties": {"format": None, "pages": 3},
        "anonymousId": None,
        "timestamp": None,
        "integrations": {"All": False},
        "_metadata": [[{"deep": None}]],
    }
    answer = await post("/v1/batch", {"batch": [message, {"type": "heartbeat"}], "debug": None})
    assert (answer.json()["events"], answer.json()["ignored"]) == (1, 1)
    assert sdk.events()[0].properties == {"pages": 3}


async def test_nan_as_pythons_clients_write_it_costs_a_value_and_no_message(sdk: Ingest, post: Post) -> None:
    body = json.dumps({"batch": [{**TRACK, "properties": {"rate": float("nan"), "pages": 3}}]}).encode()
    assert b"NaN" in body
    await post("/v1/batch", body)
    assert sdk.events()[0].properties == {"pages": 3}


# What JavaScript writes of a text that was cut within an emoji, and a path with a backslash.
ODD_TEXTS: list[tuple[bytes, str]] = [
    (rb"cut \ud83d", "cut \ufffd"),
    (rb"\ude00", "\ufffd"),
    (rb"\ud83d\ude00 \ud83d", "\U0001f600 \ufffd"),
    (rb"C:\\ud800 \ud83d", "C:\\ud800 \ufffd"),
]


@pytest.mark.parametrize(("written", "read"), ODD_TEXTS)
async def test_half_an_emoji_fails_neither_its_message_nor_its_batch(
    sdk: Ingest, post: Post, written: bytes, read: str
) -> None:
    batch = json.dumps({"batch": [{**TRACK, "properties": {"title": "TITLE"}}, {**TRACK, "messageId": "m-2"}]})
    await post("/v1/batch", batch.encode().replace(b"TITLE", written))
    first, second = sorted(sdk.events(), key=lambda event: event.event_id)
    assert (first.properties, second.event_id) == ({"title": read}, "m-2")


async def test_a_message_with_an_endless_id_is_set_aside_and_never_sent_again(sdk: Ingest, post: Post) -> None:
    answer = await post("/v1/batch", {"batch": [{**TRACK, "messageId": "m" * 1_200_000}]})
    assert answer.json()["rejected"] == 1
    (letter,) = sdk.records(DEAD)
    assert letter.value == b""
    assert sum(len(text) for _, text in letter.headers) < 2_000


BAD: list[tuple[Any, str]] = [
    (5, "not_an_object"),
    ({**TRACK, "type": None}, "missing"),
    ({**TRACK, "event": None}, "missing"),
    ({**TRACK, "event": {"no": "text"}}, "missing"),
    ({**TRACK, "event": "ありがとう"}, "bad_name"),
    ({**TRACK, "timestamp": "yesterday"}, "bad_time"),
    ({**TRACK, "timestamp": (NOW - timedelta(days=40)).isoformat()}, "too_old"),
    ({**TRACK, "messageId": "m" * 129}, "too_long"),
    ({**TRACK, "context": {}, "userId": None}, "no_account"),
    ({"type": "group", "userId": "u-1"}, "missing"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
async def test_one_bad_message_does_not_fail_its_batch(sdk: Ingest, post: Post, bad: Any, reason: str) -> None:
    answer = await post("/v1/batch", {"batch": [bad, {**TRACK, "messageId": "m-good"}]})
    assert [event.event_id for event in sdk.events()] == ["m-good"]
    assert answer.json()["errors"][0]["index"] == 0
    assert answer.json()["errors"][0]["errors"][0]["reason"] == reason
    assert len(sdk.records(DEAD)) == 1


# Without an event's name a message is refused. Of two values under one key the last counts.
REFUSED = (
    b'{ "type":"track", "type" : "track","messageId":"m-1" }',
    b'{"messageId":"m-2","type":"track","properties":{"a":1e2,"a":[ ]}}',
    '{"type":"track","messageId":"m-3","userId":"\\u00e9 é"}'.encode(),
)
# Each fails only its own message.
NOT_DECODABLE = (
    b'{"type":"track","n":1e999}',
    b'{"type":"track","text":"\xff"}',
    b'{"type":"track","n":' + b"9" * 5000 + b"}",
)


@pytest.mark.parametrize("texts", [REFUSED, NOT_DECODABLE, (*REFUSED, *NOT_DECODABLE)])
async def test_a_refused_message_is_set_aside_byte_for_byte_as_it_came(
    sdk: Ingest, post: Post, texts: tuple[bytes, ...]
) -> None:
    good = json.dumps({**TRACK, "messageId": "m-good"}).encode()
    answer = await post("/v1/batch", b'{"batch": [' + b" ,\n".join([*texts, good]) + b"]}")
    assert [event.event_id for event in sdk.events()] == ["m-good"]
    assert answer.json()["rejected"] == len(texts)
    assert sorted(letter.value or b"" for letter in sdk.records(DEAD)) == sorted(texts)


async def test_a_time_by_a_clock_that_is_wrong_is_put_right(sdk: Ingest, post: Post) -> None:
    day = timedelta(days=1)
    message = {**TRACK, "timestamp": (NOW + day - timedelta(hours=1)).isoformat()}
    await post("/v1/batch", {"batch": [message], "sentAt": (NOW + day).isoformat()})
    assert sdk.events()[0].time == NOW - timedelta(hours=1)


async def test_rudderstacks_time_has_another_name(sdk: Ingest, post: Post) -> None:
    await post("/v1/batch", {"batch": [{**TRACK, "originalTimestamp": "2026-01-31T11:00:00Z"}]})
    assert sdk.events()[0].time == datetime.fromisoformat("2026-01-31T11:00:00+00:00")


async def test_rudderstacks_traits_of_a_person_are_in_the_context(sdk: Ingest, post: Post) -> None:
    context = {"groupId": "acme", "traits": {"email": "ann@acme.example"}}
    await post("/v1/batch", {"batch": [{"type": "identify", "userId": "u-1", "context": context}]})
    assert sdk.events()[0].properties == {"email": "ann@acme.example"}


async def test_a_batch_at_the_address_of_imports_is_live(sdk: Ingest, post: Post) -> None:
    """Segment's clients for Ruby, Java and Android post all their batches there."""
    await post("/v1/import", {"batch": [TRACK]})
    assert [event.history for event in sdk.events()] == [False]


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import", "/v1/track"])
async def test_an_import_is_asked_for_with_a_parameter(sdk: Ingest, post: Post, path: str) -> None:
    old = {**TRACK, "timestamp": (NOW - timedelta(days=400)).isoformat()}
    body = old if path == "/v1/track" else {"batch": [old]}
    await post(f"{path}?history=true", body)
    assert [event.history for event in sdk.events()] == [True]


async def test_a_parameter_that_is_neither_true_nor_false_is_refused(sdk: Ingest, key: str) -> None:
    answer = await sdk.post({"batch": [TRACK]}, "/v1/batch?history=yes", authorization=f"Bearer {key}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_parameter")
    assert sdk.events() == []
