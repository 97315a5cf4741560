"""How old an event may be at the door: a wrong clock is answered, and what has dates reaches ten years back."""

import asyncio
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from common.catalogue.events import STANDARD_EVENTS, reach_of
from common.topics import TimeMode
from ingest.in_memory import NOW, Ingest, in_memory

EVENTS_PAGE = (Path(__file__).parents[3] / "docs" / "events.md").read_text(encoding="utf-8")
LIVE = ["session.started", "nps.answered", "contract.cancel_requested", "invoice.paid", "our.own_name"]
DATED = ["account.updated", "account.away", "account.merged", "milestone.reached", "milestone.planned"]
DATED += ["contract.started", "contract.changed", "contract.renewed", "contract.ended"]


def item(name: str, days: float) -> dict[str, object]:
    found: dict[str, object] = {"account_id": "acme", "name": name, "time": (NOW - timedelta(days=days)).isoformat()}
    standard = STANDARD_EVENTS.get(name)
    return found if standard is None else {**found, "properties": dict(standard.event.example)}


@pytest.mark.parametrize("name", LIVE)
async def test_what_moves_use_or_flags_is_at_most_thirty_days_old(ingest: Ingest, name: str) -> None:
    answer = await ingest.post([item(name, 30), item(name, 30.001), item(name, 1095)])
    items = answer.json()["items"]
    assert [each["status"] for each in items] == ["accepted", "rejected", "rejected"]
    error = items[2]["errors"][0]
    assert (error["field"], error["reason"]) == ("time", "too_old")
    assert error["detail"].startswith("1095 days old")


@pytest.mark.parametrize("name", DATED)
async def test_what_has_dates_reaches_ten_years_back(ingest: Ingest, name: str) -> None:
    answer = await ingest.post([item(name, 3650), item(name, 3655)])
    assert [each["status"] for each in answer.json()["items"]] == ["accepted", "rejected"]


@pytest.mark.parametrize("name", [*LIVE, *DATED])
async def test_history_reaches_ten_years_back(ingest: Ingest, name: str) -> None:
    answer = await ingest.post([item(name, 3650), item(name, 3655)], url="/v1/events?history=true")
    assert [each["status"] for each in answer.json()["items"]] == ["accepted", "rejected"]


# What is wrong with an item beside its age, and how that is said.
BESIDE: list[tuple[dict[str, object], tuple[str, str]]] = [
    ({"name": "nps.answered", "properties": {"score": 42}}, ("properties.score", "out_of_range")),
    ({"name": "nps.answered", "properties": {}}, ("properties.score", "missing")),
    ({"user_id": ""}, ("user_id", "empty")),
    ({"colour": "red"}, ("colour", "unknown_field")),
    ({"account_id": None}, ("account_id", "missing")),
    ({"properties": {"note": "a\0b"}}, ("properties", "nul_character")),
    ({"name": "Session Started"}, ("name", "bad_name")),
    ({"name": 7}, ("name", "wrong_type")),
]


@pytest.mark.parametrize(("wrong", "said"), BESIDE)
async def test_the_age_of_an_event_is_said_beside_all_else_that_is_wrong(
    ingest: Ingest, wrong: dict[str, object], said: tuple[str, str]
) -> None:
    answer = await ingest.post([item("session.started", 1095) | wrong])
    errors = [(each["field"], each["reason"]) for each in answer.json()["items"][0]["errors"]]
    assert said in errors
    # Of an event without a name nobody knows how far it reaches back.
    assert (("time", "too_old") in errors) is isinstance(wrong.get("name", ""), str)


def test_every_standard_event_names_its_reach() -> None:
    dated = {name for name, check in STANDARD_EVENTS.items() if check.event.reach == timedelta(days=3653)}
    assert dated == set(DATED)
    assert {check.event.reach for check in STANDARD_EVENTS.values()} == {timedelta(days=30), timedelta(days=3653)}
    assert reach_of("milestone.moved") == timedelta(days=3653)


@pytest.fixture(scope="module")
def examples() -> dict[str, Any]:
    """Of the API's document."""

    async def asked() -> httpx.Response:
        async with in_memory() as ingest:
            return await ingest.http.get("/openapi.json")

    post = asyncio.run(asked()).json()["paths"]["/v1/events"]["post"]
    found: dict[str, Any] = post["requestBody"]["content"]["application/json"]["examples"]
    return found


