"""Receipts as a customer success manager reads them: short, biggest first, and the sums are right."""

from datetime import UTC, datetime
from random import Random

import pytest

from common.contracts.signals import Change, Contribution, Driver, Level, MovingEvent, Part
from scoring.cards.load import load
from scoring.cards.sentences import Phrase, in_words, sentence, why_it_moved, why_it_stands

CARD = load(
    """
version: 1
metrics:
  active_seats: {dimension: deployment, kind: distinct, event: session.started, key: user_id, half_life: 14d,
                 curve: [[1, 0], [9, 100]]}
  onboarding: {dimension: deployment, kind: milestone, steps: {kickoff: 7d, sso_live: 21d}}
  plan: {dimension: roi, kind: milestone, planned: true}
  nps: {dimension: roi, kind: gauge, event: nps.answered, ttl: 90d, curve: [[0, 0], [10, 100]]}
  logins: {dimension: engagement, kind: rate, event: session.started, half_life: 14d, curve: [[1, 0], [9, 100]]}
flags:
  payment_failed: {event: invoice.payment_failed, cap: 45, ttl: 30d}
weights: {default: {deployment: 1, roi: 1, engagement: 1}}
bands: {default: {red: 40, yellow: 70}}
""",
    "card.yml",
)
MAY = datetime(2026, 5, 3, tzinfo=UTC)


def _change(*parts: Part, before: float = 72.0, events: tuple[MovingEvent, ...] = ()) -> Change:
    return Change(MAY, before, before + sum(part.points for part in parts), parts, events)


def test_a_fall_is_told_with_its_biggest_reasons_first_and_adds_up() -> None:
    answer = MovingEvent("web", "7f3", "nps.answered", MAY, -8.2)
    change = _change(
        Part("nps", Driver.EVENT, -8.2),
        Part("active_seats", Driver.SILENCE, -14.3),
        Part("onboarding", Driver.SILENCE, -8.9),
        Part("logins", Driver.SILENCE, -2.6),
        events=(answer,),
    )

    phrases = why_it_moved(change, CARD, missed=("sso_live",))

    assert sentence(change, phrases) == (
        "72 to 38 since 3 May: -14 active seats (silence), -9 onboarding: SSO live missed, "
        "-8 NPS (nps.answered), -3 logins (silence)"
    )


def test_what_is_small_is_told_together() -> None:
    change = _change(
        Part("active_seats", Driver.SILENCE, -10.0),
        Part("nps", Driver.SILENCE, -3.0),
        Part("logins", Driver.SILENCE, -2.0),
        Part("plan", Driver.SILENCE, 1.0),
    )

    phrases = why_it_moved(change, CARD, most=1)

    assert [*map(str, phrases)] == ["-10 active seats (silence)", "and 3 smaller parts (-4)"]


def test_the_drivers_of_one_metric_are_netted_and_the_one_that_won_is_named() -> None:
    change = _change(Part("logins", Driver.EVENT, 12.0), Part("logins", Driver.SILENCE, -30.0), before=80.0)

    assert [*map(str, why_it_moved(change, CARD))] == ["-18 logins (silence)"]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        # the event that did it was not among those that the receipt kept
        (Part("logins", Driver.EVENT, 6.0), "+6 logins (activity)"),
        (Part("nps", Driver.CONTEXT, -5.0), "-5 NPS (weighs differently now)"),
        (Part("payment_failed", Driver.CAP, -20.0), "-20 payment failed caps the score"),
        (Part("payment_failed", Driver.CAP, 20.0), "+20 payment failed no longer caps the score"),
        # planned steps are not in the card, so what no other metric names is theirs
        (Part("plan", Driver.SILENCE, -4.0), "-4 plan: QBR spring missed"),
        (Part("onboarding", Driver.EVENT, 7.0), "+7 onboarding (activity)"),
        # receipts outlive cards
        (Part("old_metric", Driver.SILENCE, -3.0), "-3 old metric (silence)"),
    ],
)
def test_each_kind_of_reason_has_its_words(part: Part, said: str) -> None:
    phrases = why_it_moved(_change(part), CARD, missed=("qbr_spring", "kickoff"))

    assert [*map(str, phrases)] == [said]


def test_a_cap_that_holds_says_that_it_hides_what_others_lost() -> None:
    change = _change(Part("nps", Driver.EVENT, -20.0), Part("payment_failed", Driver.CAP, 20.0), before=45.0)
    holds = Contribution("payment_failed", "cap", 45.0, 0.0, -12.0)
    level = Level(score=45.0, reference=100.0, contributions=(holds,))

    assert sentence(change, why_it_moved(change, CARD, level=level)) == (
        "45 to 45 since 3 May: -20 NPS (activity), +20 payment failed hides what others lost"
    )
    over = Level(score=45.0, reference=100.0, contributions=())
    assert "no longer caps the score" in sentence(change, why_it_moved(change, CARD, level=over))


def test_one_part_is_one_and_two_are_two() -> None:
    one = _change(Part("nps", Driver.SILENCE, -0.4))
    two = _change(Part("nps", Driver.SILENCE, -0.4), Part("logins", Driver.SILENCE, -0.4))
    assert [*map(str, why_it_moved(one, CARD))] == ["one small part"]
    assert [*map(str, why_it_moved(two, CARD))] == ["2 small parts (-1)"]


def test_an_event_of_the_other_sign_is_not_blamed() -> None:
    good = MovingEvent("web", "1", "session.started", MAY, 4.0)

    phrases = why_it_moved(_change(Part("logins", Driver.EVENT, -2.0), events=(good,)), CARD)

    assert [*map(str, phrases)] == ["-2 logins (activity)"]


def test_a_level_is_told_against_its_reference() -> None:
    level = Level(
        score=44.6,
        reference=100.0,
        contributions=(
            Contribution("active_seats", "deployment", 40.0, 0.4, -24.0, 3.0),
            Contribution("nps", "roi", 95.0, 0.2, -1.0, 9.0),
            Contribution("onboarding", "deployment", 50.0, 0.2, -10.0),
            Contribution("payment_failed", "cap", 45.0, 0.0, -20.4),
        ),
    )

    phrases = why_it_stands(level, CARD, missed=("kickoff",), most=3)

    assert [*map(str, phrases)] == [
        "-24 active seats",
        "-20 payment failed caps the score",
        "-10 onboarding: kickoff missed",
        "and one smaller part (-1)",
    ]


def test_the_numbers_add_up_to_the_difference_of_the_scores_whatever_they_are() -> None:
    rng = Random(7)
    for _ in range(2_000):
        before = rng.uniform(0, 100)
        count = rng.randrange(1, 9)
        parts = [Part(f"metric_{number}", Driver.SILENCE, rng.gauss(0, 6)) for number in range(count)]
        change = _change(*parts, before=before)

        phrases = why_it_moved(change, CARD, most=rng.randrange(1, 5))

        if phrases:
            assert sum(phrase.points for phrase in phrases) == round(change.after) - round(change.before)
        named = {part.metric: part.points for part in parts}
        assert all(abs(phrase.points - named[phrase.name]) < 2 for phrase in phrases if phrase.name)


def test_nothing_moved_is_nothing_to_tell() -> None:
    change = _change(Part("logins", Driver.SILENCE, 0.0))

    assert why_it_moved(change, CARD) == ()
    assert sentence(change, ()) == "72 to 72 since 3 May"


def test_names_are_put_into_words() -> None:
    assert in_words("active_seats") == "active seats"
    assert in_words("sso_live") == "SSO live"
    assert str(Phrase(-3, in_words("arr_ratio"), "arr_ratio")) == "-3 ARR ratio"
