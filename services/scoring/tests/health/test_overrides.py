"""A band that a person sets: it holds until it is over, it is told as a band, and the score stays what it is."""

from typing import Any

import pytest
from msgspec.structs import replace

from common.contracts import ids
from common.contracts.signals import Band, Override, Severity, Signal
from scoring.health.calendar.definition import CalendarRules
from scoring.health.card import Bands, Flag
from scoring.health.metrics.definition import Dimension
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.moments import to_datetime
from scoring.health.scorer import Scorer
from scoring.health.view import RetractionResult, Step
from support.random_cases import event
from support.scripted_account import DAWN, DAY, MOOD, SLIDE, ScriptedAccount, card, tell, told

UNPAID = Flag(name="unpaid", cap=20, events=("invoice.failed",), clear_on=("invoice.paid",), ttl=None)
MOODY = card(MOOD, flags=(UNPAID,))
WHY = "Pilot agreed."


def when(day: float) -> str:
    return to_datetime(DAWN + day * DAY).isoformat()


def overrides(
    script: ScriptedAccount, day: float, to: str | None, until: float | str | None = None, **said: Any
) -> Step:
    """`until` is in days, or a text."""
    text = until if until is None or isinstance(until, str) else when(until)
    return script.does("health.overridden", day, to=to, until=text, **said)


def unhappy(value: float = 38) -> ScriptedAccount:
    """Red, and told."""
    script = ScriptedAccount(MOODY)
    script.does("mood.read", 0, value=90)
    assert told(script.does("mood.read", 1, value=value)) == ["band red"]
    return script


def due(script: ScriptedAccount) -> float | None:
    found = script.scorer.find_due(script.account)
    return None if found is None else (found - DAWN) / DAY


def test_the_band_is_what_a_person_says_and_the_score_is_not() -> None:
    script = unhappy()
    (signal,) = overrides(script, 2, "green", 9, reason=WHY, by="csm@example.com").signals
    assert (tell(signal), signal.severity, signal.cause) == ("band green", Severity.INFO, ("web", "e3"))
    said = Override(Band.GREEN, to_datetime(DAWN + 9 * DAY), WHY, "csm@example.com")
    assert (signal.after.band, signal.after.score, signal.after.override) == (Band.GREEN, 38, said)
    assert signal.before is not None
    assert (signal.before.band, signal.before.override) == (Band.RED, None)
    assert signal.receipt.level.score == 38
    view = script.looks(5)
    assert (view.health.band, view.health.score, view.health.override) == (Band.GREEN, 38, said)
    assert view.forecast is not None
    assert (view.forecast.band, view.forecast.at) == (Band.RED, to_datetime(DAWN + 9 * DAY))


def test_it_is_over_at_its_very_second_and_silence_is_the_cause() -> None:
    script = unhappy()
    overrides(script, 2, "green", 9)
    assert due(script) == 9
    assert script.waits(9 - 1 / DAY).signals == ()
    (signal,) = script.waits(9).signals
    assert (tell(signal), signal.severity) == ("band red", Severity.CRITICAL)
    assert signal.cause == ids.silence(int(DAWN + 9 * DAY))
    assert signal.since == signal.at == to_datetime(DAWN + 9 * DAY)
    assert signal.before is not None
    assert signal.before.override is not None
    assert signal.after.override is None


def test_a_moment_within_a_second_is_over_at_the_next_whole_one() -> None:
    script = unhappy()
    overrides(script, 2, "green", when(9).replace("+00:00", ".250000+00:00"))
    assert due(script) == 9 + 1 / DAY


@pytest.mark.parametrize(("zone", "hours"), [(None, 0), ("Asia/Tokyo", -9), ("America/New_York", 5)])
def test_a_date_is_over_when_it_is_over_where_the_account_is(zone: str | None, hours: int) -> None:
    script = unhappy()
    script.does("account.updated", 1.5, time_zone=zone)
    overrides(script, 2, "green", "2024-01-17")
    assert due(script) == pytest.approx(8 + hours / 24)
    script.does("account.updated", 3, time_zone="Asia/Tokyo")
    assert due(script) == pytest.approx(8 - 9 / 24)


