"""When a band is told: hysteresis, minimum duration, large steps, episodes and first bands."""

from datetime import UTC, datetime, timedelta

import pytest

from common.contracts.signals import Band, Severity, Signal
from scoring.health.bands import BandLines
from scoring.health.card import Bands
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.view import Step
from support.scripted_account import DAWN, DAY, MOOD, SLIDE, ScriptedAccount, card, told

LINES = BandLines(red=40, yellow=70, hysteresis=8, min_duration=2 * DAY)
SECOND = 1 / DAY


def day(number: float) -> datetime:
    return datetime(2024, 1, 10, tzinfo=UTC) + timedelta(days=number)


def only(step: Step) -> Signal:
    (signal,) = step.signals
    return signal


@pytest.mark.parametrize(
    ("told_band", "score", "shown"),
    [
        (Band.GREEN, 0.0, Band.GREEN),  # a worse band is not reached this way
        (Band.YELLOW, 77.999999, Band.YELLOW),
        (Band.YELLOW, 78.0, Band.GREEN),
        (Band.RED, 47.999999, Band.RED),
        (Band.RED, 48.0, Band.YELLOW),
        (Band.RED, 77.999999, Band.YELLOW),
        (Band.RED, 78.0, Band.GREEN),  # from red to green in one step
    ],
)
def test_a_band_is_left_at_its_line_plus_hysteresis(told_band: Band, score: float, shown: Band) -> None:
    assert LINES.better_band(told_band, score) is shown


@pytest.mark.parametrize(
    ("score", "band"), [(39.999999, Band.RED), (40.0, Band.YELLOW), (69.999999, Band.YELLOW), (70.0, Band.GREEN)]
)
def test_a_first_score_needs_no_hysteresis(score: float, band: Band) -> None:
    assert LINES.first_band(score) is band


@pytest.mark.parametrize(
    ("told_band", "waiting", "stable"),
    [
        (Band.GREEN, set(), (70, float("inf"))),
        (Band.GREEN, {Band.YELLOW}, (40, 70)),
        (Band.GREEN, {Band.YELLOW, Band.RED}, (float("-inf"), 40)),
        (Band.YELLOW, set(), (40, 78)),
        (Band.YELLOW, {Band.RED}, (float("-inf"), 40)),
        (Band.RED, set(), (float("-inf"), 48)),
    ],
)
def test_the_range_in_which_no_band_moves(told_band: Band, waiting: set[Band], stable: tuple[float, float]) -> None:
    assert LINES.stable_range(told_band, waiting) == stable


def test_a_small_step_over_a_line_waits_two_days_and_names_what_crossed() -> None:
    script = ScriptedAccount(card(MOOD))
    script.does("mood.read", 0, value=72)
    assert told(script.does("mood.read", 1, value=69)) == []
    pending = script.looks(2).pending
    assert pending is not None
    assert (pending.band, pending.since, pending.confirmed_at) == (Band.YELLOW, day(1), day(3))
    assert script.looks(2).health.band is Band.GREEN
    assert told(script.does("mood.read", 2, value=68)) == []
    signal = only(script.waits(9))
    assert (signal.to, signal.at, signal.since, signal.cause) == ("yellow", day(3), day(1), ("web", "e2"))
    assert signal.before is not None
    assert (signal.before.band, signal.after.band) == (Band.GREEN, Band.YELLOW)
    assert signal.severity is Severity.WARNING


def test_a_score_back_over_the_line_was_never_told() -> None:
    script = ScriptedAccount(card(MOOD))
    script.does("mood.read", 0, value=72)
    script.does("mood.read", 1, value=69)
    script.does("mood.read", 2, value=70)
    assert script.looks(2).pending is None
    assert told(script.waits(50)) == []
    assert script.scorer.find_due(script.account) is None
    # The wait begins anew.
    script.does("mood.read", 60, value=69)
    assert only(script.waits(99)).at == day(62)


def test_an_event_that_costs_five_points_acts_at_once() -> None:
    script = ScriptedAccount(card(MOOD))
    script.does("mood.read", 0, value=74)
    assert only(script.does("mood.read", 1, value=69)).at == day(1)


def test_just_under_five_points_waits() -> None:
    script = ScriptedAccount(card(MOOD))
    script.does("mood.read", 0, value=73.999)
    assert told(script.does("mood.read", 1, value=69)) == []


