"""Somebody takes an episode in hand."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.types import Message

from alerts.api.parameters import Acknowledge
from alerts.samples import NOON, Sample
from common import json_body
from common.contracts.signals import Signal
from common.problems import Problem
from support.alerts_api import AlertsApi


@pytest.fixture
async def yellow(api: AlertsApi) -> Signal:
    """Opens an episode."""
    return await api.rows.record(Sample(account="acme", to="yellow").build())


async def next_in(api: AlertsApi, opened_by: Signal, n: int, to: str) -> Signal:
    signal = Sample(account="acme", to=to, at=NOON + timedelta(hours=n)).build()
    return await api.rows.record(msgspec.structs.replace(signal, episode=opened_by.episode))


async def acknowledged(api: AlertsApi) -> dict[str, bool]:
    return {alert["id"]: alert["acknowledged"] for alert in await api.list(account="acme")}


async def test_an_acknowledged_episode_is_in_somebodys_hand(api: AlertsApi, yellow: Signal) -> None:
    other = await api.rows.record(Sample(account="birch").build())
    taken = await api.acknowledge(yellow, "dana@example.com", "I call them today")
    assert taken == {
        "account_id": "acme",
        "episode": yellow.episode,
        "alert_id": yellow.signal_id,
        "severity": "warning",
        "by": "dana@example.com",
        "note": "I call them today",
        "at": taken["at"],
    }
    (alert,) = await api.list(acknowledged="true")
    assert (alert["id"], alert["acknowledgement"]) == (yellow.signal_id, taken)
    assert [alert["id"] for alert in await api.list(acknowledged="false")] == [other.signal_id]
    assert (await api.one(yellow))["acknowledgement"] == taken
    assert (await api.one(other))["acknowledgement"] is None


async def test_any_alert_of_an_episode_acknowledges_all_that_was_told_of_it(api: AlertsApi, yellow: Signal) -> None:
    red = await next_in(api, yellow, 1, "red")
    await api.rows.tell(red, "n-red")
    taken = await api.acknowledge(yellow, "dana")
    assert (taken["alert_id"], taken["severity"]) == (yellow.signal_id, "critical")
    assert await acknowledged(api) == {yellow.signal_id: True, red.signal_id: True}


async def test_what_nobody_was_told_yet_is_in_nobodys_hand(api: AlertsApi, yellow: Signal) -> None:
    """Red is recorded and its message has not gone out: whoever takes yellow in hand does not know of it."""
    red = await next_in(api, yellow, 1, "red")
    await api.rows.message("n-red", [red], status="pending")
    assert (await api.acknowledge(yellow, "dana"))["severity"] == "warning"
    assert await acknowledged(api) == {yellow.signal_id: True, red.signal_id: False}


async def test_something_worse_that_comes_later_is_in_nobodys_hand(api: AlertsApi, yellow: Signal) -> None:
    await api.acknowledge(yellow, "dana")
    again, green = await next_in(api, yellow, 1, "yellow"), await next_in(api, yellow, 2, "green")
    red = await next_in(api, yellow, 3, "red")
    assert await acknowledged(api) == {
        yellow.signal_id: True,
        again.signal_id: True,
        green.signal_id: True,
        red.signal_id: False,
    }
    assert [alert["id"] for alert in await api.list(acknowledged="false")] == [red.signal_id]


async def test_asking_again_changes_nothing_until_something_worse_has_come(api: AlertsApi, yellow: Signal) -> None:
    first = await api.acknowledge(yellow, "dana", "mine")
    assert await api.acknowledge(yellow, "tom", "no, mine") == first
    red = await next_in(api, yellow, 1, "red")
    worse = await api.acknowledge(red, "tom", "I take it over")
    assert (worse["severity"], worse["by"], worse["alert_id"]) == ("critical", "tom", red.signal_id)
    assert worse["at"] >= first["at"]
    assert await api.acknowledge(yellow, "dana") == worse
    assert await api.rows.scalar("SELECT count(*) FROM alerts.acknowledgement") == 1


async def test_of_two_who_take_it_at_once_one_has_it(api: AlertsApi, yellow: Signal) -> None:
    answers = await asyncio.gather(*(api.acknowledge(yellow, f"csm-{n}") for n in range(8)))
    assert len({answer["by"] for answer in answers}) == 1
    assert await api.rows.scalar("SELECT by FROM alerts.acknowledgement") == answers[0]["by"]


BODIES: list[tuple[Any, str]] = [
    ({}, "body.by"),
    ({"by": ""}, "body.by"),
    ({"by": "  \n"}, "body.by"),
    ({"by": 7}, "body.by"),
    ({"by": "x" * 201}, "body.by"),
    ({"by": "a\0b"}, "body.by"),
    ({"by": "dana", "note": "x" * 2001}, "body.note"),
    ({"by": "dana", "note": "a\0b"}, "body.note"),
    ({"by": "dana", "note": ["x"]}, "body.note"),
    ({"by": "dana", "until": "friday"}, "body.until"),  # what is not known must not be taken for done
    ([], "body"),
    (b"", "body"),
    (b'{"by": "dana"', "body"),
    (b'{"by": "\\ud800"}', "body"),
    (b'{"by": "\xff"}', "body"),
    (b"[" * 10_000, "body"),
]


async def test_a_body_that_cannot_be_used_is_told_by_field_and_reason(api: AlertsApi, yellow: Signal) -> None:
    for sent, field in BODIES:
        content = sent if isinstance(sent, bytes) else msgspec.json.encode(sent)
        answer = await api.http.post(f"/v1/alerts/{yellow.signal_id}/ack", content=content)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "bad_parameter"), sent
        assert [error["field"] for error in problem["errors"]] == [field], sent
        assert problem["errors"][0]["reason"]
        assert problem["errors"][0]["detail"]
    assert await api.rows.scalar("SELECT count(*) FROM alerts.acknowledgement") == 0


async def test_the_longest_words_are_taken_whole_and_an_empty_note_is_none(api: AlertsApi, yellow: Signal) -> None:
    long = await api.acknowledge(yellow, "名" * 200, "前" * 2000)
    assert (long["by"], long["note"]) == ("名" * 200, "前" * 2000)
    short = await api.rows.record(Sample(account="birch").build())
    assert (await api.acknowledge(short, "  dana ", "  "))["note"] is None


async def test_a_body_that_is_too_large_is_not_read_to_its_end(api: AlertsApi, yellow: Signal) -> None:
    answer = await api.http.post(f"/v1/alerts/{yellow.signal_id}/ack", content=b" " * 10_241)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert "connection" not in answer.headers, "a proxy that still sends the body would lose the answer"


def arriving(*messages: Message) -> Request:
    """A request whose body comes so, and then no more."""
    left = list(messages)

    async def receive() -> Message:
        if left:
            return left.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


PIECE: Message = {"type": "http.request", "body": b'{"by": ', "more_body": True}
END: Message = {"type": "http.request", "body": b'"dana"}', "more_body": False}


async def test_a_body_may_come_in_pieces_but_not_for_ever() -> None:
    taken = await json_body.read(arriving(PIECE, END), Acknowledge, most=100, seconds=60.0)
    assert taken == Acknowledge(by="dana")
    with pytest.raises(Problem) as slow:
        await json_body.read(arriving(PIECE), Acknowledge, most=100, seconds=0.01)
    assert slow.value.status == 408
    with pytest.raises(Problem) as gone:
        await json_body.read(arriving(PIECE, {"type": "http.disconnect"}), Acknowledge, most=100, seconds=60.0)
    assert gone.value.status == 400
    with pytest.raises(RequestValidationError):
        await json_body.read(arriving({**END, "body": b"{}"}), Acknowledge, most=100, seconds=60.0)
