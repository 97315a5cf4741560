"""POST /v1/events, as clients see it."""

import gzip
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from common.bus.partitioner import partition_of
from common.contracts import ids
from common.contracts.events import Event
from common.topics import TimeMode
from ingest.in_memory import NOW, Ingest, in_memory
from support.posted_events import BAD, GOOD, good, problem

NDJSON = "application/x-ndjson"


async def test_an_accepted_event_is_on_the_log_in_its_accounts_partition(ingest: Ingest) -> None:
    posted = {**GOOD, "user_id": "u-1", "time": "2026-01-31T10:00:00+01:00", "properties": {"seats": 3}}
    answer = await ingest.post(posted)
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": 1,
        "rejected": 0,
        "items": [{"index": 0, "status": "accepted", "event_id": "e-1"}],
    }
    (record,) = ingest.records()
    assert (record.key, record.partition) == (b"acme", partition_of(b"acme", 4))
    assert ingest.events() == [
        Event(
            event_id="e-1",
            account_id="acme",
            user_id="u-1",
            name="report.opened",
            time=datetime(2026, 1, 31, 9, tzinfo=UTC),
            properties={"seats": 3},
            source="web",
            received_at=NOW,
        )
    ]


async def test_an_array_and_lines_and_their_compressed_forms_are_all_taken(ingest: Ingest) -> None:
    array = json.dumps([good(1), good(2)]).encode()
    lines = b"\n".join(json.dumps(good(number)).encode() for number in (3, 4))
    assert (await ingest.post(array)).json()["accepted"] == 2
    assert (await ingest.post(lines, content_type=NDJSON)).json()["accepted"] == 2
    assert (await ingest.post(gzip.compress(array), content_encoding="gzip")).json()["accepted"] == 2
    answer = await ingest.post(gzip.compress(lines), content_encoding="gzip", content_type=NDJSON)
    assert answer.json()["accepted"] == 2
    assert len(ingest.events()) == 8


async def test_the_events_of_one_account_keep_their_order(ingest: Ingest) -> None:
    await ingest.post([good(number) for number in range(500)])
    assert [event.event_id for event in ingest.events()] == [f"e-{number}" for number in range(500)]


async def test_events_without_a_time_have_one_time_and_keep_their_order(ingest: Ingest) -> None:
    names = ["contract.renewed", "contract.cancel_requested", "account.updated"]
    await ingest.post([{"account_id": "acme", "name": name} for name in names])
    assert [event.name for event in ingest.events()] == names
    assert len({event.time for event in ingest.events()}) == 1


async def test_one_bad_event_does_not_fail_its_batch(ingest: Ingest) -> None:
    answer = await ingest.post([good(1), BAD, good(3)])
    assert answer.status_code == 202
    body = answer.json()
    assert (body["accepted"], body["rejected"]) == (2, 1)
    assert [item["status"] for item in body["items"]] == ["accepted", "rejected", "accepted"]
    assert body["items"][1] == {
        "index": 1,
        "status": "rejected",
        "event_id": "e-2",
        "errors": [
            {
                "field": "acount_id",
                "reason": "unknown_field",
                "detail": "an event has event_id, account_id, user_id, name, time, properties",
            },
            {"field": "account_id", "reason": "missing", "detail": "every event needs it"},
        ],
    }
    assert [event.event_id for event in ingest.events()] == ["e-1", "e-3"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"account_id":"acme","name":"report.opened","user_id":"\\ud83d"}', "bad_unicode"),
        (b'{"account_id":"acme","name":"report.opened","properties":{"n":NaN}}', "malformed"),
        (b'{"account_id":"acme","name":"report.opened","properties":' + b"[" * 1000 + b"]" * 1000 + b"}", "too_deep"),
    ],
    ids=["half an emoji", "NaN", "1,000 levels"],
)
async def test_an_item_that_is_no_json_does_not_fail_the_other_499(ingest: Ingest, bad: bytes, reason: str) -> None:
    bodies = [json.dumps(good(number)).encode() for number in range(500)]
    bodies[250] = bad
    for body, headers in ((b"[" + b",".join(bodies) + b"]", {}), (b"\n".join(bodies), {"content_type": NDJSON})):
        answer = (await ingest.post(body, **headers)).json()
        assert (answer["accepted"], answer["rejected"]) == (499, 1)
        assert [error["reason"] for error in answer["items"][250]["errors"]] == [reason]
    assert len(ingest.events()) == 2 * 499


