"""A client that posts to a path that is not here is told so, and so is who runs ingest."""

import pytest
from structlog.testing import capture_logs

from ingest.in_memory import Ingest
from ingest.sdk.path_hints import LooksLike, hint_for
from ingest.sdk.paths import SDK_PATHS
from ingest.sdk.seen_once import SeenOnce


@pytest.mark.parametrize(
    ("path", "whose", "words"),
    [
        # The address with a path of its own.
        ("/v1/v1/batch", LooksLike.SEGMENT, "Segment"),
        ("/churn/batch/", LooksLike.POSTHOG, "without a path"),
        ("/api/2/httpapi", LooksLike.AMPLITUDE, "without a path"),
        ("/v1/projects/cs_1/settings", LooksLike.SEGMENT, "analytics.js"),
        ("/sourceConfig/", LooksLike.RUDDERSTACK, "data plane"),
        ("/i/v1/analytics/events", LooksLike.POSTHOG, "default mode"),
        ("/array/cs_1/config.js", LooksLike.POSTHOG, "/capture/"),
        ("/identify", LooksLike.AMPLITUDE, "$identify"),
        ("/events", LooksLike.OWN, "/v1/events"),
        ("/cloudevents", LooksLike.CLOUDEVENTS, "/v1/cloudevents"),
        ("/wp-login.php", LooksLike.OTHER, "nothing"),
        ("/", LooksLike.OTHER, "nothing"),
        # One letter at the end is no evidence.
        ("/some/e", LooksLike.OTHER, "nothing"),
    ],
)
def test_a_path_looks_like_somebodys(path: str, whose: LooksLike, words: str) -> None:
    hint = hint_for(path)
    assert hint.looks_like is whose
    assert words.lower() in hint.text.lower()


def test_every_format_has_a_label() -> None:
    assert {path.make().name for path in SDK_PATHS.values()} <= set(LooksLike)


async def test_an_unknown_path_is_counted_and_answered_with_the_hint(sdk: Ingest) -> None:
    answer = await sdk.post({}, "/v1/v1/batch")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert "without a path" in answer.json()["message"]
    assert await sdk.metric('churn_ingest_unknown_paths_total{looks_like="segment"}') == 1


async def test_the_log_tells_it_once_for_each_client(sdk: Ingest) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            await sdk.post({}, "/v1/v1/batch")
        await sdk.post({}, "/array/x")
    told = [line for line in logs if line["event"] == "path.unknown"]
    assert [line["looks_like"] for line in told] == ["segment", "posthog"]
    assert "without a path" in told[0]["hint"]


async def test_a_key_in_a_path_is_not_told(sdk: Ingest, key: str) -> None:
    with capture_logs() as logs:
        for address in (f"/array/{key}/config.js", f"/api/{key}/v1/batch", f"/{'x' * 150}/{key}"):
            answer = await sdk.post({}, address)
            assert (answer.status_code, key in answer.text) == (404, False)
    _, key_id, secret = key.split("_", 2)
    assert key_id in str(logs)
    assert secret not in str(logs)


async def test_a_long_path_is_cut(sdk: Ingest) -> None:
    answer = await sdk.post({}, f"/{'x' * 5000}")
    assert len(answer.json()["detail"]) < 400


async def test_what_a_route_does_not_find_is_no_unknown_path(sdk: Ingest) -> None:
    await sdk.http.get("/v1/batch")
    assert (await sdk.http.get("/healthz")).status_code == 200
    assert await sdk.metric('churn_ingest_unknown_paths_total{looks_like="other"}') == 0


def test_what_was_told_is_remembered_within_a_bound() -> None:
    seen = SeenOnce(most=2)
    assert [seen.is_first(one) for one in "aab"] == [True, False, True]
    # The third pushes out the one that was seen longest ago.
    assert [seen.is_first(one) for one in "ac"] == [False, True]
    assert [seen.is_first(one) for one in "ab"] == [False, True]
