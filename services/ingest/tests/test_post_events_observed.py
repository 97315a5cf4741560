"""What operators see of POST /v1/events: metrics, log lines, readiness."""

import httpx
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from common.bus.memory import MemoryBroker
from common.health_endpoints import Readiness
from common.keys import Key
from common.topics import TimeMode
from ingest import app
from ingest.aliases.cache import AliasCache
from ingest.events import post_events
from ingest.events.post_events import PostEventsHandler
from ingest.in_memory import NOW, Ingest, MemoryAliases, in_memory
from ingest.metrics import IngestMetrics
from ingest.publishing.event_names import EventNames
from ingest.publishing.publisher import Publisher
from ingest.receiving.bounds import BOUNDS
from ingest.receiving.rate_limit import KeyRateLimiter
from ingest.receiving.request_body import BodyMemory
from ingest.sources.volumes import SourceVolumes
from support.posted_events import GOOD

BAD = {"event_id": "e-2", "acount_id": "acme", "name": "report.opened"}


async def test_what_became_of_requests_and_events_is_counted(ingest: Ingest) -> None:
    await ingest.post([GOOD, {**GOOD, "event_id": "e-3"}, BAD])
    await ingest.post(b"hello")
    expected = {
        'churn_ingest_events_total{outcome="accepted"}': 2,
        'churn_ingest_events_total{outcome="rejected"}': 1,
        'churn_ingest_faults_total{reason="unknown_field"}': 1,
        'churn_ingest_faults_total{reason="missing"}': 1,
        'churn_ingest_requests_total{status_class="2xx"}': 1,
        'churn_ingest_requests_total{status_class="4xx"}': 1,
        "churn_ingest_publish_seconds_count": 1,
        "churn_ingest_pending_bytes": 0,
        "churn_ingest_keys": 1,
    }
    assert {line: await ingest.metric(line) for line in expected} == expected


class Broken:
    """Keys that fail in a way that nobody foresaw."""

    async def verify(self, token: str) -> Key | None:
        raise ValueError(token)


async def test_an_unexpected_exception_is_counted_as_a_500() -> None:
    registry = CollectorRegistry()
    producer = MemoryBroker().producer()
    intake = PostEventsHandler(
        keys=Broken(),
        limiter=KeyRateLimiter(None),
        memory=BodyMemory(1000),
        aliases=AliasCache(MemoryAliases()),
        publisher=Publisher(producer, topic="events", partitions=1, mode=TimeMode.WALL),
        refusals=SourceVolumes(),
        metrics=IngestMetrics(registry),
        bounds=BOUNDS,
        body_seconds=1.0,
    )
    built = app.build(intake, names=EventNames(since=NOW), keys=Broken(), readiness=Readiness({}), registry=registry)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(built), base_url="http://ingest") as http:
        answer = await http.post("/v1/events", headers={"authorization": "Bearer a-key"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_server_error")
    assert registry.get_sample_value("churn_ingest_requests_total", {"status_class": "5xx"}) == 1


async def test_a_request_is_one_line_without_its_key_and_its_body(ingest: Ingest) -> None:
    with capture_logs() as lines:
        await ingest.post([GOOD])
        await ingest.post([GOOD, BAD])
        await ingest.post([BAD])
    taken, some, refused = (line for line in lines if line["event"] == "events.received")
    assert (taken["log_level"], taken["status"], taken["taken"], taken["rejected"]) == ("debug", 202, 1, 0)
    assert (some["log_level"], some["status"], some["taken"], some["rejected"]) == ("warning", 202, 1, 1)
    assert some["source"] == "web"
    assert (refused["log_level"], refused["status"], refused["reason"]) == ("warning", 422, "no_event_taken")
    secret = str(ingest.http.headers["authorization"]).split("_", 2)[2]
    assert secret not in str(lines)
    assert "acme" not in str(lines)


async def test_ingest_is_ready_once_it_has_its_log_and_its_keys() -> None:
    async with in_memory() as ingest:
        assert (await ingest.http.get("/readyz")).json()["checks"]["keys"] == "the keys were not read yet"
        await ingest.post(GOOD)
        answer = await ingest.http.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]) == (
            200,
            {"log": "ok", "keys": "ok", "aliases": "ok", "posts": "ok", "erasures": "ok"},
        )


async def checked(ingest: Ingest) -> str:
    said: str = (await ingest.http.get("/readyz")).json()["checks"]["posts"]
    return said


async def test_after_an_unacknowledged_post_readiness_fails_until_one_succeeds() -> None:
    async with in_memory(ack_seconds=0.05) as ingest:
        assert (await ingest.post(GOOD)).status_code == 202
        ingest.broker.go_offline()
        assert (await ingest.post(GOOD)).status_code == 503
        assert (await ingest.http.get("/readyz")).status_code == 503
        assert await checked(ingest) == "the last post was answered 503: not_acknowledged"
        ingest.broker.go_online()
        assert (await ingest.post([BAD])).status_code == 422
        assert await checked(ingest) != "ok", "it had nothing for the log"
        assert (await ingest.post(GOOD)).status_code == 202
        assert await checked(ingest) == "ok"


async def test_after_a_post_over_the_memory_bound_readiness_fails_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    async with in_memory(memory_bytes=100) as ingest:
        assert (await ingest.post(GOOD)).status_code == 202
        assert (await ingest.post([GOOD, GOOD])).status_code == 503
        assert (await ingest.http.get("/readyz")).status_code == 503
        assert await checked(ingest) == "the last post was answered 503: busy"
        monkeypatch.setattr(post_events, "_UNREADY_AFTER_503", 0.0)
        assert await checked(ingest) == "ok", "else nobody would send a post that could find room"


async def test_an_unknown_key_does_not_make_readiness_fail(ingest: Ingest) -> None:
    assert (await ingest.post(GOOD)).status_code == 202
    ingest.keys.away = True
    stranger = f"Bearer cs_0123456789ab_{'x' * 43}"
    assert (await ingest.post(GOOD, authorization=stranger)).status_code == 503
    assert await checked(ingest) == "ok"
