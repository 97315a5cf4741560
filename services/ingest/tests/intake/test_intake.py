"""Messages of another format, from the request to the log."""

import asyncio
from contextlib import nullcontext
from typing import Any, NoReturn

import msgspec
import pytest

from common.bus.ports import Record
from common.contracts.events import Event
from common.keys import Scope
from common.topics import Topics
from ingest.errors import FieldErrorReason
from ingest.in_memory import Ingest
from ingest.intake.account_wait import AccountWait

DEAD = Topics("").dead
ORIGIN = "https://app.example.com"


async def post(
    ingest: Ingest, *messages: dict[str, Any], url: str = "/plain", status: int = 200, **headers: str
) -> None:
    answer = await ingest.post(list(messages), url, **headers)
    assert answer.status_code == status, answer.text


def track(event: str = "Report Opened", **more: Any) -> dict[str, Any]:
    return {"kind": "track", "event": event, "message_id": "m-1", "user_id": "ann", **more}


def group(account_id: str = "acme", **more: Any) -> dict[str, Any]:
    return {"kind": "group", "message_id": "g-1", "user_id": "ann", "group_id": account_id, **more}


def headers(record: Record) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


def the_event(ingest: Ingest) -> Event:
    (event,) = ingest.events()
    return event


async def listed(ingest: Ingest) -> list[dict[str, Any]]:
    """What GET /v1/rejects shows, asked until it shows something."""
    key = ingest.keys.create(scopes=frozenset({Scope.READ}))
    while True:
        answer = await ingest.http.get("/v1/rejects", headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == 200, answer.text
        if rejects := answer.json()["rejects"]:
            return list(rejects)
        await asyncio.sleep(0.02)


async def test_a_message_that_names_its_account_becomes_an_event(ingest: Ingest) -> None:
    await post(ingest, track(properties={"account_id": "acme", "pages": 3, "nothing": None}))
    event = the_event(ingest)
    assert (event.account_id, event.user_id, event.event_id) == ("acme", "ann", "m-1")
    assert (event.name, event.source) == ("report.opened", "web")
    assert event.properties == {"account_id": "acme", "pages": 3}, "null is what a client does not know"


async def test_a_group_message_tells_the_account_of_all_that_its_user_does_later(ingest: Ingest) -> None:
    await post(ingest, group(traits={"name": "Acme", "arr": 1200, "colour": "red"}))
    await post(ingest, track())
    facts, event = ingest.events()
    assert (facts.name, facts.properties) == ("account.updated", {"name": "Acme", "arr": 1200})
    assert (event.account_id, event.name) == ("acme", "report.opened")


async def test_the_events_of_an_account_in_one_request_are_one_step(ingest: Ingest) -> None:
    await post(ingest, group(), track(), track(message_id="m-2"))
    assert [event.more for event in ingest.events()] == [True, True, False]


async def test_a_person_identified_before_the_account_is_named_gets_it_in_the_same_request(ingest: Ingest) -> None:
    identify = {"kind": "identify", "message_id": "i-1", "user_id": "ann", "traits": {"email": "ann@acme.example"}}
    await post(ingest, identify, group())
    person, _ = ingest.events()
    assert (person.account_id, person.name) == ("acme", "user.updated")
    assert person.properties == {"email": "ann@acme.example"}


async def test_a_page_may_tell_the_account_by_a_request_of_its_own(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client of a browser sends each message by itself, and does not wait for the answer to the one before."""
    monkeypatch.setattr(AccountWait, "place", lambda _: nullcontext([0.02] * 1_000))
    early = asyncio.create_task(post(ingest, track(), origin=ORIGIN))
    await asyncio.sleep(0.05)
    assert not early.done()
    await post(ingest, group(), origin=ORIGIN)
    await early
    assert [(event.account_id, event.name) for event in ingest.events()] == [
        ("acme", "account.updated"),
        ("acme", "report.opened"),
    ]


async def test_the_account_of_a_visitor_is_not_waited_for_for_ever(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AccountWait, "place", lambda _: nullcontext([0.01, 0.01]))
    await post(ingest, track(user_id="stranger"), origin=ORIGIN)
    assert (ingest.events(), len(ingest.records(DEAD))) == ([], 1)


async def test_no_server_waits_for_an_account(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    def place(_: AccountWait) -> NoReturn:
        raise AssertionError("it waits")

    monkeypatch.setattr(AccountWait, "place", place)
    await post(ingest, track())
    assert len(ingest.records(DEAD)) == 1


def test_only_so_many_requests_wait_for_accounts_at_a_time() -> None:
    wait = AccountWait(seconds=(0.1, 0.2), most=2)
    with wait.place() as first, wait.place() as second, wait.place() as third:
        assert (first, second, third) == ((0.1, 0.2), (0.1, 0.2), ())
    with wait.place() as after:
        assert after == (0.1, 0.2)


async def test_an_event_without_a_known_account_is_a_reject_and_its_batch_is_taken(ingest: Ingest) -> None:
    await post(ingest, track(user_id="stranger"), track(message_id="m-2", properties={"account_id": "acme"}))
    assert the_event(ingest).event_id == "m-2"
    (dead,) = ingest.records(DEAD)
    told = headers(dead)
    assert (told["reason"], told["origin"], told["format"]) == ("no_account", "ingest", "plain")
    assert (told["source"], told["message_id"]) == ("web", "m-1")
    assert msgspec.json.decode(dead.value or b"") == track(user_id="stranger")
    (reject,) = await listed(ingest)
    assert (reject["reason"], reject["label"], reject["message_id"]) == ("no_account", "Report Opened", "m-1")
    assert reject["dead_letter"] == f"{dead.partition}:{dead.offset}"
    assert "group message" in reject["errors"][0]["detail"]
    assert await ingest.metric(f'churn_ingest_rejects_total{{key="{reject["key_id"]}",reason="no_account"}}') == 1


async def test_while_identities_cannot_be_read_nothing_is_called_unknown(ingest: Ingest) -> None:
    ingest.identities.away = True
    await post(ingest, track(), status=503)
    assert (ingest.events(), ingest.records(DEAD)) == ([], [])
    await post(ingest, track(properties={"account_id": "acme"}))
    assert the_event(ingest).account_id == "acme", "an event that names its account needs no identity"


async def test_a_known_identity_is_good_while_postgresql_is_away(ingest: Ingest) -> None:
    await post(ingest, group())
    ingest.identities.away = True
    await post(ingest, track())
    assert ingest.events()[-1].account_id == "acme"


async def test_a_group_message_that_cannot_be_stored_is_not_taken(ingest: Ingest) -> None:
    ingest.identities.away = True
    await post(ingest, group(), status=503)
    assert ingest.events() == []


async def test_a_fact_that_cannot_be_taken_is_left_out_and_listed(ingest: Ingest) -> None:
    await post(ingest, group(traits={"name": "Acme", "arr": "12k"}))
    assert the_event(ingest).properties == {"name": "Acme"}
    (reject,) = await listed(ingest)
    assert (reject["reason"], reject["dead_letter"]) == ("left_out", None)
    assert reject["errors"][0]["field"] == "properties.arr"
    assert await ingest.metric('churn_ingest_messages_total{format="plain",outcome="partly"}') == 1


async def test_a_standard_event_whose_properties_are_wrong_is_a_reject(ingest: Ingest) -> None:
    await post(ingest, track("nps.answered", properties={"account_id": "acme", "score": 11}))
    assert ingest.events() == []
    (reject,) = await listed(ingest)
    assert reject["errors"][0]["reason"] == FieldErrorReason.OUT_OF_RANGE


async def test_a_time_ahead_of_ours_becomes_ours_and_is_counted(ingest: Ingest) -> None:
    ahead = "2026-01-31T12:06:00+00:00"
    await post(ingest, track(time=ahead, properties={"account_id": "acme"}))
    event = the_event(ingest)
    assert event.time == event.received_at
    assert await ingest.metric("churn_ingest_times_clamped_total") == 1


async def test_an_old_event_is_a_reject_unless_the_request_is_an_import(ingest: Ingest) -> None:
    old = track(time="2025-06-01T12:00:00+00:00", properties={"account_id": "acme"})
    await post(ingest, old)
    assert ingest.events() == []
    assert headers(ingest.records(DEAD)[0])["reason"] == "too_old"
    await post(ingest, old, url="/plain?history=true")
    assert the_event(ingest).history is True


async def test_names_are_ours_where_the_mapping_says_so_and_ignored_ones_are_counted(ingest: Ingest) -> None:
    of_acme = {"properties": {"account_id": "acme"}}
    await post(ingest, track("userLoggedIn", **of_acme), track("mouse_moved", **of_acme))
    assert the_event(ingest).name == "session.started"
    assert await ingest.metric('churn_ingest_messages_ignored_total{reason="by_mapping"}') == 1


async def test_a_name_that_cannot_become_ours_says_how_to_map_it(ingest: Ingest) -> None:
    await post(ingest, track("ログイン", properties={"account_id": "acme"}))
    (reject,) = await listed(ingest)
    assert (reject["reason"], reject["label"]) == ("bad_name", "ログイン")
    assert "mapping.yml" in reject["errors"][0]["detail"]


async def test_a_message_that_is_too_large_for_the_log_leaves_its_reason(ingest: Ingest) -> None:
    await post(ingest, track(user_id="stranger", properties={"text": "x" * 600_000}))
    (dead,) = ingest.records(DEAD)
    assert (dead.value, headers(dead)["truncated"]) == (b"", "true")


async def test_a_body_that_cannot_be_read_is_answered_and_nothing_is_kept(ingest: Ingest) -> None:
    answer = await ingest.post(b"[{", "/plain")
    assert (answer.status_code, answer.text) == (400, "malformed_body")
    assert (ingest.events(), ingest.records(DEAD)) == ([], [])


async def test_every_format_counts_for_its_source(ingest: Ingest) -> None:
    await post(ingest, group())
    await post(ingest, track(), track(message_id="m-2", user_id="unknown"))
    await post(ingest, track(message_id="m-3"), url="/plain?history=true")
    (counts,) = ingest.volumes.take().values()
    live = [event for event in ingest.events() if not event.history]
    assert (counts.events, counts.history) == (len(live), 1)
    assert counts.refused == {FieldErrorReason.NO_ACCOUNT: 1}


async def test_messages_of_an_erased_account_make_no_event_and_are_kept_nowhere(ingest: Ingest) -> None:
    """An SDK cannot be refused one message of many, and the dead topic would keep what is to be forgotten."""
    await post(ingest, group("beta", user_id="bo"))
    key = ingest.keys.create(scopes=frozenset({Scope.ADMIN}))
    answer = await ingest.http.delete("/v1/accounts/acme", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 202
    await post(ingest, group(), track(), track(user_id="bo", message_id="m-2"), group(traits={"arr": "much"}))
    assert [event.account_id for event in ingest.events()] == ["beta", "beta"]
    assert await ingest.metric('churn_ingest_messages_ignored_total{reason="erased"}') == 3
    assert ingest.records(DEAD) == []
    await post(ingest, track(message_id="m-3"))
    assert await ingest.metric('churn_ingest_messages_total{format="plain",outcome="rejected"}') == 1, "of no account"


async def test_messages_of_a_merged_account_and_of_its_people_are_filed_under_the_other_account(
    ingest: Ingest,
) -> None:
    await post(ingest, group("acme"))
    merged = track("account.merged", message_id="m-2", properties={"account_id": "acme", "into": "birch"})
    await post(ingest, merged)
    await post(ingest, track(message_id="m-3"), track(message_id="m-4", properties={"account_id": "acme"}))
    found = {event.event_id: event.account_id for event in ingest.events()}
    assert (found["m-2"], found["m-3"], found["m-4"]) == ("acme", "birch", "birch")


async def test_a_message_that_merges_in_a_circle_is_a_reject(ingest: Ingest) -> None:
    await post(ingest, track("account.merged", properties={"account_id": "acme", "into": "acme"}))
    assert [one["reason"] for one in await listed(ingest)] == ["merge_cycle"]
    assert ingest.events() == []


async def test_a_merge_that_cannot_be_stored_is_sent_again(ingest: Ingest) -> None:
    ingest.aliases.away = True
    await post(ingest, track("account.merged", properties={"account_id": "acme", "into": "birch"}), status=503)
    assert ingest.events() == []
