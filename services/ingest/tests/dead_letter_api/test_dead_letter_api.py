"""GET /v1/dead-letters and POST /v1/dead-letters/resend, as an administrator's page asks them."""

import asyncio
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from common.bus.partitioner import partition_of
from common.bus.ports import Outgoing
from common.contracts.events import Event, encode_events_record
from common.keys import Scope
from common.problems import Problem
from common.topics import TimeMode, Topics
from ingest.dead_letter_api.resenders import ErasuresUnknown
from ingest.dead_letter_api.service import DeadLetterService
from ingest.dead_letters.letter import LetterPosition
from ingest.dead_letters.resending import EventResender, Resender
from ingest.dead_letters.selection import LetterSelection
from ingest.in_memory import NOW, PARTITIONS, Ingest

TOPICS = Topics("")
PATH = "/v1/dead-letters"


def record(number: int, account: str = "acme") -> bytes:
    return encode_events_record(Event(f"e-{number}", account, "report.opened", NOW, "web", NOW, None))


async def set_aside(
    ingest: Ingest, value: bytes, *, reason: str = "core_failed", partition: int = 0, attempt: int = 1
) -> str:
    """The position of a letter that scoring has written."""
    headers = (("reason", reason.encode()), ("attempt", str(attempt).encode()))
    producer = ingest.broker.producer()
    (ack,) = await producer.send(TOPICS.dead, [Outgoing(partition, b"acme", value, headers)])
    return f"{ack.partition}:{ack.offset}"


async def ask(ingest: Ingest, **query: Any) -> httpx.Response:
    key = ingest.keys.create(scopes=frozenset({Scope.ADMIN}))
    return await ingest.http.get(PATH, params=query, headers={"authorization": f"Bearer {key}"})


async def resend(ingest: Ingest, **body: Any) -> httpx.Response:
    key = ingest.keys.create(scopes=frozenset({Scope.ADMIN}))
    return await ingest.http.post(f"{PATH}/resend", json=body, headers={"authorization": f"Bearer {key}"})


async def test_letters_are_listed_with_what_their_reason_means(ingest: Ingest) -> None:
    first = await set_aside(ingest, record(1), partition=2)
    await set_aside(ingest, b"no json", reason="unreadable")
    found = (await ask(ingest)).json()
    assert (found["counts"], found["resent"], found["complete"]) == ({"core_failed": 1, "unreadable": 1}, {}, True)
    by_reason = {letter["reason"]: letter for letter in found["letters"]}
    assert by_reason["core_failed"]["position"] == first
    assert by_reason["core_failed"]["event_id"] == "e-1"
    assert "scoring core" in by_reason["core_failed"]["means"]
    assert "post the event" in by_reason["unreadable"]["do"]
    only = (await ask(ingest, reason="unreadable")).json()
    assert [letter["reason"] for letter in only["letters"]] == ["unreadable"]
    assert (await ask(ingest, account="nobody")).json()["letters"] == []
    assert len((await ask(ingest, limit=1)).json()["letters"]) == 1


async def test_a_dry_run_sends_nothing_and_a_letter_is_sent_once(ingest: Ingest) -> None:
    position = await set_aside(ingest, record(1))
    unreadable = await set_aside(ingest, b"no json", reason="unreadable")
    tried = (await resend(ingest, positions=[position, unreadable], dry_run=True)).json()
    assert (tried["dry_run"], tried["sent"], tried["refused"]) == (True, 1, {"unreadable": 1})
    assert tried["refusals"][0]["position"] == unreadable
    assert ingest.events() == []
    sent = (await resend(ingest, positions=[position])).json()
    assert (sent["dry_run"], sent["sent"], sent["refused"], sent["complete"]) == (False, 1, {}, True)
    assert [event.event_id for event in ingest.events()] == ["e-1"]
    assert ingest.records()[0].partition == partition_of(b"acme", PARTITIONS)
    again = (await resend(ingest, positions=[position])).json()
    assert (again["sent"], again["refused"]) == (0, {"already_resent": 1})
    assert (await resend(ingest, positions=[position], again=True)).json()["sent"] == 1
    listed = (await ask(ingest)).json()
    assert listed["resent"] == {"core_failed": 1}
    assert [letter["resent"] for letter in listed["letters"] if letter["position"] == position] == [True]


async def test_what_failed_three_times_is_sent_only_by_its_position(ingest: Ingest) -> None:
    position = await set_aside(ingest, record(1), attempt=3)
    assert (await resend(ingest, reason="core_failed")).json()["refused"] == {"too_many_attempts": 1}
    assert (await resend(ingest, positions=[position])).json()["sent"] == 1


