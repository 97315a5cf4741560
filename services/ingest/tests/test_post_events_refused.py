"""POST /v1/events: who may post, how much at once, and what is answered while something is away."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.responses import Response
from structlog.testing import capture_logs

from common.health_endpoints import Readiness
from common.keyring import Keyring
from common.keys import Scope
from common.memory_keys import MemoryKeys
from common.token_bucket import RateLimit
from ingest import app
from ingest.in_memory import NOW, Ingest, in_memory
from ingest.publishing.event_names import EventNames
from ingest.receiving.bounds import BOUNDS
from ingest.receiving.post_request import PostRequest
from support.posted_events import BAD, GOOD, good, problem


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "no_key"),
        ("Basic d2ViOg==", "no_key"),
        ("Bearer ", "no_key"),
        ("Bearer secret", "bad_key"),
        (f"Bearer cs_0123456789ab_{'x' * 43}", "bad_key"),
    ],
)
async def test_without_a_key_that_is_known_nothing_is_taken(ingest: Ingest, authorization: str, code: str) -> None:
    answer = await ingest.post(GOOD, authorization=authorization)
    assert problem(answer) == (401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert ingest.records() == []


async def test_a_key_that_may_only_read_may_not_write(ingest: Ingest) -> None:
    token = ingest.keys.create(scopes=frozenset({Scope.READ}))
    assert problem(await ingest.post(GOOD, authorization=f"Bearer {token}")) == (403, "scope_missing")


async def test_keys_of_one_source_and_of_another(ingest: Ingest) -> None:
    token = ingest.keys.create(source="billing")
    await ingest.post(good(1), authorization=f"Bearer {token}")
    await ingest.post(good(2), authorization=f"bearer {token}")
    await ingest.post(good(3))
    assert [event.source for event in ingest.events()] == ["billing", "billing", "web"]


async def test_an_unknown_key_while_keys_cannot_be_read_is_told_to_come_again(ingest: Ingest) -> None:
    token = ingest.keys.create(source="new")
    await ingest.post(good(1))
    ingest.keys.away = True
    ingest.clock[0] += 3600
    answer = await ingest.post(good(2), authorization=f"Bearer cs_0123456789ab_{'x' * 43}")
    assert problem(answer) == (503, "keys_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert (await ingest.post(good(3), authorization=f"Bearer {token}")).status_code == 202, "known keys serve on"


async def test_a_key_that_sends_too_fast_waits_as_long_as_it_is_told() -> None:
    async with in_memory(rate=RateLimit(per_second=10, burst=20)) as ingest:
        other = f"Bearer {ingest.keys.create(source='other')}"
        assert (await ingest.post([good(number) for number in range(50)])).status_code == 202
        answer = await ingest.post(GOOD)
        assert problem(answer) == (429, "too_many_events")
        assert answer.headers["retry-after"] == "3"
        assert (await ingest.post(GOOD, authorization=other)).status_code == 202, "each key has its own share"
        ingest.clock[0] += 3.1
        assert (await ingest.post(GOOD)).status_code == 202


async def test_answers_to_a_key_with_a_limit_say_what_is_left_of_it() -> None:
    async with in_memory(rate=RateLimit(per_second=10, burst=20)) as ingest:
        taken = await ingest.post([good(number) for number in range(5)])
        assert taken.headers["ratelimit-policy"] == '"events";q=20;w=2'
        assert taken.headers["ratelimit"] == '"events";r=15;t=1'
        refused = await ingest.post(b"[")
        assert refused.headers["ratelimit"] == '"events";r=15;t=1', "a body that cannot be read costs nothing"
        await ingest.post([BAD] * 45)
        waiting = await ingest.post(GOOD)
        assert (waiting.status_code, waiting.headers["ratelimit"]) == (429, '"events";r=0;t=3')
        assert waiting.headers["retry-after"] == "3"


async def test_answers_to_a_key_without_a_limit_say_nothing_of_one(ingest: Ingest) -> None:
    stranger = await ingest.post(GOOD, authorization="Bearer secret")
    for answer in (await ingest.post(GOOD), await ingest.post(b"["), stranger):
        assert not {"ratelimit", "ratelimit-policy"} & answer.headers.keys()


async def test_a_key_has_its_own_limit_in_place_of_the_setting() -> None:
    async with in_memory(rate=RateLimit(per_second=10, burst=20)) as ingest:
        slow, free = (
            f"Bearer {ingest.keys.create(limit=limit)}"
            for limit in (RateLimit(per_second=1, burst=5), RateLimit(per_second=0, burst=0))
        )
        batch = [good(number) for number in range(25)]
        answers = [await ingest.post(batch, authorization=key) for key in (slow, free)]
        assert [answer.headers.get("ratelimit") for answer in answers] == ['"events";r=0;t=20', None]
        again = [(await ingest.post(GOOD, authorization=key)).status_code for key in (slow, free)]
        assert again == [429, 202]


async def test_rejected_events_count_as_sent() -> None:
    async with in_memory(rate=RateLimit(per_second=10, burst=20)) as ingest:
        await ingest.post([BAD] * 30)
        assert problem(await ingest.post(GOOD)) == (429, "too_many_events")


async def test_a_lost_acknowledgement_means_send_all_of_it_again(ingest: Ingest) -> None:
    assert (await ingest.post(good(0))).status_code == 202
    ingest.broker.lose_next_ack()
    answer = await ingest.post([good(1), BAD])
    assert problem(answer) == (503, "not_acknowledged")
    assert int(answer.headers["retry-after"]) > 0
    assert "same ids" in answer.json()["detail"]
    assert (await ingest.post([good(1), BAD])).status_code == 202
    assert [event.event_id for event in ingest.events()] == ["e-0", "e-1", "e-1"], "duplicates are for the reader"
    assert await ingest.metric('churn_ingest_events_total{outcome="unknown"}') == 1


async def test_a_broker_that_is_away_is_told_within_the_deadline() -> None:
    async with in_memory(ack_seconds=0.05) as ingest:
        assert (await ingest.post(good(1))).status_code == 202
        ingest.broker.go_offline()
        assert problem(await ingest.post(good(2))) == (503, "not_acknowledged")
        ingest.broker.go_online()
        assert (await ingest.post(good(2))).status_code == 202


async def test_more_unacknowledged_bytes_than_the_bound_are_not_buffered() -> None:
    async with in_memory(unacked_bytes=2000) as ingest:
        assert problem(await ingest.post([good(number) for number in range(100)])) == (503, "not_acknowledged")
        assert ingest.records() == []
        assert (await ingest.post(GOOD)).status_code == 202


async def test_a_body_over_the_memory_bound_is_refused_for_now() -> None:
    async with in_memory(memory_bytes=1000) as ingest:
        answer = await ingest.post([good(number) for number in range(100)])
        assert problem(answer) == (503, "busy")
        assert (await ingest.post(GOOD)).status_code == 202, "what it held is given back"
        assert await ingest.metric("churn_ingest_pending_bytes") == 0


async def streamed(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not() -> None:
    async with in_memory(bounds=replace(BOUNDS, body_bytes=1000, inflated_bytes=5000)) as ingest:
        large = json.dumps([good(number) for number in range(100)]).encode()
        for body in (large, streamed(large[:900], large[900:])):
            answer = await ingest.post(body)
            assert problem(answer) == (413, "body_too_large")
            assert "connection" not in answer.headers, "a proxy that still sends the body would lose the answer"
        bomb = gzip.compress(b" " * 100_000)
        assert problem(await ingest.post(bomb, content_encoding="gzip")) == (413, "inflated_body_too_large")


async def test_more_events_than_a_request_may_hold_are_refused(ingest: Ingest) -> None:
    assert problem(await ingest.post(b"[" + b"1," * 10_000 + b"1]")) == (413, "too_many_items")


async def test_a_body_that_comes_too_slowly_is_given_up() -> None:
    async def stuck() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.Event().wait()

    async with in_memory(body_seconds=0.05) as ingest:
        answer = await ingest.post(stuck())
        assert problem(answer) == (408, "slow_body")
        assert answer.headers["connection"] == "close"
        assert await ingest.metric("churn_ingest_pending_bytes") == 0


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b"", {}, (400, "empty_body")),
        (b"[]", {}, (400, "empty_body")),
        (b'{"account_id":', {}, (400, "malformed_body")),
        (b"hello", {"content_encoding": "gzip"}, (400, "bad_compression")),
        (b"hello", {"content_encoding": "br"}, (415, "unsupported_content_encoding")),
        (b"{}", {"content_type": "text/plain"}, (415, "unsupported_content_type")),
        (b"{}", {"content_type": "application/cloudevents+json"}, (415, "unsupported_content_type")),
    ],
)
async def test_a_body_that_cannot_be_read_at_all_is_one_problem(
    ingest: Ingest, body: bytes, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    assert problem(await ingest.post(body, **headers)) == expected


async def test_other_paths_and_methods_are_problems_too(ingest: Ingest) -> None:
    assert problem(await ingest.http.get("/v1/event")) == (404, "not_found")
    answer = await ingest.http.get("/v1/events")
    assert problem(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


async def test_an_unexpected_exception_is_a_problem_without_details() -> None:
    async def broken(posted: PostRequest) -> Response:
        raise ValueError("a secret")

    names = EventNames(since=NOW)
    built = app.build(
        broken, names=names, keys=Keyring(MemoryKeys()), readiness=Readiness({}), registry=CollectorRegistry()
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(built), base_url="http://ingest") as http:
        with capture_logs() as lines:
            answer = await http.post("/v1/events")
    assert problem(answer) == (500, "internal_server_error")
    assert "secret" not in answer.text
    assert [line["event"] for line in lines] == ["request.crashed"]


@pytest.mark.parametrize("path", ["/v1/events/", "/v1/events//", "//elsewhere.example/v1/events/"])
async def test_no_path_but_the_one_is_taken_and_none_sends_a_client_elsewhere(ingest: Ingest, path: str) -> None:
    """A redirect would name the host that the client named, and take its key there."""
    url = f"http://test{path}"
    answer = await ingest.post(GOOD, url, host="elsewhere.example")
    assert problem(answer) == (404, "not_found")
    assert "location" not in answer.headers
    assert ingest.records() == []