def test_what_the_score_says_afterwards_needs_no_hysteresis() -> None:
    """72 is above the line of 70, but would not leave yellow, whose line plus hysteresis is 78."""
    script = unhappy()
    assert told(overrides(script, 2, "yellow", 5)) == ["band yellow"]
    assert told(script.does("mood.read", 3, value=72)) == []
    assert told(script.waits(6)) == ["band green"]
    assert script.looks(6).episode is None


def test_the_same_band_is_shown_and_not_told() -> None:
    script = unhappy()
    assert told(overrides(script, 2, "red", 5)) == []
    assert script.looks(3).health.override is not None
    assert told(script.does("mood.read", 3, value=95)) == []
    assert script.band is Band.RED
    assert told(script.waits(5)) == ["band green"]


def test_scores_move_no_band_and_wait_for_nothing() -> None:
    script = ScriptedAccount(card(SLIDE))
    script.does("mood.read", 0, value=100)
    overrides(script, 1, "yellow", 200)
    script.waits(75)
    view = script.looks(75)
    assert (view.health.band, view.health.score, view.pending) == (Band.YELLOW, 25, None)
    assert due(script) == 200
    assert told(script.waits(200)) == ["band red"]


def test_a_wait_that_was_not_over_is_forgotten() -> None:
    script = ScriptedAccount(card(SLIDE))
    script.does("mood.read", 0, value=100)
    script.waits(31)
    assert script.looks(31).pending is not None
    overrides(script, 31.5, "green", 32)
    assert script.looks(31.5).pending is None
    assert told(script.waits(32)) == ["band yellow"]


def test_flags_and_missed_steps_are_told_and_bring_no_band() -> None:
    steps = Milestone(name="steps", dimension="deployment", steps={"kickoff": MilestoneStep(4)})
    script = ScriptedAccount(card(MOOD, steps, flags=(UNPAID,)))
    script.does("mood.read", 0, value=90)
    overrides(script, 1, "green", 9)
    assert told(script.does("invoice.failed", 2)) == ["flag unpaid"]
    assert told(script.waits(5)) == ["milestone_missed kickoff"]
    assert (script.looks(5).health.score, script.band) == (20, Band.GREEN)
    assert told(script.waits(9)) == ["band red"]


def test_a_flag_of_the_same_request_does_not_carry_the_band_of_a_person() -> None:
    script = ScriptedAccount(MOODY)
    script.does("mood.read", 0, value=90)
    script.does("invoice.failed", 1, more=True)
    step = overrides(script, 1, "red", 9)
    assert told(step) == ["flag unpaid", "band red"]
    assert [each.cause for each in step.signals] == [("web", "e2"), ("web", "e3")]


def test_without_evidence_a_person_gives_a_band_and_afterwards_there_is_none() -> None:
    script = ScriptedAccount(card(MOOD, min_coverage=0.5))
    script.does("nobody.listens", 0)
    assert script.band is Band.INSUFFICIENT
    assert told(overrides(script, 1, "red", 9)) == ["band red"]
    assert told(script.does("mood.read", 2, value=90)) == []
    assert told(script.waits(9)) == ["band green"]
    other = ScriptedAccount(card(MOOD, min_coverage=0.5))
    other.does("nobody.listens", 0)
    overrides(other, 1, "yellow", 9)
    assert told(other.waits(9)) == []
    assert other.band is Band.INSUFFICIENT


def test_green_that_ends_no_episode_is_shown_and_not_told() -> None:
    script = ScriptedAccount(card(MOOD, min_coverage=0.5))
    script.does("nobody.listens", 0)
    assert told(overrides(script, 1, "green", 9)) == []
    assert script.band is Band.GREEN


# --- Who has the say ------------------------------------------------------------------------------------------


def test_a_later_word_extends_it_and_tells_nothing() -> None:
    script = unhappy()
    overrides(script, 2, "green", 5)
    assert told(overrides(script, 3, "green", 9)) == []
    assert told(script.waits(6)) == []
    assert told(script.waits(9)) == ["band red"]


def test_null_ends_it_now() -> None:
    script = unhappy()
    overrides(script, 2, "green", 9)
    step = overrides(script, 3, None)
    assert told(step) == ["band red"]
    assert step.signals[0].cause == ("web", "e4")
    assert due(script) is None