def test_a_large_step_that_crosses_nothing_new_does_not_shorten_the_wait() -> None:
    script = ScriptedAccount(card(MOOD))
    script.does("mood.read", 0, value=72)
    script.does("mood.read", 1, value=69)
    assert told(script.does("mood.read", 2, value=50)) == []
    assert only(script.waits(9)).at == day(3)


def test_a_large_step_to_red_passes_a_waiting_yellow() -> None:
    script = ScriptedAccount(card(MOOD))
    script.does("mood.read", 0, value=72)
    script.does("mood.read", 1, value=69)
    signal = only(script.does("mood.read", 2, value=20))
    assert (signal.to, signal.severity, signal.since) == ("red", Severity.CRITICAL, day(2))
    assert told(script.waits(50)) == []


def test_silence_crosses_on_the_first_second_below_and_is_told_after_its_wait() -> None:
    """75 falls by a point a day: at five days it is 70 still, a second later it is not."""
    script = ScriptedAccount(card(SLIDE))
    script.does("mood.read", 0, value=100)
    assert script.scorer.find_due(script.account) == 1_704_844_800 + 30 * 86_400 + 1
    assert told(script.waits(31)) == []
    signal = only(script.waits(35))
    assert signal.cause == "silence@2024-02-09T00:00:01Z"
    assert (signal.since, signal.at) == (day(30 + SECOND), day(32 + SECOND))


def test_each_line_waits_on_its_own() -> None:
    script = ScriptedAccount(card(SLIDE))
    script.does("mood.read", 0, value=100)
    signals = script.waits(99).signals
    assert [(s.to, s.since, s.at) for s in signals] == [
        ("yellow", day(30 + SECOND), day(32 + SECOND)),
        ("red", day(60 + SECOND), day(62 + SECOND)),
    ]


def test_two_lines_confirmed_together_are_told_once_as_the_worse() -> None:
    script = ScriptedAccount(card(MOOD, bands=Bands(red=69, yellow=70)))
    script.does("mood.read", 0, value=70)
    script.does("mood.read", 1, value=68)
    assert told(script.waits(9)) == ["band red"]


def test_better_is_told_at_once() -> None:
    script = ScriptedAccount(card(MOOD))
    script.does("mood.read", 0, value=90)
    script.does("mood.read", 1, value=10)
    assert told(script.does("mood.read", 2, value=47)) == []
    up = only(script.does("mood.read", 3, value=48))
    assert (up.to, up.severity) == ("yellow", Severity.INFO)
    good = only(script.does("mood.read", 4, value=78))
    assert (good.to, good.severity) == ("green", Severity.INFO)


def test_without_a_minimum_duration_silence_is_told_when_it_crosses() -> None:
    script = ScriptedAccount(card(SLIDE, bands=Bands(red=40, yellow=70, min_duration=0)))
    script.does("mood.read", 0, value=100)
    signal = only(script.waits(31))
    assert signal.at == signal.since == day(30 + SECOND)


def test_an_episode_opens_with_the_first_bad_band_and_closes_on_green() -> None:
    script = ScriptedAccount(card(MOOD))
    before = only(script.does("contract.renewed", 0))
    script.does("mood.read", 1, value=90)
    opened = only(script.does("mood.read", 2, value=60))
    between = only(script.does("contract.renewed", 3))
    worse = only(script.does("mood.read", 4, value=20))
    closed = only(script.does("mood.read", 5, value=95))
    after = only(script.does("contract.renewed", 6))
    again = only(script.does("mood.read", 7, value=60))
    assert before.episode == before.signal_id
    assert opened.episode == between.episode == worse.episode == closed.episode == opened.signal_id
    assert after.episode == after.signal_id
    assert again.episode == again.signal_id


def test_the_first_record_gives_a_band_in_silence() -> None:
    script = ScriptedAccount(card(MOOD))
    assert told(script.does("mood.read", 0, value=10)) == []
    assert script.band is Band.RED


def test_green_without_an_episode_is_shown_and_not_told() -> None:
    script = ScriptedAccount(card(MOOD))
    script.does("mood.read", 0, value=10)
    assert told(script.does("mood.read", 1, value=95)) == []
    assert script.band is Band.GREEN


def test_leaving_insufficient_data_into_red_is_told_at_once() -> None:
    script = ScriptedAccount(card(MOOD, min_coverage=0.5))
    script.does("nobody.listens", 0)
    assert script.band is Band.INSUFFICIENT
    signal = only(script.does("mood.read", 1, value=10))
    assert (signal.to, signal.since, signal.episode) == ("red", day(1), signal.signal_id)


