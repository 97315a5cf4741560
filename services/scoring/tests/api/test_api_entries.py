"""What is known of one account: contract, facts, milestones and answers, the newest first, page by page."""

from typing import Any

from support.scoring_api import Api
from support.scoring_harness import DAY, START, event


async def entries(api: Api, **query: Any) -> list[Any]:
    await api.harness.score()
    found: list[Any] = (await api.get("/v1/accounts/acme/entries", **query))["entries"]
    return found


async def test_entries_are_what_events_said_and_the_newest_in_the_log_is_first(stream_api: Api) -> None:
    signed = {"arr": 90_000, "contract_end": "2026-06-01"}
    await stream_api.harness.post(
        event("acme", "contract.started", START, properties=signed),
        event("acme", "milestone.planned", START + DAY, properties={"step": "kickoff", "due": "2026-03-20"}),
        event("acme", "session.started", START + DAY + 1, user_id="ann"),
        event("acme", "nps.answered", START + 2 * DAY, user_id="ann", properties={"score": 9}),
        event("bolt", "nps.answered", START + 2 * DAY, user_id="bob", properties={"score": 3}),
    )
    found = [one for one in await entries(stream_api) if one["name"] != "health.changed"]
    assert [(one["name"], one["said"]) for one in found] == [
        ("nps.answered", {"score": 9}),
        ("milestone.planned", {"step": "kickoff", "due": "2026-03-20"}),
        ("contract.started", {"arr": 90_000, "contract_end": "2026-06-01", "status": "active"}),
    ]
    assert [one["person"] for one in found] == ["ann", None, None]
    assert (found[0]["at"], found[0]["retracted_at"]) == ("2026-03-04T00:00:00Z", None)


async def test_a_change_of_the_band_is_an_entry_and_the_end_of_a_month_is_none(stream_api: Api) -> None:
    await stream_api.harness.post(
        event("acme", "session.started", START, user_id="ann"),
        event("acme", "contract.cancel_requested", START + DAY),
        event("acme", "session.started", START + 60 * DAY, user_id="ann"),
    )
    await stream_api.harness.tick(START + 61 * DAY)
    names = [one["name"] for one in await entries(stream_api)]
    assert "health.changed" in names
    assert "month.ended" not in names
    # There is such an entry, for KPIs.
    months = "SELECT 1 / (count(*) > 0)::int FROM scoring.kpi_entry WHERE name = 'month.ended'"
    await stream_api.execute(months)


async def test_what_was_taken_back_stays_and_says_when(stream_api: Api) -> None:
    taken = {"event_id": "wrong", "source": "test"}
    await stream_api.harness.post(
        event("acme", "nps.answered", START, user_id="ann", properties={"score": 0}, event_id="wrong"),
        event("acme", "nps.answered", START + 60, user_id="bob", properties={"score": 9}, event_id="right"),
        event("acme", "event.retracted", START + DAY, properties=taken),
        event("acme", "event.retracted", START + 2 * DAY, properties=taken, event_id="again"),
    )
    found = [one for one in await entries(stream_api) if one["name"] == "nps.answered"]
    # The first retraction counts; none is an entry of its own.
    assert [(one["person"], one["retracted_at"]) for one in found] == [("bob", None), ("ann", "2026-03-03T00:00:00Z")]
    assert "event.retracted" not in [one["name"] for one in await entries(stream_api)]


async def test_what_comes_after_a_retraction_is_not_taken_back_by_it(stream_api: Api) -> None:
    taken = {"event_id": "late", "source": "test"}
    await stream_api.harness.post(
        event("acme", "session.started", START, user_id="ann"),
        event("acme", "event.retracted", START + 60, properties=taken),
        event("acme", "nps.answered", START + 120, user_id="ann", properties={"score": 9}, event_id="late"),
    )
    (answer,) = [one for one in await entries(stream_api) if one["name"] == "nps.answered"]
    assert answer["retracted_at"] is None


async def test_pages_have_every_entry_once(stream_api: Api) -> None:
    for n in range(7):
        await stream_api.harness.post(event("acme", "account.updated", START + n, properties={"seats": n}))
        await stream_api.harness.score()
    seats: list[float] = []
    cursor: dict[str, str] = {}
    for _ in range(10):
        page = await stream_api.get("/v1/accounts/acme/entries", limit=2, **cursor)
        assert len(page["entries"]) <= 2
        seats += [one["said"]["seats"] for one in page["entries"] if "seats" in one["said"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seats == [6, 5, 4, 3, 2, 1, 0]


async def test_a_name_asks_for_entries_of_that_name_alone(stream_api: Api) -> None:
    planned = {"step": "kickoff", "due": "2026-03-20"}
    await stream_api.harness.post(
        event("acme", "milestone.planned", START, properties=planned),
        event("acme", "account.updated", START + 1, properties={"seats": 3}),
        event("acme", "milestone.reached", START + 2, properties={"step": "kickoff"}),
    )
    found = await entries(stream_api, name=["milestone.planned", "milestone.reached"])
    assert [one["name"] for one in found] == ["milestone.reached", "milestone.planned"]
    assert await entries(stream_api, name="no.such") == []


async def test_of_an_unknown_account_there_are_none(stream_api: Api) -> None:
    await stream_api.harness.post(event("acme", "session.started", START))
    await stream_api.harness.score()
    assert (await stream_api.problem("/v1/accounts/nobody/entries"))["code"] == "unknown_account"


async def test_whoever_was_erased_has_no_name(stream_api: Api) -> None:
    await stream_api.harness.post(event("acme", "nps.answered", START, user_id="ann", properties={"score": 9}))
    await stream_api.harness.score()
    await stream_api.execute("UPDATE scoring.kpi_entry SET person = '\\x00616263' WHERE person IS NOT NULL")
    (answer,) = [one for one in await entries(stream_api) if one["name"] == "nps.answered"]
    assert answer["person"] is None


async def test_an_answer_says_where_the_bands_begin(stream_api: Api) -> None:
    await stream_api.harness.post(event("acme", "session.started", START))
    await stream_api.harness.score()
    lines = (await stream_api.get("/v1/accounts/acme"))["lines"]
    card = stream_api.harness.card
    assert lines == {"red": 40.0, "yellow": 70.0, "hysteresis": 8.0, "min_coverage": card.min_coverage}
