from alerts.samples import Sample
from alerts.words import line, what, why
from common.contracts.signals import Driver, Facts, Kind, Part

MOVED = (
    Part("nps", Driver.EVENT, -8.4),
    Part("active_seats", Driver.SILENCE, -14.2),
    Part("logins", Driver.SILENCE, -3.0),
    Part("breadth", Driver.SILENCE, -0.2),
    Part("tickets", Driver.EVENT, 5.0),
    Part("payment_failed", Driver.CAP, -1.0),
)


def test_a_band_is_told_with_the_score_before_and_after() -> None:
    assert what(Sample(to="red", before=61.2, after=37.6).build()) == "red 61>38"


def test_names_of_flags_and_steps_are_told_without_underscores() -> None:
    assert what(Sample(kind=Kind.FLAG, to="payment_failed").build()) == "flag payment failed"
    assert what(Sample(kind=Kind.MILESTONE_MISSED, to="sso_live").build()) == "missed sso live"
    assert what(Sample(kind=Kind.OUTCOME, to="renewed").build()) == "outcome renewed"


def test_the_largest_movements_are_told_first_by_what_moved_them() -> None:
    fell = Sample(before=78, after=57, parts=MOVED).build()

    assert why(fell) == "silence: active seats -14, logins -3; events: nps -8"
    assert why(fell, limit=1) == "silence: active seats -14"


def test_a_rise_is_explained_by_what_rose() -> None:
    rose = Sample(to="green", before=60, after=79, parts=(*MOVED, Part("logins", Driver.EVENT, 20.0))).build()

    assert why(rose) == "events: logins +20, tickets +5"


def test_without_facts_the_account_is_named_by_its_id() -> None:
    told = line(Sample(account="a-7", facts=Facts()).build())

    assert "a-7 (tier unknown)" in told


def test_a_line_of_the_log_says_whether_the_signal_is_history() -> None:
    assert "history" in line(Sample(history=True).build())
    assert "history" not in line(Sample().build())