def test_a_first_band_that_history_brings_is_not_told() -> None:
    script = ScriptedAccount(card(MOOD, min_coverage=0.5))
    script.does("nobody.listens", 0)
    assert told(script.does("mood.read", 1, value=10, history=True)) == []
    assert script.band is Band.RED


def test_history_is_marked_even_if_it_is_told_later() -> None:
    script = ScriptedAccount(card(MOOD))
    script.does("mood.read", 0, value=90)
    assert only(script.does("mood.read", 1, value=60, history=True)).history
    script.does("mood.read", 2, value=42)
    script.does("mood.read", 3, value=39, history=True)
    assert only(script.waits(9)).history


def test_evidence_that_goes_is_shown_and_not_told_and_nothing_waits_meanwhile() -> None:
    people = Distinct(
        name="people",
        dimension="adoption",
        events=("login",),
        key="user_id",
        half_life=1e6,
        of="seats",
        curves={"default": ((0.1, 100), (1, 100))},
    )
    script = ScriptedAccount(card(MOOD, people, min_coverage=0.6))
    script.does("account.updated", 0, seats=10)
    script.does("mood.read", 1, value=42)
    script.does("mood.read", 2, value=38)
    assert script.looks(2).pending is not None
    assert told(script.does("account.updated", 3, seats=None)) == []
    assert script.band is Band.INSUFFICIENT
    assert told(script.waits(30)) == []
    signal = only(script.does("account.updated", 31, seats=10))
    assert (signal.to, signal.since) == ("yellow", day(31))


def test_stages_have_their_own_lines() -> None:
    script = ScriptedAccount(card(MOOD, by_stage={"renewal": Bands(red=50, yellow=75)}))
    script.does("mood.read", 0, value=72)
    assert script.band is Band.GREEN
    assert told(script.does("account.updated", 1, stage="renewal")) == []
    signal = only(script.waits(9))
    assert (signal.to, signal.at, signal.cause) == ("yellow", day(3), ("web", "e2"))


def test_a_line_crossed_between_two_seconds_was_crossed_by_silence() -> None:
    script = ScriptedAccount(card(SLIDE))
    script.does("mood.read", 0, value=100)
    step = script.does("nobody.listens", 30 + 0.5 / DAY)
    assert told(step) == []
    signal = only(script.waits(40))
    assert signal.cause == "silence@2024-02-09T00:00:01Z"
    assert signal.since == day(30 + 0.5 / DAY)


def test_evidence_that_went_between_two_seconds_was_gone_before_the_event_that_brings_it_back() -> None:
    """Of two logins one is left after half a day, which is just enough."""
    tickets = Ratio(
        name="tickets",
        dimension="adoption",
        events=("ticket.opened",),
        denominator_events=("login",),
        half_life=0.5,
        curves={"default": ((1, 0),)},
    )
    script = ScriptedAccount(card(MOOD, tickets, min_coverage=0.6))
    script.does("login", 0.25 * SECOND)
    script.does("login", 0.25 * SECOND)
    script.does("mood.read", 0.25 * SECOND, value=10)
    assert script.band is Band.RED
    signal = only(script.does("login", 0.5 + 0.5 * SECOND))
    assert (signal.to, signal.cause) == ("red", ("web", "e4"))
    assert signal.before is not None
    assert signal.before.band is Band.INSUFFICIENT


def test_the_forecast_says_what_silence_will_tell() -> None:
    script = ScriptedAccount(card(SLIDE))
    script.does("mood.read", 0, value=100)
    forecast = script.looks(10).forecast
    assert forecast is not None
    assert (forecast.band, forecast.at) == (Band.YELLOW, day(32 + SECOND))
    assert only(script.waits(50)).at == forecast.at


def test_a_crossing_is_foreseen_by_the_weights_of_its_own_time() -> None:
    """Tickets weigh half until their evidence is gone on day 1; from then on the mood that falls is all there is."""
    tickets = Ratio(
        name="tickets",
        dimension="roi",
        events=("ticket.opened",),
        denominator_events=("login",),
        half_life=1.0,
        min_denominator=0.5,
        curves={"default": ((0.1, 100.0), (9.0, 100.0))},
    )
    script = ScriptedAccount(card(SLIDE, tickets))
    script.does("login", 0)
    script.does("mood.read", 0, value=100)
    assert script.scorer.find_due(script.account) == DAWN + 30 * DAY + 1
