"""GET /v1/events/names: what came in, and what was probably meant."""

from typing import Any

from common.keys import Scope
from ingest.in_memory import NOW, Ingest
from ingest.publishing.event_names import EventNames


def event(number: int, name: str, **fields: Any) -> dict[str, Any]:
    return {"event_id": f"e-{number}", "account_id": "acme", "name": name, **fields}


async def names(ingest: Ingest) -> dict[str, Any]:
    key = ingest.keys.create(scopes=frozenset({Scope.READ}))
    answer = await ingest.http.get("/v1/events/names", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_an_unknown_name_is_taken_and_shown_with_the_nearest_one(ingest: Ingest) -> None:
    posted = [event(n, "session.start", properties={"device": "phone"}) for n in range(3)]
    answer = await ingest.post([*posted, event(3, "session.started"), event(4, "zzz.q"), {"name": "rejected.one"}])
    assert answer.json()["accepted"] == 5
    found = await names(ingest)
    assert found["names"] == [
        {
            "name": "session.start",
            "standard": False,
            "count": 3,
            "last_seen": "2026-01-31T12:00:00Z",
            "sample": {"source": "web", "account_id": "acme", "event_id": "e-2", "properties": ["device"]},
            "nearest": "session.started",
        },
        {
            "name": "session.started",
            "standard": True,
            "count": 1,
            "last_seen": "2026-01-31T12:00:00Z",
            "sample": {"source": "web", "account_id": "acme", "event_id": "e-3", "properties": []},
        },
        {
            "name": "zzz.q",
            "standard": False,
            "count": 1,
            "last_seen": "2026-01-31T12:00:00Z",
            "sample": {"source": "web", "account_id": "acme", "event_id": "e-4", "properties": []},
        },
    ]
    assert (found["since"], found["not_listed"]) == ("2026-01-31T12:00:00Z", 0)
    assert await ingest.metric("churn_ingest_events_not_standard_total") == 4


async def test_counts_go_on_from_request_to_request(ingest: Ingest) -> None:
    for number in range(3):
        await ingest.post(event(number, "report.opened"))
    [only] = (await names(ingest))["names"]
    assert (only["count"], only["sample"]["event_id"]) == (3, "e-2")


async def test_what_is_not_on_the_log_is_not_counted(ingest: Ingest) -> None:
    await ingest.post(event(1, "report.opened"))
    await ingest.post(event(2, "report.opened"), "/v1/events?dry_run=true")
    ingest.broker.lose_next_ack()
    assert (await ingest.post(event(3, "report.opened"))).status_code == 503
    assert [one["count"] for one in (await names(ingest))["names"]] == [1]


async def test_a_client_that_makes_up_names_takes_no_more_than_its_room(ingest: Ingest) -> None:
    await ingest.post([event(n, f"made_up.{n}") for n in range(600)])
    await ingest.post([event(600, "session.started"), event(601, "made_up.0"), event(602, "made_up.599")])
    found = await names(ingest)
    assert len(found["names"]) == 501
    assert {one["name"]: one["count"] for one in found["names"]}["made_up.0"] == 2
    assert "session.started" in {one["name"] for one in found["names"]}, "standard names always have room"
    assert found["not_listed"] == 101


def test_nothing_was_counted_before_the_first_event() -> None:
    assert EventNames(since=NOW).answer().names == []
