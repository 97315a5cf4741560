"""Events of an account that was merged into another one, on every way in."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ingest.in_memory import Ingest, MemoryAliases, in_memory


def used(account_id: str, event_id: str, name: str = "session.started", **more: Any) -> dict[str, Any]:
    return {"account_id": account_id, "event_id": event_id, "name": name, **more}


def merged(account_id: str, into: str, event_id: str = "m") -> dict[str, Any]:
    return used(account_id, event_id, "account.merged", properties={"into": into})


async def post(ingest: Ingest, *items: dict[str, Any], status: int = 202, url: str = "/v1/events") -> dict[str, Any]:
    answer = await ingest.post(list(items), url)
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def filed(ingest: Ingest) -> dict[str, str]:
    """The account of each event on the log, by event id."""
    return {event.event_id: event.account_id for event in ingest.events()}


async def test_from_the_merge_on_events_are_filed_under_the_other_account_and_the_answer_says_so(
    ingest: Ingest,
) -> None:
    await post(ingest, used("a", "1"))
    answer = await post(ingest, used("a", "2"), merged("a", "b"), used("a", "3"), used("c", "4"))
    assert filed(ingest) == {"1": "a", "2": "a", "m": "a", "3": "b", "4": "c"}
    assert [item.get("merged_into") for item in answer["items"]] == [None, None, "b", None]
    answer = await post(ingest, used("a", "5"))
    assert answer["items"][0]["merged_into"] == "b"
    assert await ingest.metric("churn_ingest_events_followed_total") == 2
    assert await ingest.metric("churn_ingest_aliases") == 1


async def test_a_chain_of_merges_ends_at_the_last_account(ingest: Ingest) -> None:
    await post(ingest, merged("a", "b", "m-1"))
    await post(ingest, merged("b", "c", "m-2"))
    await post(ingest, used("a", "1"), used("b", "2"))
    assert filed(ingest) == {"m-1": "a", "m-2": "b", "1": "c", "2": "c"}


async def test_a_merge_that_is_refused_says_why_and_the_others_are_taken(ingest: Ingest) -> None:
    await post(ingest, merged("b", "a", "m-1"))
    answer = await post(ingest, merged("a", "b", "m-2"), used("a", "1"), merged("c", "c", "m-3"))
    assert [item["status"] for item in answer["items"]] == ["rejected", "accepted", "rejected"]
    errors = [item["errors"][0] for item in answer["items"] if "errors" in item]
    assert {(one["field"], one["reason"]) for one in errors} == {("properties.into", "merge_cycle")}
    assert filed(ingest) == {"m-1": "b", "1": "a"}
    await post(ingest, merged("d", "d"), status=422)


async def test_events_of_both_accounts_in_one_request_are_one_step_of_one_account(ingest: Ingest) -> None:
    await post(ingest, merged("a", "b"))
    answer = await post(ingest, used("a", "1"), used("b", "2"), used("a", "2"))
    steps = [(event.account_id, event.more) for event in ingest.events() if event.event_id != "m"]
    assert steps == [("b", True), ("b", True), ("b", False)]
    assert answer["items"][2]["duplicate"] == "same_content", "ids of both are of one account now"


async def test_a_dry_run_merges_nothing(ingest: Ingest) -> None:
    answer = await post(ingest, merged("a", "b"), used("a", "1"), merged("c", "c"), url="/v1/events?dry_run=true")
    assert [item["status"] for item in answer["items"]] == ["accepted", "accepted", "rejected"]
    assert ingest.aliases.stored == {}


async def test_while_postgresql_is_away_a_merge_is_answered_503_and_known_ones_go_on(ingest: Ingest) -> None:
    await post(ingest, merged("a", "b"))
    ingest.aliases.away = True
    answer = await post(ingest, used("x", "1"), merged("x", "y", "m-2"), status=503)
    assert answer["code"] == "aliases_unavailable"
    await post(ingest, used("a", "2"))
    assert filed(ingest) == {"m": "a", "2": "b"}, "of the request with the merge nothing is on the log"
    ingest.aliases.away = False
    await post(ingest, used("x", "1"), merged("x", "y", "m-2"))
    await post(ingest, used("x", "3"))
    assert filed(ingest) == {"m": "a", "2": "b", "1": "x", "m-2": "x", "3": "y"}


@pytest.fixture
async def two(aliases: MemoryAliases) -> AsyncIterator[tuple[Ingest, Ingest]]:
    """Two processes with one database."""
    async with in_memory(aliases=aliases) as one, in_memory(aliases=aliases) as other:
        yield one, other


@pytest.fixture
def aliases() -> MemoryAliases:
    return MemoryAliases()


async def test_another_process_learns_of_a_merge(two: tuple[Ingest, Ingest]) -> None:
    one, other = two
    await post(other, used("a", "0"))
    await post(one, merged("a", "b"))
    number = 0
    while "b" not in filed(other).values():
        await asyncio.sleep(0.01)
        number += 1
        await post(other, used("a", f"{number}"))
    assert filed(other)["0"] == "a"
