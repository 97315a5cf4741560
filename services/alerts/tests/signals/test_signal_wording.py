import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from alerts.samples import EXPANSION, LATE, NOON, OVERRIDDEN, RENEWAL, VALUE, Sample
from alerts.signals.wording import describe, explain, log_line
from common.contracts.signals import Driver, Facts, Kind, MovingEvent, Part

MOVED = (
    Part("active_seats", Driver.SILENCE, -44.2),
    Part("active_seats", Driver.EVENT, 30.0),
    Part("nps", Driver.EVENT, -8.4),
    Part("logins", Driver.SILENCE, -3.0),
    Part("breadth", Driver.SILENCE, -0.2),
    Part("tickets", Driver.EVENT, 5.0),
    Part("payment_failed", Driver.CAP, -1.0),
)


def test_a_band_is_told_with_the_score_before_and_after() -> None:
    assert describe(Sample(to="red", before=61.2, after=37.6).build()) == "red 61>38"


def test_names_of_flags_and_steps_are_told_without_underscores() -> None:
    assert describe(Sample(kind=Kind.FLAG, to="payment_failed").build()) == "flag payment failed"
    assert describe(Sample(kind=Kind.MILESTONE_MISSED, to="sso_live").build()) == "missed sso live"
    assert describe(Sample(kind=Kind.OUTCOME, to="renewed").build()) == "outcome renewed"


@pytest.mark.parametrize(
    ("sample", "said", "why"),
    [
        (RENEWAL, "renewal in 90 days", "payment failed, sso live, open tickets"),
        (replace(RENEWAL, facts=Facts(), standing=()), "renewal window open", ""),
        (EXPANSION, "ready for expansion", "by silence alone"),
        (LATE, "onboarding 14 days late: sso live, first value", "by silence alone"),
        (VALUE, "reached first value after 21 days", "by milestone.reached"),
        (
            OVERRIDDEN,
            "green 58>58, set by theo@example.com until 2025-06-12 12:00",
            "merger, the new team starts in May",
        ),
    ],
)
def test_the_journey_in_one_line(sample: Sample, said: str, why: str) -> None:
    signal = sample.build()
    assert (describe(signal), explain(signal)) == (said, why)


def test_what_moved_the_score_most_is_told_first_each_metric_as_a_whole() -> None:
    fell = Sample(before=78, after=57, parts=MOVED).build()

    assert explain(fell) == "active seats -14, nps -8, logins -3, others +4"
    assert explain(fell, limit=1) == "active seats -14, others -7"


@given(
    st.floats(0, 100),
    st.lists(st.builds(Part, st.sampled_from(["a", "b", "c", "d"]), st.sampled_from(Driver), st.floats(-30, 30))),
)
def test_the_numbers_add_up_to_the_difference_that_is_shown(before: float, parts: list[Part]) -> None:
    after = before + sum(part.points for part in parts)
    to = "red" if after < before else "green"
    signal = Sample(to=to, before=before, after=after, parts=tuple(parts)).build()
    shown = [int(number) for number in re.findall(r" ([+-]\d+)(?:,|$)", explain(signal))]
    start, end = map(int, re.fullmatch(r"\w+ (-?\d+)>(-?\d+)", describe(signal)).groups())  # type: ignore[union-attr]
    assert sum(shown) == end - start


def test_a_cap_is_told_as_such() -> None:
    parts = (Part("champion_left", Driver.CAP, -30.0), Part("logins", Driver.SILENCE, -0.4))

    assert explain(Sample(before=80, after=49.6, parts=parts).build()) == "capped by champion left -30"


def test_a_rise_is_explained_by_what_rose() -> None:
    rose = Sample(to="green", before=60, after=79, parts=(*MOVED, Part("logins", Driver.EVENT, 20.0))).build()

    assert explain(rose) == "logins +17, tickets +5, others -2, kept by a cap -1"


def test_a_band_that_got_worse_since_it_was_told_is_explained_by_what_fell() -> None:
    """Since the first look the score has risen; what brought it under the line fell all the same."""
    parts = (Part("people", Driver.EVENT, 40.0), Part("logins", Driver.SILENCE, -9.0))

    assert explain(Sample(before=20, after=51, parts=parts).build()) == "logins -9, others +40"


def test_a_flag_is_explained_by_what_caused_it() -> None:
    quiet = Sample(kind=Kind.FLAG, to="gone_quiet").build()
    failed = MovingEvent("web", "e-1", "invoice.payment_failed", NOON, -40.0)

    assert explain(quiet) == "by silence alone"
    assert explain(Sample(kind=Kind.FLAG, to="payment_failed", event=failed).build()) == "by invoice.payment_failed"


def test_without_facts_the_account_is_named_by_its_id() -> None:
    told = log_line(Sample(account="a-7", facts=Facts()).build())

    assert "a-7 (tier unknown)" in told


def test_a_line_of_the_log_says_whether_the_signal_is_history() -> None:
    assert "history" in log_line(Sample(history=True).build())
    assert "history" not in log_line(Sample().build())


def test_a_fall_starts_from_where_the_account_stood_even_if_a_lower_score_was_told_last() -> None:
    """46 was told in spring, it has been at 98 since (still yellow for want of a green), and now it is capped at 10."""
    signal = Sample(to="red", before=98.0, after=10.0, parts=(Part("cancel_intent", Driver.CAP, -88.0),)).build()
    receipt = changed(signal.receipt, change=changed(signal.receipt.change, before=46.0))
    signal = changed(signal, receipt=receipt)
    assert (describe(signal), explain(signal)) == ("red 98>10", "capped by cancel intent -88")
