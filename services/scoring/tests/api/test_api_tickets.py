"""The tickets of one account: what is open, in the customer's words, and how long answers took."""

from typing import Any

from common.contracts.events import Erased, Event, UserErased
from common.erasures.substitutes import draw_substitute
from support.erasures import traces
from support.scoring_api import Api
from support.scoring_harness import DAY, ERASURE_KEY, START, event

HOUR = 3600.0


def ticket(name: str, at: float, ticket_id: str, *, user_id: str | None = None, **said: Any) -> Event:
    more = {"user_id": user_id, "event_id": f"{name} {ticket_id} {at}"}
    return event("acme", f"ticket.{name}", at, properties={"ticket": ticket_id, **said}, **more)


async def tickets(api: Api, **query: Any) -> Any:
    await api.harness.score()
    return await api.get("/v1/accounts/acme/tickets", **query)


async def test_open_tickets_are_first_and_the_most_severe_of_them(stream_api: Api) -> None:
    await stream_api.harness.post(
        ticket("opened", START, "T-1", user_id="ann", severity=1, subject="How do I export?"),
        ticket("opened", START + HOUR, "T-2", user_id="bob", severity=4, subject="Nothing works"),
        ticket("opened", START + 2 * HOUR, "T-3", severity=2),
        ticket("answered", START + 3 * HOUR, "T-2"),
        ticket("resolved", START + 4 * HOUR, "T-3", hours=1.5),
        ticket("opened", START + 5 * HOUR, "T-4"),
        ticket("resolved", START + 6 * HOUR, "T-4"),
    )
    found = await tickets(stream_api)
    assert (found["open"], found["more"]) == (2, False)
    assert [(one["ticket"], one["open"]) for one in found["tickets"]] == [
        ("T-2", True),
        ("T-1", True),
        ("T-4", False),
        ("T-3", False),
    ]
    assert found["tickets"][0] == {
        "ticket": "T-2",
        "open": True,
        "subject": "Nothing works",
        "severity": 4.0,
        "by": "bob",
        "opened": "2026-03-02T01:00:00Z",
        "reopened": None,
        "answered": "2026-03-02T03:00:00Z",
        "hours_to_answer": 2.0,  # between the events, as no event says it
        "resolved": None,
        "hours_to_resolve": None,
    }
    assert [one["hours_to_resolve"] for one in found["tickets"][2:]] == [1.0, 1.5]
    first = await tickets(stream_api, limit=1)
    assert (len(first["tickets"]), first["open"], first["more"]) == (1, 2, True)


async def test_event_time_decides_and_a_ticket_that_is_reopened_is_open(stream_api: Api) -> None:
    await stream_api.harness.post(
        ticket("opened", START, "T-1", user_id="ann", severity=1, subject="Slow"),
        ticket("resolved", START + HOUR, "T-1"),
        ticket("reopened", START + 2 * HOUR, "T-1", user_id="bob", severity=3),
    )
    (found,) = (await tickets(stream_api))["tickets"]
    assert (found["open"], found["resolved"], found["severity"]) == (True, None, 3.0)
    assert (found["subject"], found["by"], found["reopened"]) == ("Slow", "ann", "2026-03-02T02:00:00Z")
    # A late event of before that.
    late = ticket("answered", START + HOUR / 2, "T-1")
    harness = stream_api.harness
    await harness.write(harness.partition_of("acme"), late, at=START + DAY)
    (found,) = (await tickets(stream_api))["tickets"]
    assert (found["open"], found["hours_to_answer"]) == (True, 0.5)


async def test_what_was_taken_back_did_not_happen(stream_api: Api) -> None:
    resolved = ticket("resolved", START + HOUR, "T-1")
    taken = {"event_id": resolved.event_id}
    await stream_api.harness.post(
        ticket("opened", START, "T-1"),
        resolved,
        event("acme", "event.retracted", START + 2 * HOUR, properties=taken),
    )
    (found,) = (await tickets(stream_api))["tickets"]
    assert found["open"]
    # The list of entries says that it was.
    entries = (await stream_api.get("/v1/accounts/acme/entries", name=["ticket.resolved"]))["entries"]
    assert [one["retracted_at"] for one in entries] == ["2026-03-02T02:00:00Z"]


async def test_of_a_ticket_whose_opening_is_not_known_the_rest_is_shown(stream_api: Api) -> None:
    """It was opened before the upgrade that brought tickets."""
    await stream_api.harness.post(ticket("resolved", START, "T-1", hours=30))
    (found,) = (await tickets(stream_api))["tickets"]
    assert (found["open"], found["opened"], found["hours_to_resolve"]) == (False, None, 30.0)
    assert (await stream_api.problem("/v1/accounts/nobody/tickets"))["code"] == "unknown_account"


