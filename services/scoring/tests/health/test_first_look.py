"""What stands at first sight is told once, in one signal; an import gives days and a curve."""

from typing import Any

import pytest

from common.contracts.signals import Band, Kind, Severity, Signal
from scoring.health.card import Card, Flag, When
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.metrics.rate.definition import Rate
from scoring.health.metrics.silence.definition import Silence
from scoring.health.scorer import Scorer
from scoring.health.view import Step
from support.scripted_account import DAWN, DAY, MOOD, ScriptedAccount, card, told

MINUTE = 1 / 1440
WAIT = 900

LOGINS = Rate(
    name="logins",
    dimension="adoption",
    events=("login",),
    half_life=7,
    prior_per_week=0,
    curves={"default": ((0.1, 0), (5, 100))},
)
SILENCE = Silence(
    name="silence", dimension="engagement", events=("login",), prior_gap=1.5, curves={"default": ((1, 100), (3, 0))}
)
QUIET = Flag(name="gone_quiet", cap=45, when=When(metric="silence", op=">=", value=3))
UNPAID = Flag(name="unpaid", cap=20, events=("invoice.failed",), clear_on=("invoice.paid",))
KICKOFF = Milestone(name="steps", dimension="deployment", steps={"kickoff": MilestoneStep(7)}, stages=("renewal",))
USED = card(LOGINS, SILENCE, KICKOFF, flags=(QUIET, UNPAID))
MOODY = card(MOOD, flags=(UNPAID,))
FACTS: dict[str, Any] = {"name": "Acme", "arr": 90_000, "contract_end": "2024-02-12", "time_zone": "UTC"}


class NewAccount(ScriptedAccount):
    """Its scorer takes first looks; `looked` are the signals that did."""

    def __init__(self, told_by: Card = USED, seconds: int = WAIT) -> None:
        super().__init__(told_by)
        self.scorer = Scorer(told_by, "card", first_look_seconds=seconds)
        self.steps: list[Step] = []

    def does(self, event_name: str, day: float, /, **more: Any) -> Step:
        self.steps.append(super().does(event_name, day, **more))
        return self.steps[-1]

    def waits(self, day: float) -> Step:
        self.steps.append(super().waits(day))
        return self.steps[-1]

    def imports(self, day: float, *, first: int = 60, last: int = 40) -> None:
        """Daily logins up to `last` days ago, all recorded within seconds."""
        for place, age in enumerate(range(first, last - 1, -1)):
            self.does("login", day + place * MINUTE / 60, late=age, history=True, user_id="ann")

    @property
    def signals(self) -> list[Signal]:
        return [signal for step in self.steps for signal in step.signals]

    @property
    def days(self) -> list[str]:
        return [str(day.day) for step in self.steps for day in step.days]


def minutes_after_dawn(signal: Signal) -> float:
    return (signal.at.timestamp() - DAWN) / 60


def test_an_import_of_a_silent_account_gives_days_a_curve_and_one_signal() -> None:
    script = NewAccount()
    script.does("account.updated", 0, **FACTS)
    script.imports(MINUTE)
    last = script.account.clock
    assert last == DAWN + MINUTE * DAY - 40 * DAY + 20
    assert len(script.days) == 20
    scores = [day.after for step in script.steps for day in step.days]
    assert scores[0] < scores[-1]
    script.waits(15 * MINUTE)
    assert (script.signals, script.account.clock) == ([], last)
    script.waits(1)
    (signal,) = script.signals
    assert (signal.kind, signal.to, signal.severity) == (Kind.FIRST_LOOK, "red", Severity.CRITICAL)
    assert minutes_after_dawn(signal) == pytest.approx(16 + 20 / 60)
    assert [(each.kind, each.to) for each in signal.standing] == [("band", "red"), ("flag", "gone_quiet")]
    assert all(each.since.timestamp() < DAWN - 20 * DAY for each in signal.standing)
    assert (signal.before, signal.history, signal.facts.arr) == (None, False, 90_000)
    assert signal.cause == f"silence@{signal.at:%Y-%m-%dT%H:%M:%S}Z"
    assert signal.receipt.change.after == signal.after.score
    assert (script.account.state.episode, signal.episode) == (signal.signal_id, signal.signal_id)
    # What the look said is not told again.
    assert told(script.waits(20)) == []