async def test_a_letter_of_somebody_erased_is_not_sent(ingest: Ingest) -> None:
    await set_aside(ingest, record(1, "gone"))
    key = ingest.keys.create(scopes=frozenset({Scope.ADMIN}))
    erased = await ingest.http.delete("/v1/accounts/gone", headers={"authorization": f"Bearer {key}"})
    assert erased.status_code == 202
    assert (await resend(ingest, reason="core_failed")).json()["refused"] == {"erased": 1}
    assert ingest.events() == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"dry_run": True},
        {"positions": ["17"]},
        {"positions": ["0:1"] * 501},
        {"reason": "core_failed", "everything": True},
        {"since": "yesterday"},
        {"reason": "core_failed", "since": 20260131},
        {"reason": "core_failed", "dry_run": 0},
        {"source": ""},
    ],
)
async def test_what_selects_nothing_or_cannot_be_read_is_refused(ingest: Ingest, body: dict[str, Any]) -> None:
    await set_aside(ingest, record(1))
    answer = await resend(ingest, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_parameter")
    assert ingest.events() == []


async def test_answers_are_of_the_documented_form(ingest: Ingest) -> None:
    position = await set_aside(ingest, record(1))
    document = (await ingest.http.get("/openapi.json")).json()
    answers = (
        (document["paths"][PATH]["get"], await ask(ingest)),
        (document["paths"][f"{PATH}/resend"]["post"], await resend(ingest, positions=[position], dry_run=True)),
    )
    for operation, answer in answers:
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json())
    body = document["paths"][f"{PATH}/resend"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert Draft202012Validator(body).is_valid({"positions": [position], "dry_run": True})
    assert not Draft202012Validator(body).is_valid({"position": position})


async def test_without_kafka_it_is_a_503(ingest: Ingest) -> None:
    ingest.broker.go_offline()
    for answer in (await ask(ingest), await resend(ingest, reason="core_failed")):
        assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
        assert "retry-after" in answer.headers


async def test_of_a_long_topic_the_newest_are_read_and_the_answer_says_so(ingest: Ingest) -> None:
    oldest, *_ = [await set_aside(ingest, record(number)) for number in range(5)]
    service = letter_service(ingest, newest=3)
    found = await service.list(LetterSelection(), limit=50)
    assert [letter.event_id for letter in found.letters] == ["e-2", "e-3", "e-4"]
    assert (found.counts, found.complete) == ({"core_failed": 3}, False)
    # A letter that is named by its position is sent however old it is.
    named = LetterSelection(positions=frozenset({LetterPosition(*map(int, oldest.split(":")))}))
    sent = await service.resend(named, again=False, dry_run=False)
    assert (sent.sent, sent.complete) == (1, True)
    whole = await letter_service(ingest, newest=100).list(LetterSelection(), limit=50)
    assert (len(whole.letters), whole.complete) == (5, True)


async def test_when_the_time_is_over_it_answers_with_what_it_has(ingest: Ingest) -> None:
    await set_aside(ingest, record(1))
    service = letter_service(ingest, seconds=-1.0)
    # The lock is free, so the time is over at the first read.
    found = await service.list(LetterSelection(), limit=50)
    assert (found.letters, found.complete) == ([], False)
    sent = await service.resend(LetterSelection(reason="core_failed"), again=False, dry_run=False)
    assert (sent.sent, sent.complete) == (0, False)
    assert ingest.events() == []


async def test_one_request_at_a_time_reads_the_topic(ingest: Ingest) -> None:
    await set_aside(ingest, record(1))
    inside, leave = asyncio.Event(), asyncio.Event()

    async def held(partitions: int) -> dict[str, Resender]:
        inside.set()
        await leave.wait()
        return {}

    service = DeadLetterService(ingest.broker.admin(), ingest.broker.producer(), held, topics=TOPICS, seconds=0.05)
    first = asyncio.create_task(service.resend(LetterSelection(reason="x"), again=False, dry_run=True))
    await inside.wait()
    with pytest.raises(Problem) as refused:
        await service.list(LetterSelection(), limit=1)
    assert (refused.value.status, refused.value.code) == (503, "busy")
    leave.set()
    await first
    assert (await letter_service(ingest).list(LetterSelection(), limit=1)).complete


async def test_nothing_is_sent_while_nobody_knows_who_is_erased(ingest: Ingest) -> None:
    async def unknown(partitions: int) -> dict[str, Resender]:
        raise ErasuresUnknown("ERASURE_KEY is another one")

    await set_aside(ingest, record(1))
    service = DeadLetterService(ingest.broker.admin(), ingest.broker.producer(), unknown, topics=TOPICS)
    with pytest.raises(Problem) as refused:
        await service.resend(LetterSelection(reason="core_failed"), again=False, dry_run=False)
    assert (refused.value.status, refused.value.code) == (409, "erasures_unknown")


def letter_service(ingest: Ingest, *, seconds: float = 8.0, newest: int = 100) -> DeadLetterService:
    async def resenders(partitions: int) -> dict[str, Resender]:
        return {"scoring": EventResender(partitions=partitions, mode=TimeMode.WALL)}

    return DeadLetterService(
        ingest.broker.admin(), ingest.broker.producer(), resenders, topics=TOPICS, seconds=seconds, newest=newest
    )
