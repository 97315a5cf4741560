"""Decided as it comes, made to wait, or history."""

from datetime import timedelta

from alerts.decisions.reasons import DecisionReason, DecisionVerdict
from alerts.samples import NOON, Sample
from alerts.topic.batch import postpone_reason

LATE_AFTER = 300.0


def settled(*, minutes: float, history: bool = False) -> DecisionReason | None:
    signal = Sample(history=history).build()
    recorded = (NOON + timedelta(minutes=minutes)).timestamp()
    return postpone_reason(signal, recorded=recorded, late_after=LATE_AFTER)


def test_a_signal_that_was_told_in_time_is_decided_as_it_comes_however_late_we_are() -> None:
    assert settled(minutes=5) is None


def test_a_signal_that_was_old_when_it_was_told_waits_for_word_that_scoring_has_caught_up() -> None:
    assert settled(minutes=5.1) is DecisionReason.LATE


def test_what_an_import_brings_is_history_and_never_told() -> None:
    assert settled(minutes=0, history=True) is DecisionReason.HISTORY
    assert settled(minutes=60, history=True) is DecisionReason.HISTORY


def test_every_reason_is_of_one_verdict_and_few_make_a_signal_wait() -> None:
    waits = [reason for reason in DecisionReason if reason.verdict is DecisionVerdict.WAIT]
    assert waits == [
        DecisionReason.LATE,
        DecisionReason.HELD,
        DecisionReason.WITHIN_REPEAT,
        DecisionReason.GATHERED,
    ]
    assert {reason for reason in DecisionReason if reason.verdict is DecisionVerdict.TELL} == {
        DecisionReason.NEW,
        DecisionReason.WORSE,
        DecisionReason.AGAIN,
        DecisionReason.RECOVERED,
        DecisionReason.WITHDRAWN,
        DecisionReason.STANDS,
        DecisionReason.HANDED_ON,
        DecisionReason.RESENT,
        DecisionReason.FIRST_LOOK,
    }