async def test_a_byte_order_mark_is_passed_over(ingest: Ingest) -> None:
    for body in (json.dumps(GOOD).encode(), json.dumps([GOOD]).encode()):
        assert (await ingest.post(b"\xef\xbb\xbf" + body)).json()["accepted"] == 1
    assert (await ingest.post(b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), content_type=NDJSON)).status_code == 202


async def test_a_broken_line_is_named_by_its_number(ingest: Ingest) -> None:
    answer = await ingest.post(b'\n{"broken\n' + json.dumps(GOOD).encode(), content_type=NDJSON)
    assert answer.status_code == 202
    rejected, accepted = answer.json()["items"]
    assert (rejected["index"], rejected["line"], rejected["errors"][0]["reason"]) == (0, 2, "malformed")
    assert (accepted["index"], accepted["status"]) == (1, "accepted")


async def test_if_no_event_can_be_taken_the_answer_says_why_for_each(ingest: Ingest) -> None:
    answer = await ingest.post([BAD, 17])
    assert problem(answer) == (422, "no_event_taken")
    assert [item["errors"][0]["field"] for item in answer.json()["items"]] == ["acount_id", ""]
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (0, 2)
    assert ingest.records() == []


async def test_a_standard_event_is_checked_by_the_catalogue(ingest: Ingest) -> None:
    """The facts that a first integration gets wrong, one of each kind, beside a good event."""
    wrong = [
        ("account.updated", {"arr": "50,000"}, "properties.arr", "wrong_type"),
        ("account.updated", {"tier": 1}, "properties.tier", "wrong_type"),
        ("account.updated", {"contract_end": "31/12/2026"}, "properties.contract_end", "bad_value"),
        ("contract.changed", {"contract_end": 1_798_675_200_000}, "properties.contract_end", "wrong_type"),
        ("account.updated", {"time_zone": "Berlin"}, "properties.time_zone", "bad_value"),
        ("nps.answered", {"score": 42}, "properties.score", "out_of_range"),
        ("nps.answered", {}, "properties.score", "missing"),
        ("ticket.opened", {"severity": "unknown"}, "properties.severity", "wrong_type"),
        ("milestone.reached", {"step": "kick off"}, "properties.step", "bad_value"),
    ]
    events = [
        {"event_id": f"w-{number}", "account_id": "acme", "name": name, "properties": properties}
        for number, (name, properties, _, _) in enumerate(wrong)
    ]
    answer = await ingest.post([*events, GOOD])
    assert answer.status_code == 202
    *rejected, _ = answer.json()["items"]
    assert [(item["event_id"], len(item["errors"])) for item in rejected] == [(one["event_id"], 1) for one in events]
    errors = [item["errors"][0] for item in rejected]
    assert [(error["field"], error["reason"]) for error in errors] == [(field, reason) for *_, field, reason in wrong]
    assert errors[0]["detail"] == 'expected a number from 0 to 1,000,000,000,000, not "50,000"'
    assert [event.event_id for event in ingest.events()] == ["e-1"]
    assert problem(await ingest.post(events[0])) == (422, "no_event_taken")


async def test_the_answer_says_what_was_corrected_and_the_log_has_what_was_taken(ingest: Ingest) -> None:
    facts = {"seats": "10", "tier": " High", "arr": 50_000, "plan": " Team "}
    answer = await ingest.post([GOOD, {**good(2), "name": "account.updated", "properties": facts}])
    plain, corrected = answer.json()["items"]
    assert "notes" not in plain
    assert [(note["field"], note["reason"]) for note in corrected["notes"]] == [
        ("properties.tier", "surrounding_blanks"),
        ("properties.tier", "letter_case"),
        ("properties.seats", "digits_in_quotes"),
    ]
    assert corrected["notes"][2]["detail"] == '"10" was taken as 10'
    assert ingest.events()[1].properties == {"seats": 10, "tier": "high", "arr": 50_000, "plan": " Team "}


