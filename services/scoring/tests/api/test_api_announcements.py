"""POST and GET /v1/announcements: records about everybody, filed once each."""

from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from common.contracts.events import Event, FeedPaused, FeedResumed, Tick, decode_events_record
from support.scoring_api import Api
from support.scoring_harness import START, TOPICS, event

PAUSED = {"id": "p-1", "kind": "feed.paused", "source": "web", "since": "2026-03-01T22:00:00Z"}
RECORD = FeedPaused("p-1", "web", datetime(2026, 3, 1, 22, tzinfo=UTC))


@pytest.fixture
async def api(wall_api: Api) -> Api:
    """Scoring has begun."""
    await wall_api.harness.post(event("acme", "session.started", START))
    await wall_api.harness.score()
    await wall_api.active_card.read()
    return wall_api


async def test_what_is_filed_once_takes_effect_once_in_every_partition(api: Api) -> None:
    harness = api.harness
    async with harness.running():
        answer = await api.announce(PAUSED)
        assert (answer.status_code, answer.json()["applied"], answer.json()["partitions"]) == (202, 0, 2)
        await harness.until(lambda: harness.count("announcements_read_total", outcome="applied") == 2)
        assert (await api.announce(PAUSED)).json() == {**answer.json(), "applied": 2}
        await api.announce({"id": "r-1", "kind": "feed.resumed", "source": "web"})
        await harness.until(lambda: harness.count("announcements_read_total", outcome="applied") == 4)
    for partition in range(2):
        records = harness.broker.records(TOPICS.events, partition)
        found = [(one.key, decode_events_record(one.value or b"")) for one in records]
        announced = [(key, one) for key, one in found if not isinstance(one, Event | Tick)]
        assert announced == [(None, RECORD), (None, FeedResumed("r-1", "web"))]
    rows = (await harness.rows())["applied"]
    assert rows == [(0, "p-1"), (0, "r-1"), (1, "p-1"), (1, "r-1")]


async def test_an_id_says_one_thing_for_ever(api: Api) -> None:
    assert (await api.announce(PAUSED)).status_code == 202
    other = await api.announce({**PAUSED, "source": "billing"})
    assert (other.status_code, other.json()["code"]) == (409, "id_taken")
    listed = await api.announcements()
    assert [(one["id"], one["kind"], one["source"]) for one in listed] == [("p-1", "feed.paused", "web")]


async def test_the_list_is_bounded_and_begins_with_the_newest(api: Api) -> None:
    for n in range(5):
        await api.announce({"id": f"r-{n}", "kind": "feed.resumed", "source": "web"})
    first = await api.announcements(limit=2)
    assert [one["id"] for one in first] == ["r-4", "r-3"]
    assert [one["id"] for one in await api.announcements(before=first[-1]["number"])] == ["r-2", "r-1", "r-0"]
    assert "since" not in first[0]


BAD: list[tuple[Any, str]] = [
    ({**PAUSED, "id": ""}, "body.id"),
    ({**PAUSED, "id": "x" * 201}, "body.id"),
    ({**PAUSED, "id": "a\0b"}, "body.id"),
    ({**PAUSED, "kind": "feed.stopped"}, "body.kind"),
    ({**PAUSED, "source": None}, "body.source"),
    ({**PAUSED, "source": "x" * 201}, "body.source"),
    ({**PAUSED, "until": "2026-03-02"}, "body.until"),  # what is not known must not be taken for done
    ({"id": "p", "kind": "feed.paused", "source": "web"}, "body.since"),
    ({**PAUSED, "since": "yesterday"}, "body.since"),
    ({**PAUSED, "since": "2026-03-01T22:00:00"}, "body.since"),  # without a zone
    ({**PAUSED, "since": "2026-03-03T22:00:00Z"}, "body.since"),  # still to come
    ({**PAUSED, "kind": "feed.resumed"}, "body.since"),  # a resume has none
    ([], "body"),
]


async def test_a_body_that_cannot_be_used_is_told_by_field_and_reason(api: Api) -> None:
    for body, field in BAD:
        answer = await api.announce(body)
        told = answer.json()
        assert (answer.status_code, [one["field"] for one in told["errors"]]) == (422, [field]), body
        assert told["errors"][0]["detail"]
    assert await api.announcements() == []


async def test_answers_are_what_the_document_says(api: Api) -> None:
    document = (await api.http.get("/openapi.json")).json()
    described = document["paths"]["/v1/announcements"]
    taken, listed = await api.announce(PAUSED), await api.list_announcements()
    refused = await api.announce({**PAUSED, "source": ""})
    for answer, method in ((taken, "post"), (refused, "post"), (listed, "get")):
        content = described[method]["responses"][str(answer.status_code)]["content"]
        schema = content[answer.headers["content-type"]]["schema"]
        jsonschema.validate(answer.json(), {**schema, "components": document["components"]})
    body = described["post"]["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.validate(PAUSED, {**body, "components": document["components"]})


async def test_only_a_key_with_the_scope_admin_may_announce_or_read(api: Api) -> None:
    for method in ("GET", "POST"):
        refused = await api.http.request(method, "/v1/announcements")
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


async def test_in_stream_mode_whoever_replays_the_stream_announces(stream_api: Api) -> None:
    await stream_api.harness.post(event("acme", "session.started", START))
    await stream_api.harness.score()
    await stream_api.active_card.read()
    refused = await stream_api.announce(PAUSED)
    assert (refused.status_code, refused.json()["code"]) == (409, "stream_mode")