def test_the_last_word_by_event_time_counts() -> None:
    script = unhappy()
    overrides(script, 3, "green", 9)
    # It was said before, and comes later.
    assert told(overrides(script, 4, "yellow", 8, late=2)) == []
    assert told(overrides(script, 4, None, late=2)) == []
    assert script.band is Band.GREEN
    # At one moment the log decides.
    assert told(overrides(script, 5, "yellow", 8, late=2)) == ["band yellow"]


def test_one_that_is_over_when_it_comes_does_nothing() -> None:
    script = unhappy()
    overrides(script, 2, "green", 9)
    body = script.scorer.dump(script.account)
    overrides(script, 4, "yellow", 3.5, late=1)
    assert script.looks(4).health.override == Override(Band.GREEN, to_datetime(DAWN + 9 * DAY))
    (at, clock) = (script.account.clock, script.scorer.load("acme", body))
    assert script.scorer.view(clock, at).health == script.looks(4).health


@pytest.mark.parametrize(
    "said",
    [
        {"to": "blue", "until": "2024-02-01"},
        {"to": "insufficient_data", "until": "2024-02-01"},
        {"to": ["green"], "until": "2024-02-01"},
        {"to": "green", "until": "soon"},
        {"to": "green", "until": 1_706_745_600},
        {"to": "green"},
    ],
)
def test_what_nobody_can_use_says_nothing(said: dict[str, Any]) -> None:
    script = unhappy()
    assert told(script.does("health.overridden", 2, **said)) == []
    assert script.looks(2).health.override is None


def test_a_person_who_is_not_named_by_mail_is_named_by_the_event_and_is_nobody_to_call() -> None:
    script = unhappy()
    overrides(script, 2, "green", "9999-12-31", user_id="dana", reason=" ")
    held = script.looks(2).health.override
    assert held is not None
    assert (held.by, held.reason, held.until.year) == ("dana", None, 9999)
    assert script.account.people.contacts() == ()


def test_a_long_reason_is_cut() -> None:
    script = unhappy()
    overrides(script, 2, "green", 9, reason="a" * 8192, by="b" * 300)
    held = script.looks(2).health.override
    assert held is not None
    assert (held.reason, held.by) == ("a" * 300, "b" * 254)


# --- Retractions, requests, the end of a contract, first looks ------------------------------------------------


def retracts(script: ScriptedAccount, day: float, event_id: str) -> Step:
    at = DAWN + day * DAY
    happened = event("event.retracted", at, event_id=f"r-{event_id}")
    return script.scorer.apply(script.account, replace(happened, properties={"event_id": event_id}), at)


def test_a_retraction_brings_the_word_before_it_back() -> None:
    script = unhappy()
    overrides(script, 2, "yellow", 9)
    overrides(script, 3, "green", 9)
    step = retracts(script, 4, "e4")
    assert (told(step), step.retraction) == (["band yellow"], RetractionResult.UNDONE)
    assert step.signals[0].cause == ("web", "r-e4")
    assert told(retracts(script, 5, "e3")) == ["band red"]
    assert retracts(script, 6, "e3").retraction is RetractionResult.NOTHING_STANDING


def test_a_retraction_brings_back_nothing_that_is_over() -> None:
    script = unhappy()
    overrides(script, 2, "yellow", 3)
    overrides(script, 2.5, "green", 9)
    assert told(retracts(script, 4, "e4")) == ["band red"]


def test_an_end_that_is_retracted_did_not_end_it() -> None:
    script = unhappy()
    overrides(script, 2, "green", 9)
    overrides(script, 3, None)
    assert told(retracts(script, 4, "e4")) == ["band green"]


def test_one_request_is_one_step() -> None:
    script = unhappy()
    script.does("health.overridden", 2, to="green", until=when(9), more=True)
    assert (script.band, script.looks(2).health.override) == (Band.RED, None)
    assert told(overrides(script, 2, None)) == []
    script.does("mood.read", 3, value=10, more=True)
    script.does("health.overridden", 3, to="green", until=when(9), more=True)
    (signal,) = script.does("mood.read", 3, value=12).signals
    assert (tell(signal), signal.cause) == ("band green", ("web", "e6"))


def test_it_is_over_within_an_open_request() -> None:
    script = unhappy()
    overrides(script, 2, "green", 3)
    script.does("nobody.listens", 3 - 10 / DAY, more=True)
    step = script.does("nobody.listens", 3 + 10 / DAY)
    assert told(step) == ["band red"]
    assert step.signals[0].cause == ids.silence(int(DAWN + 3 * DAY))
    assert step.signals[0].since == to_datetime(DAWN + 3 * DAY)


