"""The list: why somebody was told, and above all why not."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from alerts.errors import Failure
from alerts.routing.destination import Target
from alerts.samples import NOON, Sample
from common.contracts.signals import Band, Facts, Kind, Severity, Signal
from support.alerts_api import DESK, AlertsApi

ACME = Facts(name="Acme", tier="high", owner="Dana@example.com")
BIRCH = Facts(name="Birch Foods", tier="low", owner="tom@example.com")
DANA = Target(Channel.SLACK, "U0123", language="ja", person="dana@example.com")
HOOK = Target(Channel.SLACK, "cs-desk", webhook=True)
HOUR = timedelta(hours=1)


def acme(n: int, to: str = "red", **fields: Any) -> Signal:
    return Sample(account="acme", facts=ACME, to=to, at=NOON + n * HOUR, **fields).build()


def birch(n: int, to: str = "yellow", **fields: Any) -> Signal:
    return Sample(account="birch", facts=BIRCH, to=to, at=NOON + n * HOUR, **fields).build()


@pytest.fixture
async def recorded(api: AlertsApi) -> dict[str, Signal]:
    """In the order in which they were recorded."""
    rows = api.rows
    told = await rows.record(acme(0))
    await rows.tell(told, "m-told", receiver="owner", target=DANA)
    await rows.tell(told, "m-desk")
    repeated = await rows.record(acme(1))
    await rows.decide(repeated, DecisionReason.NOT_WORSE, receiver="owner", target=DANA)
    await rows.tell(repeated, "m-desk-again")
    old = await rows.record(acme(2, history=True))
    await rows.decide(old, DecisionReason.HISTORY, receiver=None)
    flag = await rows.record(birch(3, "payment_failed", kind=Kind.FLAG))
    await rows.message("m-flag", [flag], status="pending", ways=[HOOK])
    await rows.decide(flag, DecisionReason.NEW, target=HOOK, message="m-flag")
    late = await rows.record(birch(4), waiting=True)
    await rows.decide(late, DecisionReason.LATE, receiver=None)
    silent = await rows.record(birch(5, "renewed", kind=Kind.OUTCOME))
    await rows.decide(silent, DecisionReason.NO_CHANNEL, receiver="nobody", target=None)
    return {"told": told, "repeated": repeated, "old": old, "flag": flag, "late": late, "silent": silent}


FILTERS: list[tuple[dict[str, Any], str]] = [
    ({}, "silent late flag old repeated told"),
    ({"account": "acme"}, "old repeated told"),
    ({"account": ["acme", "birch"], "kind": "band"}, "late old repeated told"),
    ({"owner": "dana@EXAMPLE.com"}, "old repeated told"),
    ({"tier": "low"}, "silent late flag"),
    ({"kind": ["flag", "outcome"]}, "silent flag"),
    ({"to": ["red", "renewed"]}, "silent old repeated told"),
    ({"severity": "info"}, "silent"),
    ({"severity": "warning"}, "late flag"),
    ({"stage": "adoption"}, "silent late flag old repeated told"),
    ({"stage": "renewal"}, ""),
    ({"receiver": "cs-desk"}, "flag repeated told"),
    ({"receiver": ["owner", "nobody"]}, "silent repeated told"),
    ({"told": "true"}, "repeated told"),
    # What is still to be sent has not been told.
    ({"told": "false"}, "silent late flag old"),
    # The owner was not told again, though the desk was.
    ({"told": "false", "receiver": "owner"}, "repeated"),
    ({"told": "true", "receiver": "owner"}, "told"),
    ({"status": "pending"}, "flag"),
    ({"status": ["pending", "sent"]}, "flag repeated told"),
    ({"status": "sent", "receiver": "owner"}, "told"),
    ({"status": ["failed", "dropped"]}, ""),
    ({"acknowledged": "true"}, ""),
    # What comes of an import asks nobody to act.
    ({"open": "true"}, "silent late flag repeated told"),
    ({"open": "false"}, "old"),
    ({"since": "2025-03-14T15:00:00Z"}, "silent late flag"),
    ({"until": "2025-03-14T14:00:00Z"}, "old repeated told"),
    ({"since": "2025-03-14T14:00:00+01:00", "until": "2025-03-14T15:00:00%2B01:00"}, "old repeated"),
    ({"since": "2025-03-14", "until": "2025-03-14"}, "silent late flag old repeated told"),
    ({"until": "2025-03-13"}, ""),
]


async def test_filters_hold_together_and_the_newest_comes_first(api: AlertsApi, recorded: dict[str, Signal]) -> None:
    names = {signal.signal_id: name for name, signal in recorded.items()}
    for query, expected in FILTERS:
        asked = {name: value.replace("%2B", "+") if isinstance(value, str) else value for name, value in query.items()}
        found = [names[alert["id"]] for alert in await api.list(**asked)]
        assert found == expected.split(), query


async def test_why_was_i_not_told_is_answered_with_a_reason_for_every_no(
    api: AlertsApi, recorded: dict[str, Signal]
) -> None:
    (alert,) = await api.list(account="acme", told="false")
    (decision,) = alert["decisions"]
    assert (decision["verdict"], decision["reason"]) == ("keep", "history")
    assert (decision["receiver"], decision["address_key"], decision["path"]) == (None, None, [])
    (alert,) = await api.list(account="acme", told="false", receiver="owner")
    # Somebody else was: the answer says who.
    assert (alert["told"], alert["told_to"]) == (True, ["cs-desk"])
    assert [(one["receiver"], one["reason"]) for one in alert["decisions"]] == [
        ("owner", "not worse than last told"),
        ("cs-desk", "new"),
    ]


async def test_an_alert_says_what_happened_and_who_heard_of_it(api: AlertsApi, recorded: dict[str, Signal]) -> None:
    alert = (await api.list(account="acme"))[-1]
    assert (alert["id"], alert["account_id"], alert["name"]) == (recorded["told"].signal_id, "acme", "Acme")
    assert alert["what"] == "red 78>64"
    assert alert["why"] == "logins -14"
    assert (alert["severity"], alert["kind"], alert["to"]) == ("critical", "band", "red")
    assert (alert["at"], alert["recorded"]) == ("2025-03-14T12:00:00Z", "2025-03-14T12:00:01Z")
    assert (alert["told"], alert["told_to"], alert["acknowledged"]) == (True, ["owner", "cs-desk"], False)
    assert (alert["history"], alert["waiting"], alert["error"]) == (False, False, None)
    owner, desk = alert["notifications"]
    assert (owner["id"], owner["channel"], owner["address"], owner["address_key"]) == (
        "m-told",
        "slack",
        "U0123",
        DANA.address_key,
    )
    assert (desk["id"], desk["channel"], desk["address"], desk["address_key"]) == (
        "m-desk",
        "email",
        DESK.address,
        DESK.address_key,
    )
    assert (owner["status"], owner["attempts"], owner["last_failure"]) == ("sent", 1, None)
    assert (owner["due"], owner["done"]) == (None, "2025-03-14T12:00:03Z")
    assert [one["notification_id"] for one in alert["decisions"]] == ["m-told", "m-desk"]
    assert alert["decisions"][0]["path"] == ["root", "to owner"]


async def test_what_waits_to_be_sent_shows_its_next_try_and_why_the_last_one_failed(
    api: AlertsApi, recorded: dict[str, Signal]
) -> None:
    at = NOON.timestamp()
    await api.rows.attempt("m-flag", 1, Failure.NO_ANSWER.value, detail="10 s", started=at)
    await api.rows.attempt("m-flag", 2, Failure.RATE_LIMITED.value, detail="wait 30 s", started=at + 20)
    await api.rows.attempt("m-flag", 3, None, started=at + 60)
    await api.rows.execute(
        "UPDATE alerts.notification SET attempts = 3, maybe_told = true WHERE notification_id = 'm-flag'"
    )
    (alert,) = await api.list(status="pending")
    (message,) = alert["notifications"]
    assert (message["status"], message["attempts"], message["maybe_told"]) == ("pending", 3, True)
    assert message["due"] is not None
    assert message["last_failure"] == {
        "n": 2,
        "started": "2025-03-14T12:00:20Z",
        "ended": "2025-03-14T12:00:20.500000Z",
        "outcome": "rate limited",
        "detail": "wait 30 s",
    }
    # A webhook's URL is a secret: what is stored, and shown, is its name.
    assert (message["channel"], message["address"], message["address_key"]) == ("slack", "cs-desk", "webhook:cs-desk")


async def test_a_signal_told_within_the_message_of_another_was_told(api: AlertsApi) -> None:
    band, flag = await api.rows.record(acme(0)), await api.rows.record(acme(0, "payment_failed", kind=Kind.FLAG))
    other = await api.rows.record(birch(0))
    await api.rows.message("m", [band, flag])
    assert [alert["id"] for alert in await api.list(told="true")] == [flag.signal_id, band.signal_id]
    assert [alert["id"] for alert in await api.list(told="false")] == [other.signal_id]
    for alert in await api.list(account="acme"):
        assert [one["id"] for one in alert["notifications"]] == ["m"]


async def test_pages_add_up_to_the_whole_while_new_alerts_come(api: AlertsApi) -> None:
    signals = [await api.rows.record(acme(n)) for n in range(7)]
    found: list[str] = []
    query: dict[str, Any] = {"limit": 3, "account": "acme"}
    while True:
        page = await api.get("/v1/alerts", **query)
        found += [alert["id"] for alert in page["alerts"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
        await api.rows.record(acme(100 + len(found)))
    assert found == [signal.signal_id for signal in reversed(signals)]
    assert (await api.get("/v1/alerts", limit=10))["next_cursor"] is None


CURSORS = [
    "x",
    "MA",  # 0
    "LTE",  # -1
    "MTIz=",  # 123, written otherwise
    "MTIz ",
    "OTIyMzM3MjAzNjg1NDc3NTgwOA",  # beyond every sequence
    "4pyT",  # not a number
    "\N{SNOWMAN}",
]


async def test_a_cursor_that_no_answer_gave_is_refused(api: AlertsApi) -> None:
    for cursor in CURSORS:
        answer = await api.http.get("/v1/alerts", params={"cursor": cursor})
        assert answer.status_code == 422, cursor
        (error,) = answer.json()["errors"]
        assert error["field"] == "query.cursor"


SPOILT = [
    ("UPDATE alerts.alert SET body = '{\"type\": \"signal\"}' WHERE account_id = 'acme'", "signal_id"),
    ("UPDATE alerts.decision SET reason = 'full moon' WHERE receiver = 'owner'", "full moon"),
    (
        'UPDATE alerts.notification SET ways = \'[{"channel": "pigeon", "address": "x"}]\' WHERE receiver = \'owner\'',
        "pigeon",
    ),
]


@pytest.mark.parametrize(("spoil", "word"), SPOILT)
async def test_what_another_version_wrote_hides_no_other_alert(api: AlertsApi, spoil: str, word: str) -> None:
    bad, good = await api.rows.record(acme(0)), await api.rows.record(birch(1))
    await api.rows.tell(bad, "bad", receiver="owner")
    await api.rows.tell(good, "good")
    await api.rows.execute(spoil)
    with capture_logs() as logs:
        second, first = await api.list()
        answer = await api.http.get(f"/v1/alerts/{bad.signal_id}")
    assert (second["id"], second["error"], second["what"]) == (good.signal_id, None, "yellow 78>64")
    assert (first["id"], first["what"], first["notifications"]) == (bad.signal_id, None, [])
    assert (first["severity"], first["told_to"]) == (Severity.CRITICAL, ["owner"])
    assert word in first["error"]
    assert (answer.status_code, answer.json()["code"]) == (500, "alert_unreadable")
    assert [line["signal_id"] for line in logs if line["event"] == "alert.unreadable"] == [bad.signal_id] * 2


async def test_an_alert_is_open_until_its_episode_is_green_or_somebody_has_it_in_hand(api: AlertsApi) -> None:
    first = await api.rows.record(acme(0, "yellow", episode="e-1"))
    await api.rows.record(acme(1, "red", episode="e-1"))
    other = await api.rows.record(birch(1, "red", episode="e-2", severity=Severity.CRITICAL))
    assert len(await api.list(open="true")) == 3
    await api.rows.record(acme(2, "green", episode="e-1"))
    assert [one["id"] for one in await api.list(open="true")] == [other.signal_id]
    # The next episode of the same account.
    again = await api.rows.record(acme(3, "red", episode="e-3"))
    assert [one["id"] for one in await api.list(open="true")] == [again.signal_id, other.signal_id]
    await api.acknowledge(other, "dana@example.com")
    assert [one["id"] for one in await api.list(open="true")] == [again.signal_id]
    assert first.signal_id in {one["id"] for one in await api.list(open="false")}


async def test_a_retracted_event_that_leaves_the_account_green_ends_what_it_had_opened(api: AlertsApi) -> None:
    await api.rows.record(acme(0, "payment_failed", kind=Kind.FLAG, episode="e-1"))
    taken_back = acme(1, "payment_failed", kind=Kind.RETRACTED, episode="e-1")
    after = replace(taken_back.after, band=Band.GREEN)
    await api.rows.record(replace(taken_back, after=after))
    assert await api.list(open="true") == []


async def test_owners_have_the_number_of_their_alerts_the_most_critical_first(api: AlertsApi) -> None:
    for number, owner in enumerate((" Dana@example.com", "dana@EXAMPLE.com", "tom@example.com", None, "")):
        facts = Facts(owner=owner)
        severity = Severity.CRITICAL if owner == "tom@example.com" else Severity.WARNING
        sample = Sample(account=f"a-{number}", facts=facts, to="yellow", at=NOON + number * HOUR, severity=severity)
        await api.rows.record(sample.build())
    answer = await api.get("/v1/alert-owners", open="true")
    found = [(one["owner"], one["alerts"], one["critical"], one["accounts"]) for one in answer["owners"]]
    assert found == [("tom@example.com", 1, 1, 1), ("dana@example.com", 2, 0, 2), (None, 2, 0, 2)]
    assert answer["owners"][1]["newest"] == "2025-03-14T13:00:00Z"
    assert not answer["more"]
    assert (await api.get("/v1/alert-owners", limit=2))["more"]
    assert (await api.get("/v1/alert-owners", owner="tom@example.com"))["owners"][0]["alerts"] == 1
    assert (await api.http.get("/v1/alert-owners", params={"cursor": "x"})).status_code == 422
