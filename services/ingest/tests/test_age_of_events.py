"""How old an event may be at the door: a wrong clock is answered, and what has dates reaches ten years back."""

from datetime import timedelta

import pytest

from common.catalogue.events import STANDARD_EVENTS
from common.topics import TimeMode
from ingest.in_memory import NOW, Ingest, in_memory

LIVE = ["session.started", "nps.answered", "contract.cancel_requested", "invoice.paid", "our.own_name"]
DATED = ["account.updated", "milestone.reached", "milestone.planned", "contract.started", "contract.changed"]
DATED += ["contract.renewed", "contract.ended"]


def item(name: str, days: float) -> dict[str, object]:
    standard = STANDARD_EVENTS.get(name)
    body = {"account_id": "acme", "name": name} if standard is None else standard.event.posted()
    # Without an id none is a duplicate of another.
    body.pop("event_id", None)
    return body | {"time": (NOW - timedelta(days=days)).isoformat()}


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