def test_plain_posts_of_the_past_give_one_signal_too() -> None:
    """They are live events, so the account is at the time of their records."""
    script = NewAccount()
    script.does("account.updated", 0, **FACTS)
    for place, age in enumerate(range(29, 24, -1)):
        script.does("login", place * MINUTE, late=age, user_id="ann")
    assert script.account.clock == DAWN + 4 * MINUTE * DAY
    assert told(script.waits(1)) == ["first_look yellow"]
    assert minutes_after_dawn(script.signals[0]) == 15


def test_a_healthy_account_is_looked_at_as_well() -> None:
    script = NewAccount(MOODY)
    script.does("mood.read", 0, value=90)
    (signal,) = script.waits(1).signals
    assert (signal.kind, signal.to, signal.severity, signal.standing) == (Kind.FIRST_LOOK, "green", Severity.INFO, ())
    assert script.account.state.episode is None


def test_an_account_without_evidence_is_told_when_it_turns_red_later() -> None:
    script = NewAccount(card(MOOD, flags=(UNPAID,), min_coverage=0.5))
    script.does("account.updated", 0, **FACTS)
    assert told(script.waits(1)) == ["first_look insufficient_data"]
    assert told(script.does("mood.read", 2, value=10)) == ["band red"]


def test_a_flag_or_an_outcome_of_a_live_event_is_told_at_once() -> None:
    script = NewAccount(MOODY)
    script.does("mood.read", 0, value=90)
    assert told(script.does("invoice.failed", MINUTE)) == ["flag unpaid: red"]
    assert told(script.does("contract.renewed", 2 * MINUTE)) == ["outcome renewed"]
    (signal,) = script.waits(1).signals
    assert [each.to for each in signal.standing] == ["red", "unpaid"]


def test_a_band_that_a_live_flag_brings_is_told_with_it_and_so_is_its_recovery() -> None:
    """The look joins the episode, so whoever was told of the band does not hear of it twice."""
    script = NewAccount(MOODY)
    script.does("mood.read", 0, value=90)
    (flag,) = script.does("invoice.failed", MINUTE).signals
    assert (flag.told_band, flag.severity, flag.episode) == (Band.RED, Severity.CRITICAL, flag.signal_id)
    # A band that no flag brings waits for the look.
    assert told(script.does("mood.read", 2 * MINUTE, value=10)) == []
    assert told(script.does("mood.read", 3 * MINUTE, value=90)) == []
    (green,) = script.does("invoice.paid", 4 * MINUTE).signals
    assert (green.kind, green.to, green.episode) == (Kind.BAND, "green", flag.signal_id)
    (again,) = script.does("invoice.failed", 5 * MINUTE).signals
    assert again.told_band is Band.RED
    (look,) = script.waits(1).signals
    assert (look.to, look.episode) == ("red", again.signal_id)


def test_a_flag_that_brings_no_band_leaves_it_to_the_look() -> None:
    mild = Flag(name="mild", cap=90, events=("invoice.failed",))
    script = NewAccount(card(MOOD, flags=(mild,)))
    script.does("mood.read", 0, value=90)
    script.does("mood.read", MINUTE, value=10, more=True)
    assert told(script.does("invoice.failed", MINUTE)) == ["flag mild"]
    (look,) = script.waits(1).signals
    assert [each.to for each in look.standing] == ["red", "mild"]


@pytest.mark.parametrize("notice", [False, True])
def test_of_who_has_given_notice_no_look_says_that_they_are_silent(notice: bool) -> None:
    script = NewAccount()
    script.does("account.updated", 0, **FACTS)
    script.imports(MINUTE)
    if notice:
        script.does("contract.cancel_requested", 2 * MINUTE, late=41, history=True)
    (look,) = script.waits(1).signals
    assert (look.to, "gone_quiet" in [each.to for each in look.standing]) == ("red", not notice)


def test_what_the_first_request_says_belongs_to_the_look() -> None:
    """Nothing that stands says an outcome, so it is kept as history."""
    script = NewAccount(MOODY)
    script.does("mood.read", 0, value=90, more=True)
    script.does("invoice.failed", 0, more=True)
    step = script.does("contract.renewed", 0)
    assert [(signal.kind, signal.to, signal.history) for signal in step.signals] == [("outcome", "renewed", True)]
    assert script.looks(0).flags[0].name == "unpaid"
    (signal,) = script.waits(1).signals
    assert [each.to for each in signal.standing] == ["red", "unpaid"]