def test_of_who_has_left_nothing_is_told_and_of_who_comes_back_the_band_is() -> None:
    script = unhappy()
    script.does("contract.ended", 2)
    assert told(overrides(script, 3, "yellow", 9)) == []
    assert script.band is Band.YELLOW
    step = script.does("contract.renewed", 4)
    assert told(step) == ["outcome renewed", "band yellow"]
    assert step.signals[1].cause == ("web", "e5")


def signals_after_look(script: ScriptedAccount, day: float) -> list[Signal]:
    return [signal for signal in script.waits(day).signals if signal.kind != "first_look"]


def test_a_first_look_says_the_band_of_a_person() -> None:
    script = ScriptedAccount(MOODY)
    script.scorer = Scorer(MOODY, "card", first_look_seconds=900)
    script.does("mood.read", 0, value=10)
    assert told(overrides(script, 0.001, "yellow", 5)) == []
    (look,) = script.waits(1).signals
    assert (look.to, look.after.band, look.after.override is not None) == ("yellow", Band.YELLOW, True)
    assert [(each.kind, each.to) for each in look.standing] == [("band", "yellow")]
    (red,) = signals_after_look(script, 5)
    assert (tell(red), red.episode) == ("band red", look.episode)


def test_an_override_of_the_past_that_is_imported_does_nothing() -> None:
    script = ScriptedAccount(MOODY)
    script.scorer = Scorer(MOODY, "card", first_look_seconds=900)
    script.does("mood.read", 100, value=90, late=90, history=True)
    overrides(script, 100, "red", 40, late=80, history=True)
    script.does("mood.read", 100, value=85, late=50, history=True)
    (look,) = script.waits(101).signals
    assert (look.to, look.after.override, look.standing) == ("green", None, ())
    # Nor does it on an account that is known.
    script.does("health.overridden", 110, to="red", until=when(109), late=5, history=True)
    assert [(each.to, each.after.override) for each in script.waits(111).signals] == [("green", None)]


# --- What is stored -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restart", range(5))
def test_it_outlives_a_restart(restart: int) -> None:
    whole, cut = unhappy(), unhappy()
    for place, (day, to, until) in enumerate([(2, "yellow", 9), (3, "green", 8), (4, None, None), (5, "green", 7)]):
        if place == restart:
            cut.account = cut.scorer.load("acme", cut.scorer.dump(cut.account))
        assert overrides(cut, day, to, until).signals == overrides(whole, day, to, until).signals
    if restart == 4:
        cut.account = cut.scorer.load("acme", cut.scorer.dump(cut.account))
    assert cut.scorer.dump(cut.account) == whole.scorer.dump(whole.account)
    assert cut.waits(9).signals == whole.waits(9).signals != ()


def test_a_restarted_account_finds_its_end_at_the_very_second_by_a_clock_that_rounds() -> None:
    """The days 3 and 4 are a weekend."""
    script = ScriptedAccount(replace(MOODY, clock=CalendarRules(profile="business", floor=0.03)))
    script.does("mood.read", 0, value=90)
    script.does("mood.read", 1, value=38)
    for place in range(200):
        second = 3 * DAY + 7 * place
        overrides(script, (second - 2) / DAY, "green", (second + 1) / DAY)
        script.account = script.scorer.load("acme", script.scorer.dump(script.account))
        assert told(script.waits((second + 1) / DAY)) == ["band red"], place


def test_the_end_of_a_stage_and_that_of_an_override_are_two_moments() -> None:
    """By the bands of the first stage a score of 60 is green."""
    kickoff = {"kickoff": MilestoneStep(6)}
    steps = Milestone(name="steps", dimension="deployment", steps=kickoff, stages=("onboarding",), grace=0)
    weights: dict[Dimension, float] = {"engagement": 9}
    script = ScriptedAccount(card(MOOD, steps, weights=weights, by_stage={"onboarding": Bands(red=10, yellow=20)}))
    script.does("milestone.reached", 0, step="kickoff")
    script.does("mood.read", 0, value=60)
    overrides(script, 1, "red", 8)
    assert [each.kind for each in script.waits(7).signals] == []
    assert (script.account.stage, script.band) == ("adoption", Band.RED)
    assert told(script.waits(8)) == ["band yellow"]
