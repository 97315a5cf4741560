"""A flag that brings a band: its title names both, and the message tells each once."""

# ruff: noqa: RUF001 (Japanese punctuation)

from datetime import timedelta

import pytest
from msgspec.structs import replace as changed

from alerts.decisions.reasons import DecisionReason
from alerts.messages.compose import compose
from alerts.messages.message import Message
from alerts.playbooks.playbooks import Playbooks
from alerts.routing.destination import Target
from alerts.routing.labels import labels
from alerts.samples import DANA, NOON, Sample, earlier_message, message_content
from alerts.signals.wording import describe, explain
from common.contracts.signals import Band, Driver, Facts, Kind, Part, Severity, Signal

ACME = Facts(name="Acme", tier="high", owner="dana@example.com")
UNPAID = Sample(
    kind=Kind.FLAG,
    to="payment_failed",
    before=78,
    after=45,
    was=Band.GREEN,
    band=Band.YELLOW,
    parts=(Part("logins", Driver.SILENCE, -9.0), Part("payment_failed", Driver.CAP, -24.0)),
    facts=ACME,
).build()
RED = Sample(
    kind=Kind.FLAG,
    to="cancel_intent",
    before=78,
    after=10,
    was=Band.GREEN,
    band=Band.RED,
    severity=Severity.CRITICAL,
    parts=(Part("cancel_intent", Driver.CAP, -68.0),),
    facts=ACME,
).build()


def told(playbooks: Playbooks, *signals: Signal, target: Target = DANA) -> Message:
    content = message_content(*signals, target=target)
    return compose(content, playbooks=playbooks, account_url=lambda account: None, in_thread=True)


def row(message: Message, label: str) -> str | None:
    return next((row.text for row in message.rows if row.label == label), None)


def test_the_title_names_the_flag_and_then_the_band(playbooks: Playbooks) -> None:
    assert str(told(playbooks, UNPAID).title) == "🟡 Acme: payment failed, now yellow (78 → 45)"
    assert str(told(playbooks, RED).title) == "🔴 Acme: asked to cancel, now red (78 → 10)"
    japanese = told(playbooks, UNPAID, target=changed(DANA, language="ja"))
    assert str(japanese.title) == "🟡 Acme様：決済エラー、ヘルススコアは黄（78 → 45）"


def test_what_else_moved_the_score_is_told_and_the_health_once(playbooks: Playbooks) -> None:
    message = told(playbooks, UNPAID)
    assert row(message, "Why") == "payment failed (−24 points), logins (−9)"
    assert "Health" not in message.stake
    assert row(told(playbooks, RED), "Why") is None


def test_a_flag_that_brings_no_band_keeps_its_title(playbooks: Playbooks) -> None:
    plain = Sample(kind=Kind.FLAG, to="payment_failed", facts=ACME).build()
    message = told(playbooks, plain)
    assert str(message.title) == "🟡 Acme: payment failed"
    assert "Health" in message.stake


def test_a_newer_band_of_the_same_message_says_how_it_stands(playbooks: Playbooks) -> None:
    better = Sample(
        to="yellow", before=10, after=55, at=NOON + timedelta(hours=1), severity=Severity.INFO, facts=ACME, was=Band.RED
    ).build()
    message = told(playbooks, RED, better)
    assert str(message.title) == "🔴 Acme: asked to cancel"
    assert row(message, "Also") == "now yellow (10 → 55)"
    worse = Sample(to="red", before=45, after=30, at=NOON + timedelta(hours=1), facts=ACME).build()
    assert row(told(playbooks, worse, UNPAID), "Also") == "payment failed"


def test_a_band_that_the_second_flag_brought_is_told_with_it(playbooks: Playbooks) -> None:
    grave = Sample(kind=Kind.FLAG, to="cancel_intent", severity=Severity.CRITICAL, facts=ACME).build()
    assert row(told(playbooks, grave, UNPAID), "Also") == "payment failed, now yellow (78 → 45)"


def test_red_after_a_flag_brought_yellow_says_what_it_was(playbooks: Playbooks) -> None:
    red = changed(RED, at=NOON + timedelta(days=1), episode=UNPAID.episode)
    content = message_content(red, target=DANA, reason=DecisionReason.WORSE, first=earlier_message(UNPAID))
    message = compose(content, playbooks=playbooks, account_url=lambda account: None, in_thread=True)
    assert message.lead == ("Getting worse: it was yellow yesterday at 12:00.",)


@pytest.mark.parametrize(
    ("signal", "what"), [(UNPAID, "flag payment failed yellow 78>45"), (RED, "flag cancel intent red 78>10")]
)
def test_the_log_and_the_api_say_both(signal: Signal, what: str) -> None:
    assert describe(signal) == what
    assert "capped by" in explain(signal)


def test_it_is_routed_by_its_own_name_and_by_the_band() -> None:
    found = labels(RED)
    assert (found["kind"], found["to"], found["reason"]) == ("flag", "cancel_intent", "cancel_intent")
    assert (found["band"], found["severity"]) == ("red", "critical")