async def test_errors_of_the_catalogue_and_of_the_event_are_reported_together(ingest: Ingest) -> None:
    event = {"name": "nps.answered", "time": "now", "properties": {"score": 42}}
    answer = await ingest.post(event)
    assert {(error["field"], error["reason"]) for error in answer.json()["items"][0]["errors"]} == {
        ("account_id", "missing"),
        ("time", "bad_time"),
        ("properties.score", "out_of_range"),
    }


async def test_a_dry_run_answers_the_same_and_sends_nothing(ingest: Ingest) -> None:
    events = [good(1), BAD, {**good(2), "name": "account.updated", "properties": {"seats": "10"}}, good(1)]
    dry = await ingest.post(events, "/v1/events?dry_run=true")
    none_taken = await ingest.post([BAD], "/v1/events?dry_run=true")
    assert ingest.records() == []
    assert await ingest.metric('churn_ingest_events_total{outcome="rejected"}') == 0
    real = await ingest.post(events)
    assert (dry.status_code, dry.json()) == (real.status_code, real.json())
    assert (none_taken.status_code, none_taken.json()) == (422, (await ingest.post([BAD])).json())
    assert len(ingest.records()) == 3
    assert problem(await ingest.post(GOOD, "/v1/events?dry_run=perhaps")) == (400, "bad_parameter")


async def test_a_dry_run_needs_no_log() -> None:
    async with in_memory(ack_seconds=0.05) as ingest:
        ingest.broker.go_offline()
        assert (await ingest.post(GOOD, "/v1/events?dry_run=true")).status_code == 202


async def test_an_id_that_an_earlier_item_has_is_said_to_be_a_duplicate(ingest: Ingest) -> None:
    """The id of another account is another event; so is one whose item was rejected."""
    other = {**GOOD, "name": "report.shared"}
    answer = await ingest.post([{**BAD, "event_id": "e-1"}, GOOD, {**GOOD, "account_id": "birch"}, GOOD, other])
    assert [item.get("duplicate") for item in answer.json()["items"]] == [
        None,
        None,
        None,
        "same_content",
        "other_content",
    ]
    assert "duplicate" not in answer.json()["items"][1]


async def test_an_event_without_an_id_gets_one_that_is_not_deduplicated(ingest: Ingest) -> None:
    answer = await ingest.post([{"account_id": "acme", "name": "report.opened"}, GOOD])
    made_up, own = answer.json()["items"]
    assert made_up["deduplicated"] is False
    assert UUID(made_up["event_id"]).version == 4
    assert "deduplicated" not in own
    assert ingest.events()[0].event_id == made_up["event_id"]


async def test_an_idempotency_key_gives_the_same_ids_to_the_same_places(ingest: Ingest) -> None:
    nameless = {"account_id": "acme", "name": "report.opened"}
    for _ in range(2):
        answer = await ingest.post([nameless, GOOD, nameless], idempotency_key="order-17")
        assert [item["event_id"] for item in answer.json()["items"]] == [
            ids.event_id("web", "order-17", 0),
            "e-1",
            ids.event_id("web", "order-17", 2),
        ]
        assert all("deduplicated" not in item for item in answer.json()["items"])


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
async def test_an_idempotency_key_has_bounds(ingest: Ingest, key: str) -> None:
    assert problem(await ingest.post(GOOD, idempotency_key=key)) == (400, "bad_idempotency_key")


async def test_a_backfill_is_marked_as_history(ingest: Ingest) -> None:
    await ingest.post(good(1), "/v1/events?history=true")
    await ingest.post(good(2), "/v1/events?history=false")
    assert [event.history for event in ingest.events()] == [True, False]
    assert problem(await ingest.post(good(3), "/v1/events?history=maybe")) == (400, "bad_parameter")


async def test_an_event_without_a_time_happened_when_it_was_received(ingest: Ingest) -> None:
    await ingest.post(GOOD)
    assert ingest.events()[0].time == NOW


async def test_in_wall_mode_the_log_says_when_a_record_happened(ingest: Ingest) -> None:
    await ingest.post({**GOOD, "time": "2026-01-05T00:00:00Z"})
    assert ingest.records()[0].timestamp == NOW.timestamp() * 1000


async def test_in_stream_mode_a_record_happened_when_its_event_did() -> None:
    async with in_memory(mode=TimeMode.STREAM) as ingest:
        await ingest.post({**GOOD, "time": "2026-01-01T00:00:00.123999Z"})
        assert ingest.records()[0].timestamp == 1767225600123