def test_bands_missed_steps_and_derived_flags_are_shown_until_then() -> None:
    script = NewAccount(card(MOOD, KICKOFF))
    script.does("mood.read", 0, value=90)
    script.does("account.updated", MINUTE, stage="renewal", contract_start="2023-01-01")
    script.does("mood.read", 2 * MINUTE, value=10)
    assert script.signals == []
    view = script.looks(3 * MINUTE)
    assert (view.health.band, [missed.step for missed in view.missed]) == (Band.RED, ["kickoff"])
    assert view.first_look is not None
    assert view.first_look.timestamp() == DAWN + WAIT
    (signal,) = script.waits(1).signals
    assert [(each.kind, each.to) for each in signal.standing] == [("band", "red"), ("milestone_missed", "kickoff")]
    assert script.looks(1).first_look is None


def test_what_waits_for_its_minimum_duration_stands_at_first_sight() -> None:
    """Two days later it would be told of every account that was imported, one by one."""
    low = Flag(name="low", cap=67.5, when=When(metric="mood", op="<=", value=69))
    script = NewAccount(card(MOOD, flags=(low,)))
    script.does("mood.read", 0, value=72)
    script.does("mood.read", MINUTE, value=68)
    view = script.looks(2 * MINUTE)
    assert (view.health.band, view.pending is not None, view.flags[0].told) == (Band.GREEN, True, False)
    (signal,) = script.waits(1).signals
    assert [each.to for each in signal.standing] == ["yellow", "low"]
    assert {each.since.timestamp() for each in signal.standing} == {DAWN + 60}
    assert told(script.waits(10)) == []


def test_history_puts_a_look_off_and_live_events_do_not() -> None:
    script = NewAccount(MOODY)
    script.does("mood.read", 0, value=90)
    script.does("mood.read", 5 * MINUTE, value=90)
    script.does("mood.read", 10 * MINUTE, late=9, history=True, value=80)
    script.does("mood.read", 12 * MINUTE, value=90)
    assert script.scorer.find_due(script.account) == DAWN + 25 * 60
    assert told(script.waits(24.9 * MINUTE)) == []
    assert told(script.waits(25 * MINUTE)) == ["first_look green"]


def test_history_without_end_puts_a_look_off_for_a_day_at_most() -> None:
    script = NewAccount()
    for minute in range(0, 1445, 5):
        script.does("login", minute * MINUTE, late=60 - minute * MINUTE, history=True, user_id="ann")
    (signal,) = [signal for signal in script.signals if signal.kind is Kind.FIRST_LOOK]
    assert minutes_after_dawn(signal) == 1440
    # History that comes then opens another look.
    assert script.account.look is not None
    assert not script.account.look.first


def test_the_first_live_event_ends_the_import_and_facts_do_not() -> None:
    script = NewAccount()
    script.imports(0)
    imported = script.account.clock
    script.does("account.updated", 5 * MINUTE, **FACTS)
    assert script.account.clock == imported
    script.does("login", 6 * MINUTE, user_id="ann")
    assert script.account.clock == DAWN + 6 * MINUTE * DAY
    assert script.signals == []


def test_an_import_may_come_out_of_order() -> None:
    script = NewAccount()
    for age in (50, 30, 45, 30, 31):
        script.does("login", MINUTE, late=age, history=True, user_id=f"user {age}")
    assert script.account.clock == DAWN + MINUTE * DAY - 30 * DAY
    assert script.account.born == DAWN + MINUTE * DAY - 50 * DAY


def test_history_does_not_run_ahead_of_its_record() -> None:
    script = NewAccount()
    script.does("login", 0, late=-3, history=True, user_id="ann")
    assert script.account.clock == DAWN


def test_an_account_that_is_imported_reads_as_of_now() -> None:
    script = NewAccount()
    script.imports(0)
    body = script.scorer.dump(script.account)
    view = script.looks(5 * MINUTE)
    assert (view.at.timestamp(), view.health.band) == (DAWN + 5 * MINUTE * DAY, Band.RED)
    assert script.scorer.dump(script.account) == body