@pytest.mark.parametrize("name", STANDARD_EVENTS)
def test_the_page_and_the_description_say_the_reach_that_the_door_keeps(examples: dict[str, Any], name: str) -> None:
    reach = STANDARD_EVENTS[name].event.reach
    section = EVENTS_PAGE.split(f"### {name}\n")[1].split("\n### ")[0]
    assert (f"reaches back {reach.days:,} days" in section) is (reach.days > 30)
    assert examples[name]["description"].startswith(f"At most {reach.days} days old")


async def test_every_example_of_the_page_is_taken_at_the_door(ingest: Ingest) -> None:
    blocks = re.findall(r"(?:^    .*\n)+", EVENTS_PAGE, flags=re.MULTILINE)
    events = [json.loads(block) for block in blocks if block.lstrip().startswith("{")]
    assert {event["name"] for event in events} == set(STANDARD_EVENTS)
    posted = [event | {"event_id": f"example-{number}"} for number, event in enumerate(events)]
    answer = (await ingest.post(posted)).json()
    assert [each["status"] for each in answer["items"]] == ["accepted"] * len(events)
    assert not any(each.get("notes") for each in answer["items"])
    taken = {event.event_id: event for event in ingest.events()}
    for event in posted:
        assert taken[event["event_id"]].properties == event.get("properties", {})


async def test_in_stream_mode_no_event_is_old() -> None:
    async with in_memory(mode=TimeMode.STREAM) as ingest:
        answer = await ingest.post([item("session.started", 10_000)])
    assert answer.json()["accepted"] == 1


async def test_an_event_says_whether_another_one_of_its_account_and_request_follows(ingest: Ingest) -> None:
    accounts = ["acme", "other", "acme", "third", "acme"]
    posted = [{"account_id": each, "name": "session.started", "event_id": f"{n}"} for n, each in enumerate(accounts)]
    # A rejected item is none that follows.
    await ingest.post([*posted, {"account_id": "acme"}, {"account_id": "third", "name": "Bad Name"}])
    assert {event.event_id: event.more for event in ingest.events()} == {
        "0": True,
        "1": False,
        "2": True,
        "3": False,
        "4": False,
    }


async def test_a_client_cannot_say_that_more_follows(ingest: Ingest) -> None:
    answer = await ingest.post([{"account_id": "acme", "name": "session.started", "more": True}])
    assert answer.json()["items"][0]["errors"][0]["reason"] == "set_by_ingest"


OVERRIDE: dict[str, object] = {"account_id": "acme", "name": "health.overridden"}


@pytest.mark.parametrize(
    ("days", "until", "reason"),
    [
        (0, NOW + timedelta(days=180), None),
        (0, NOW + timedelta(days=181), "bad_value"),
        (0, NOW, "bad_value"),
        # The event's own time counts, so what is over by now is taken: the log has the order.
        (10, NOW - timedelta(days=9), None),
        (10, NOW - timedelta(days=10), "bad_value"),
    ],
)
async def test_an_override_is_measured_by_its_own_time(
    ingest: Ingest, days: float, until: datetime, reason: str | None
) -> None:
    said = {"properties": {"to": "red", "until": until.isoformat()}}
    (posted,) = (await ingest.post([item("health.overridden", days) | said])).json()["items"]
    found = [(each["field"], each["reason"]) for each in posted.get("errors", [])]
    assert found == ([] if reason is None else [("properties.until", reason)])


async def test_an_override_without_a_time_is_measured_by_when_it_came(ingest: Ingest) -> None:
    said = [{"to": "red", "until": (NOW + timedelta(days=days)).isoformat()} for days in (180, 181)]
    answer = await ingest.post([OVERRIDE | {"properties": properties} for properties in said])
    assert [each["status"] for each in answer.json()["items"]] == ["accepted", "rejected"]
    (error,) = answer.json()["items"][1]["errors"]
    assert error["detail"] == "expected at most 180 days after the event's time"


async def test_of_an_override_at_no_readable_time_only_the_time_is_wrong(ingest: Ingest) -> None:
    said = {"time": "yesterday", "properties": {"to": "red", "until": NOW.isoformat()}}
    (posted,) = (await ingest.post([OVERRIDE | said])).json()["items"]
    assert [each["field"] for each in posted["errors"]] == ["time"]