async def test_entries_have_the_words_of_answers_and_tickets(stream_api: Api) -> None:
    await stream_api.harness.post(
        ticket("opened", START, "T-1", user_id="ann", subject="Slow"),
        event("acme", "csat.answered", START + 1, user_id="ann", properties={"score": 2, "about": "T-1"}),
        event("acme", "nps.answered", START + 2, user_id="bob", properties={"score": 3, "comment": "Too slow"}),
    )
    await stream_api.harness.score()
    found = (await stream_api.get("/v1/accounts/acme/entries"))["entries"]
    assert [(one["person"], one["said"], one["words"]) for one in found if one["name"] != "health.changed"] == [
        ("bob", {"score": 3}, "Too slow"),
        ("ann", {"score": 2, "about": "T-1"}, None),
        ("ann", {"ticket": "T-1"}, "Slow"),
    ]


async def test_an_erased_person_has_neither_name_nor_words_and_the_ticket_stays_open(stream_api: Api) -> None:
    harness, ann = stream_api.harness, "ann@example.com"
    await harness.post(
        ticket("opened", START, "T-1", user_id=ann, severity=3, subject="I, Ann, am angry"),
        ticket("opened", START, "T-2", user_id="bob", subject="Slow"),
        event("acme", "nps.answered", START + 1, user_id=ann, properties={"score": 1, "comment": "Ann is gone"}),
    )
    await harness.tick(START + DAY)
    await harness.score()
    words = [ann, "I, Ann", "Ann is gone"]
    assert any(place.endswith("kpi_entry.words") for place in await traces(harness.engine, "scoring", words))
    request = UserErased("request 1", ann, ERASURE_KEY.user_pseudonym(ann).hex(), draw_substitute(ann))
    for partition in range(harness.partitions):
        await harness.write(partition, request, at=START + DAY)
    found = await tickets(stream_api)
    assert await traces(harness.engine, "scoring", words) == {}
    shown = {one["ticket"]: (one["open"], one["subject"], one["by"], one["severity"]) for one in found["tickets"]}
    assert shown == {"T-1": (True, None, None, 3.0), "T-2": (True, "Slow", "bob", None)}
    # Whoever reads the log anew keeps none of the words either.
    before = await harness.rows()
    for keep_erased in (True, False):
        await harness.empty(keep_log=True, keep_erased=keep_erased)
        await harness.score()
        assert (await harness.rows())["kpi_entry"] == before["kpi_entry"]


async def test_of_an_erased_account_no_ticket_and_no_word_stays(stream_api: Api) -> None:
    harness = stream_api.harness
    await harness.post(
        ticket("opened", START, "T-4711", user_id="ann", subject="Slow"),
        event("acme", "csat.answered", START + 1, properties={"score": 2, "about": "T-4711", "comment": "Too slow"}),
    )
    await harness.tick(START + DAY)
    request = Erased("request 1", "acme", ERASURE_KEY.pseudonym("acme").hex())
    await harness.write(harness.partition_of("acme"), request, at=START + DAY)
    await harness.score()
    assert await traces(harness.engine, "scoring", ["T-4711", "Slow", "Too slow"]) == {}
    kept = "SELECT string_agg(name || ' ' || body, '; ') FROM scoring.erased_kpi_entry WHERE name LIKE '%.answered'"
    assert await harness.scalar(kept) == 'csat.answered {"score": 2.0}'
    assert await harness.scalar("SELECT removed ->> 'ticket_entries' FROM scoring.erased") == "1"
    assert await harness.scalar("SELECT count(*) FROM scoring.kpi_entry") == 0


async def test_kpis_read_no_ticket(stream_api: Api) -> None:
    harness = stream_api.harness
    await harness.post(event("acme", "account.updated", START, properties={"arr": 100}))
    await harness.score()
    before = await stream_api.kpis(kpi="arr")
    read = stream_api.kpi_entries_read()
    for n in range(20):
        await harness.post(ticket("answered", START + n, f"T-{n}", hours=1))
    await harness.score()
    after = await stream_api.kpis(kpi="arr")
    assert after["spans"] == before["spans"]
    assert stream_api.kpi_entries_read() == read > 0
    # Nor when there is something else to read.
    await harness.post(event("acme", "account.updated", START + DAY, properties={"arr": 200}))
    await harness.score()
    await stream_api.read_kpi_entries()
    others = await harness.scalar("SELECT count(*) FROM scoring.kpi_entry WHERE name NOT LIKE 'ticket.%'")
    assert stream_api.kpi_entries_read() == others > read