def test_a_second_import_opens_another_look_and_live_news_is_told_meanwhile() -> None:
    script = NewAccount(MOODY)
    script.does("mood.read", 0, value=90)
    script.waits(1)
    assert told(script.does("mood.read", 2, late=1, history=True, value=80)) == []
    assert script.account.clock == DAWN + 2 * DAY
    assert told(script.does("mood.read", 2 + MINUTE, value=10)) == ["band red"]
    assert told(script.does("invoice.failed", 2 + 2 * MINUTE)) == ["flag unpaid"]
    (signal,) = script.waits(3).signals
    assert (signal.kind, minutes_after_dawn(signal)) == (Kind.FIRST_LOOK, 2 * 1440 + 15)
    assert signal.before is not None
    assert [each.to for each in signal.standing] == ["red", "unpaid"]
    # The episode is the one that the band opened.
    assert signal.episode == next(each.signal_id for each in script.signals if each.to == "red")


def test_what_history_brings_to_a_known_account_is_told_by_the_look() -> None:
    script = NewAccount(MOODY)
    script.does("mood.read", 0, value=90)
    script.waits(1)
    script.does("mood.read", 2, late=0.5, history=True, value=65)
    (signal,) = script.waits(3).signals
    assert (signal.to, [each.to for each in signal.standing]) == ("yellow", ["yellow"])
    assert told(script.does("mood.read", 4, value=90)) == ["band green"]


def test_what_only_history_has_ended_is_over_for_whoever_was_told() -> None:
    script = NewAccount(MOODY)
    script.does("mood.read", 0, value=90)
    script.waits(1)
    assert told(script.does("mood.read", 2, value=10)) == ["band red"]
    assert told(script.does("mood.read", 3, late=0.5, history=True, value=95)) == []
    recovered, look = script.waits(4).signals
    assert (recovered.kind, recovered.to, recovered.history) == (Kind.BAND, "green", False)
    assert recovered.episode == next(each.signal_id for each in script.signals if each.to == "red")
    assert (look.kind, look.to, look.standing) == (Kind.FIRST_LOOK, "green", ())
    assert look.episode == look.signal_id
    assert told(script.does("mood.read", 5, value=10)) == ["band red"]


def test_without_a_wait_all_is_told_from_the_first_record_on() -> None:
    script = NewAccount(MOODY, seconds=0)
    script.does("mood.read", 0, value=90)
    assert told(script.does("mood.read", MINUTE, value=10)) == ["band red"]
    assert told(script.waits(5)) == []


def test_an_open_request_is_told_before_the_look() -> None:
    script = NewAccount(MOODY)
    script.does("mood.read", 0, value=90)
    script.does("invoice.failed", 14.9 * MINUTE, more=True)
    script.waits(15.5 * MINUTE)
    assert script.signals == []
    assert told(script.waits(16 * MINUTE)) == ["flag unpaid: red", "first_look red"]


def test_a_tick_closes_a_request_of_an_import_and_does_not_move_it() -> None:
    script = NewAccount()
    script.does("login", 0, late=40, history=True, more=True, user_id="ann")
    script.waits(5 * MINUTE)
    assert script.account.request is None
    assert script.account.clock == DAWN - 40 * DAY
    assert script.scorer.find_due(script.account) == DAWN + WAIT


def test_a_look_survives_a_restart() -> None:
    script = NewAccount()
    script.does("account.updated", 0, **FACTS)
    script.imports(MINUTE)
    script.account = script.scorer.load("acme", script.scorer.dump(script.account))
    assert script.looks(2 * MINUTE).first_look is not None
    assert told(script.waits(1)) == ["first_look red"]


def test_in_stream_mode_a_tick_takes_the_look_and_an_import_is_one_whatever_its_days() -> None:
    """Records are of the times of their events there, so days lie between them."""
    script = NewAccount()
    script.scorer = Scorer(USED, "card", request_seconds=None, first_look_seconds=WAIT)
    script.does("account.updated", 0, history=True, **FACTS)
    for day in range(1, 30):
        script.does("login", day, history=True, user_id="ann")
    assert (script.signals, len(script.days)) == ([], 29)
    (signal,) = script.waits(60).signals[:1]
    assert (signal.kind, signal.to, signal.at.timestamp()) == (Kind.FIRST_LOOK, "green", DAWN + 29 * DAY + WAIT)
