"""One alert in full: its receipt, its way through the routes, every message and every attempt."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from alerts.errors import Failure
from alerts.routing.destination import Target
from alerts.samples import JOURNEY, NOON, OVERRIDDEN, Sample
from alerts.signals.signal_kinds import unknown_kind
from alerts.signals.wording import describe
from common.contracts.signals import Band, Forecast, Kind, Signal
from support.alerts_api import DESK, AlertsApi

SLACK = Target(Channel.SLACK, "U0123", language="ja", time_zone="Asia/Tokyo", person="dana@example.com")


@pytest.fixture
async def signal(api: AlertsApi) -> Signal:
    """Dana's Slack refused the message, so her mailbox has it; the desk's is on its way for the second time."""
    rows, at = api.rows, NOON.timestamp()
    forecast = Forecast(Band.RED, NOON + timedelta(days=3))
    signal = await rows.record(msgspec.structs.replace(Sample(account="acme").build(), forecast=forecast))
    await rows.decide(signal, DecisionReason.NEW, receiver="owner", target=SLACK, message="m-slack")
    await rows.decide(signal, DecisionReason.NEW, message="m-desk")
    await rows.message("m-slack", [signal], receiver="owner", ways=[SLACK, DESK], status="failed", attempts=2)
    await rows.attempt("m-slack", 1, Failure.NO_ANSWER.value, detail="10 s", started=at)
    await rows.attempt("m-slack", 2, Failure.REFUSED.value, detail="is_archived", started=at + 5)
    await rows.decide(signal, DecisionReason.HANDED_ON, receiver="owner", target=DESK, message="m-mail")
    await rows.message("m-mail", [signal], receiver="owner", reason=DecisionReason.HANDED_ON)
    await rows.attempt("m-mail", 1, "sent", started=at + 6)
    await rows.message("m-desk", [signal], status="pending", attempts=2, maybe_told=True)
    await rows.attempt("m-desk", 1, Failure.CUT_SHORT.value, started=at)
    await rows.attempt("m-desk", 2, None, started=at + 60)
    return signal


async def test_the_whole_signal_is_shown_as_it_was_told(api: AlertsApi, signal: Signal) -> None:
    alert = await api.one(signal)
    assert msgspec.convert(alert["signal"], Signal) == signal
    assert (alert["id"], alert["account_id"], alert["name"]) == (signal.signal_id, "acme", "Birch Foods")
    assert (alert["what"], alert["why"]) == ("yellow 78>64", "logins -14")
    assert (alert["told"], alert["told_to"]) == (True, ["owner"])
    assert (alert["history"], alert["waiting"], alert["recorded"]) == (False, False, "2025-03-14T12:00:01Z")


@pytest.mark.parametrize("sample", [*JOURNEY, OVERRIDDEN], ids=lambda sample: sample.kind.value)
async def test_what_a_signal_of_the_journey_brings_is_shown(sample: Sample, api: AlertsApi) -> None:
    signal = await api.rows.record(replace(sample, account="acme").build())
    assert msgspec.convert((await api.one(signal))["signal"], Signal) == signal
    (listed,) = await api.list(account="acme", kind=sample.kind.value)
    assert listed["what"] == describe(signal)


async def test_every_yes_and_no_is_shown_in_the_order_in_which_it_was_made(api: AlertsApi, signal: Signal) -> None:
    decisions = (await api.one(signal))["decisions"]
    assert [(one["receiver"], one["address_key"], one["reason"], one["notification_id"]) for one in decisions] == [
        ("owner", "slack:U0123", "new", "m-slack"),
        ("cs-desk", "email:desk@example.com", "new", "m-desk"),
        ("owner", "email:desk@example.com", "handed on, the way before it failed", "m-mail"),
    ]
    assert [one["path"] for one in decisions] == [["root", "to owner"], ["root", "to cs-desk"], ["root", "to owner"]]
    assert {one["verdict"] for one in decisions} == {"tell"}


async def test_every_attempt_is_shown_with_its_end(api: AlertsApi, signal: Signal) -> None:
    slack, mail, desk = (await api.one(signal))["notifications"]
    assert [(one["n"], one["outcome"], one["detail"]) for one in slack["every_attempt"]] == [
        (1, "no answer in time", "10 s"),
        (2, "refused", "is_archived"),
    ]
    assert (slack["status"], slack["last_failure"]) == ("failed", slack["every_attempt"][1])
    assert [(way["channel"], way["address"]) for way in slack["ways"]] == [("slack", "U0123"), ("email", DESK.address)]
    assert slack["ways"][0]["language"] == "ja"
    assert (slack["signals"], slack["path"]) == ([signal.signal_id], ["root"])

    assert (mail["status"], mail["reason"], mail["last_failure"]) == (
        "sent",
        "handed on, the way before it failed",
        None,
    )
    assert [one["outcome"] for one in mail["every_attempt"]] == ["sent"]

    # One that is on its way has no end; the one before it was cut short.
    assert [(one["outcome"], one["ended"] is None) for one in desk["every_attempt"]] == [
        ("cut short", False),
        (None, True),
    ]
    assert (desk["status"], desk["maybe_told"], desk["last_failure"]["n"]) == ("pending", True, 1)


async def test_an_alert_names_the_others_of_its_episode(api: AlertsApi, signal: Signal) -> None:
    others = [await api.rows.record(_of_episode(signal, n, kind)) for n, kind in ((1, Kind.BAND), (2, Kind.FLAG))]
    await api.rows.record(Sample(account="acme", at=NOON + timedelta(days=9)).build())
    first, second = (one.signal_id for one in others)
    assert (await api.one(signal))["episode_alerts"] == [first, second]
    assert (await api.one(others[0]))["episode_alerts"] == [signal.signal_id, second]
    assert (await api.one(others[0]))["notifications"] == []


async def test_an_id_that_no_alert_has_is_not_found(api: AlertsApi, signal: Signal) -> None:
    for name in ("nobody", f"{signal.signal_id}x", "%20", "%F0%9F%98%80"):
        for method, path in (("GET", ""), ("POST", "/ack")):
            answer = await api.http.request(method, f"/v1/alerts/{name}{path}", json={"by": "dana"})
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_alert"), (name, path)


def _of_episode(opened_by: Signal, n: int, kind: Kind) -> Signal:
    to = "red" if kind is Kind.BAND else "payment_failed"
    signal = Sample(account="acme", kind=kind, to=to, at=NOON + timedelta(hours=n)).build()
    return msgspec.structs.replace(signal, episode=opened_by.episode)


async def test_an_alert_of_a_kind_that_is_not_known_is_shown(api: AlertsApi) -> None:
    signal = msgspec.structs.replace(Sample(kind=Kind.FLAG, to="two_flags").build(), kind=unknown_kind("peer_rank"))
    await api.rows.record(signal)
    alert = await api.one(signal)
    assert (alert["what"], alert["signal"]["kind"]) == ("peer rank two flags", "peer_rank")
    [listed] = await api.list(account=signal.account_id)
    assert (listed["kind"], listed["error"]) == ("peer_rank", None)
