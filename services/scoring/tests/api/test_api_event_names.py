"""GET /v1/events/names: what the card uses, what nobody uses, and what no metric could use."""

from datetime import UTC, datetime

import msgspec

from scoring.worker.event_use_report import MOST_NAMES
from support.scoring_api import Api
from support.scoring_harness import START, event


async def test_names_are_shown_with_what_listens_to_them(stream_api: Api) -> None:
    harness = stream_api.harness
    await harness.post(
        *(event("acme", "session.start", START, event_id=f"s{n}") for n in range(3)),
        event("acme", "session.started", START, user_id="ann", event_id="good"),
        event("birch", "nps.answered", START, user_id="bob", event_id="n1", properties={"score": "nine"}),
    )
    await harness.score()
    found = await stream_api.get("/v1/events/names")
    names = {one["name"]: one for one in found["names"]}
    assert names["session.start"] == {
        "name": "session.start",
        "standard": False,
        "count": 3,
        "used_by": [],
        "last_seen": msgspec.to_builtins(datetime.fromtimestamp(START, UTC)),
        "account_id": "acme",
        "event_id": "s2",
        "nearest": "session.started",
    }
    assert [one["name"] for one in found["names"] if one["count"]] == [
        "session.start",
        "nps.answered",
        "session.started",
    ]
    assert found["names"][0]["count"] == 0, "what the card waits for in vain comes first"
    assert found["unused"] == 3
    few = await stream_api.get("/v1/events/names", limit=2)
    assert (few["names"], few["unused"]) == (found["names"][:2], 3)
    assert names["session.started"]["count"] == 1
    assert any(user.startswith("metric ") for user in names["session.started"]["used_by"])
    assert names["account.updated"] == {
        "name": "account.updated",
        "standard": True,
        "count": 0,
        "used_by": ["facts"],
        "retractable": ["facts"],
    }
    assert "retractable" not in names["session.started"], "what was added to a count stays"
    assert names["nps.answered"]["retractable"] == ["metric nps"]
    assert names["event.retracted"]["used_by"] == ["retraction"]
    assert names["health.overridden"]["used_by"] == names["health.overridden"]["retractable"] == ["override"]
    assert [
        (one["metric"], one["property"], one["reason"], one["count"], one["account_id"], one["value"])
        for one in found["unusable"]
    ] == [("nps", "score", "not_a_number", 1, "birch", "'nine'")]
    assert harness.count("unusable_values_total", metric="nps", reason="not_a_number") == 1


async def test_duplicates_are_not_counted_and_later_runs_add(stream_api: Api) -> None:
    harness = stream_api.harness
    for number in range(2):
        one = event("acme", "session.started", START, user_id="ann", event_id=f"e{number}")
        await harness.post(one, one)
        await harness.score()
    found = await stream_api.get("/v1/events/names")
    assert {one["name"]: one["count"] for one in found["names"] if one["count"]} == {"session.started": 2}


async def test_the_table_of_names_is_bounded(stream_api: Api) -> None:
    harness = stream_api.harness
    await stream_api.execute(
        "INSERT INTO scoring.event_name SELECT 'made_up.' || n, 1, 0, 'a', 'e' FROM generate_series(1, :most) n",
        most=MOST_NAMES,
    )
    await harness.post(
        event("acme", "made_up.1", START, event_id="e1"),
        event("acme", "too.many", START, event_id="e2"),
        event("acme", "session.started", START, event_id="e3"),
    )
    await harness.score()
    answer = await stream_api.get("/v1/events/names", limit=2000)
    names = {one["name"]: one["count"] for one in answer["names"]}
    assert (names["made_up.1"], names["session.started"], "too.many" in names) == (2, 1, False)
