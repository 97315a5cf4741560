"""Browsers may post from the pages of allowed origins, and from no others."""

import pytest

from ingest.in_memory import Ingest, in_memory
from ingest.settings import IngestSettings

ORIGIN = "https://app.example.com"
TRACK = {"userId": "u-1", "event": "Report Exported", "context": {"groupId": "acme"}}


async def test_a_browser_asks_first_and_then_posts(sdk: Ingest, key: str) -> None:
    headers = "anonymousid,authorization,content-type,sentat"  # RudderStack's client asks for these
    asked = {"origin": ORIGIN, "access-control-request-method": "POST", "access-control-request-headers": headers}
    preflight = await sdk.http.options("/v1/t", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert preflight.headers["access-control-allow-headers"] == headers
    assert preflight.headers["access-control-allow-credentials"] == "true"
    answer = await sdk.post({**TRACK, "writeKey": key}, "/v1/t", origin=ORIGIN)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert (answer.headers["vary"], answer.headers["access-control-expose-headers"]) == ("Origin", "Retry-After")
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert len(sdk.events()) == 1


async def test_a_beacon_has_its_key_in_the_address(sdk: Ingest, key: str) -> None:
    batch = {"batch": [{"type": "track", **TRACK}], "sentAt": "2026-01-31T09:00:01Z"}
    answer = await sdk.post(batch, f"/beacon/v1/batch?writeKey={key}", content_type="text/plain", origin=ORIGIN)
    assert (answer.status_code, len(sdk.events())) == (200, 1)
    for address in ("/beacon/v1/batch?writeKey=nobody", "/beacon/v1/batch", f"/v1/batch?writeKey={key}"):
        assert (await sdk.post(batch, address, origin=ORIGIN)).status_code == 401, address
    assert len(sdk.events()) == 1


async def test_a_browser_can_read_why_it_was_refused(sdk: Ingest) -> None:
    answer = await sdk.post({**TRACK, "writeKey": "nobody"}, "/v1/t", origin=ORIGIN)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, ORIGIN)


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", "https://app.example.com.evil.com", ""])
@pytest.mark.parametrize("path", ["/v1/t", "/e/", "/batch", "/flags/"])
async def test_pages_of_other_origins_get_nothing(sdk: Ingest, key: str, path: str, origin: str) -> None:
    answer = await sdk.post({**TRACK, "writeKey": key}, path, origin=origin)
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in answer.headers
    assert (await sdk.http.options(path, headers={"origin": origin})).status_code == 403
    assert await sdk.metric("churn_ingest_origins_refused_total") == 2
    assert sdk.events() == []


async def test_by_default_no_browser_may_post() -> None:
    async with in_memory() as built:
        answer = await built.post(TRACK, "/v1/t", origin=ORIGIN)
        assert answer.status_code == 403


async def test_our_own_route_is_no_route_for_browsers(sdk: Ingest, key: str) -> None:
    event = {"account_id": "acme", "name": "report.exported"}
    answer = await sdk.post(event, "/v1/events", origin=ORIGIN, authorization=f"Bearer {key}")
    assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (202, False)


@pytest.mark.parametrize(("method", "status"), [("GET", 405), ("HEAD", 405), ("PUT", 405), ("OPTIONS", 204)])
async def test_other_methods_are_told_what_is_possible(sdk: Ingest, method: str, status: int) -> None:
    answer = await sdk.http.request(method, "/v1/batch")
    assert (answer.status_code, "POST" in answer.headers["allow"]) == (status, True)


@pytest.mark.parametrize("path", ["/track", "/engage/"])
async def test_the_paths_of_mixpanel_take_a_get_too(sdk: Ingest, path: str) -> None:
    assert (await sdk.http.options(path)).headers["allow"] == "GET, OPTIONS, POST"
    assert (await sdk.http.options("/v1/batch")).headers["allow"] == "OPTIONS, POST"


@pytest.mark.parametrize("text", ["https://app.example.com/", "app.example.com", "*", "https://a.example,, x"])
def test_an_origin_that_is_none_stops_the_process_at_its_start(text: str) -> None:
    with pytest.raises(ValueError, match="a list of origins"):
        IngestSettings(ingest_cors_origins=text)


def test_origins_are_a_list_with_commas() -> None:
    settings = IngestSettings(ingest_cors_origins=f"{ORIGIN}, http://localhost:3000")
    assert settings.cors_origins == {ORIGIN, "http://localhost:3000"}
    assert IngestSettings().cors_origins == frozenset()
