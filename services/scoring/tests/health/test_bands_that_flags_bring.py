"""A flag and the band that it brings are one signal; who has given notice is not told of as gone quiet."""

import pytest

from common.contracts.signals import Band, Severity, Signal
from scoring.health.card import Bands, Flag, When
from scoring.health.metrics.silence.definition import Silence
from scoring.health.view import Step
from support.scripted_account import MOOD, ScriptedAccount, card, told

UNPAID = Flag(name="unpaid", cap=60, events=("payment.failed",), clear_on=("invoice.paid",))
LOST = Flag(name="lost", cap=35, events=("champion.left",))
CANCEL = Flag(name="cancel", cap=10, events=("contract.cancel_requested",), clear_on=("contract.renewed",))
SIGNS = Silence(
    name="silence", events=("login",), prior_gap=1, dimension="adoption", curves={"default": ((90, 100), (99, 0))}
)
QUIET = Flag(name="gone_quiet", cap=35, when=When(metric="silence", op=">=", value=1))


def only(step: Step) -> Signal:
    (signal,) = step.signals
    return signal


def bands_of(signal: Signal) -> tuple[Band | None, Band]:
    return signal.before.band if signal.before else None, signal.after.band


def test_a_flag_that_brings_a_band_is_one_signal_and_opens_the_episode() -> None:
    script = ScriptedAccount(card(MOOD, flags=(UNPAID,)))
    script.does("mood.read", 0, value=90)
    flag = only(script.does("payment.failed", 1))
    assert (flag.to, flag.told_band, bands_of(flag)) == ("unpaid", Band.YELLOW, (Band.GREEN, Band.YELLOW))
    assert (flag.severity, flag.episode) == (Severity.WARNING, flag.signal_id)
    assert (script.band, script.looks(1).episode) == (Band.YELLOW, flag.signal_id)
    recovery = only(script.does("invoice.paid", 2))
    assert (recovery.to, recovery.episode) == ("green", flag.signal_id)
    assert script.looks(2).episode is None


def test_what_silence_crossed_within_the_second_of_an_event_was_before_the_event() -> None:
    """Nobody fires a timer within a second. The flag fell and the band was green when the event came."""
    second = 1 / 86_400
    silence = Silence(
        name="silence", events=("login",), prior_gap=second, dimension="adoption", curves={"default": ((0.1, 100),)}
    )
    seen = Flag(name="seen", cap=0, when=When(metric="silence", op="<=", value=0))
    bands = Bands(red=20, yellow=25, hysteresis=0, min_duration=0)
    script = ScriptedAccount(card(silence, flags=(seen,), bands=bands))
    script.does("login", 0)
    flag = only(script.does("login", second / 10))
    assert (flag.to, flag.told_band, bands_of(flag)) == ("seen", Band.RED, (Band.GREEN, Band.RED))
    assert flag.before is not None
    assert flag.before.score == 100


def test_the_worse_severity_counts() -> None:
    """By its cap this flag is a warning, and red is critical."""
    script = ScriptedAccount(card(MOOD, flags=(LOST,)))
    script.does("mood.read", 0, value=90)
    flag = only(script.does("champion.left", 1))
    assert (flag.told_band, flag.severity) == (Band.RED, Severity.CRITICAL)


def test_a_cap_of_red_is_critical_even_where_the_band_stays() -> None:
    script = ScriptedAccount(card(MOOD, flags=(CANCEL,)))
    script.does("mood.read", 0, value=90)
    script.does("mood.read", 1, value=20)
    flag = only(script.does("contract.cancel_requested", 2))
    assert (flag.told_band, flag.severity, bands_of(flag)) == (None, Severity.CRITICAL, (Band.RED, Band.RED))


def test_a_flag_in_an_open_episode_repeats_its_id_and_explains_the_way_since_the_band_before() -> None:
    script = ScriptedAccount(card(MOOD, flags=(LOST,)))
    script.does("mood.read", 0, value=90)
    yellow = only(script.does("mood.read", 1, value=60))
    red = only(script.does("champion.left", 2))
    assert (red.told_band, red.episode) == (Band.RED, yellow.signal_id)
    assert (red.receipt.change.before, red.receipt.change.after) == (60, 35)
    # The band that a flag brings begins a new change, as any band does.
    script.does("mood.read", 3, value=20)
    assert script.looks(3).change.before == 35


def test_of_two_flags_of_one_request_the_lower_cap_carries_the_band() -> None:
    script = ScriptedAccount(card(MOOD, flags=(LOST, UNPAID, CANCEL)))
    script.does("mood.read", 0, value=90)
    script.does("payment.failed", 1, more=True)
    script.does("contract.cancel_requested", 1, more=True)
    step = script.does("champion.left", 1)
    assert told(step) == ["flag cancel: red", "flag lost", "flag unpaid"]
    first, *others = step.signals
    assert {signal.episode for signal in others} == {first.signal_id}
    # The others brought no band: readers count one alarm.
    assert {bands_of(signal) for signal in others} == {(Band.RED, Band.RED)}
    assert [signal.severity for signal in others] == [Severity.WARNING, Severity.WARNING]


def test_equal_caps_are_told_apart_by_name() -> None:
    twin = Flag(name="a_twin", cap=10, events=("champion.left",))
    script = ScriptedAccount(card(MOOD, flags=(CANCEL, twin)))
    script.does("mood.read", 0, value=90)
    script.does("contract.cancel_requested", 1, more=True)
    assert told(script.does("champion.left", 1)) == ["flag a_twin: red", "flag cancel"]


def test_the_band_of_who_comes_back_is_told_by_itself() -> None:
    """Nothing was told before it, so the flag cannot say from which band it leads."""
    script = ScriptedAccount(card(MOOD, flags=(CANCEL, UNPAID)))
    script.does("mood.read", 0, value=90)
    script.does("contract.ended", 1)
    script.does("mood.read", 2, value=50)
    script.does("contract.started", 3, more=True)
    step = script.does("payment.failed", 3)
    assert told(step) == ["flag unpaid", "band yellow"]
    assert len({signal.episode for signal in step.signals}) == len(step.signals)


def test_a_flag_whose_cap_lies_above_the_line_brings_no_band() -> None:
    """The mood alone is red, and the flag of the same request would only be yellow."""
    script = ScriptedAccount(card(MOOD, flags=(UNPAID,)))
    script.does("mood.read", 0, value=90)
    script.does("payment.failed", 1, more=True)
    assert told(script.does("mood.read", 1, value=20)) == ["flag unpaid", "band red"]


def test_a_better_band_is_a_signal_of_its_own() -> None:
    script = ScriptedAccount(card(MOOD, flags=(UNPAID, LOST)))
    script.does("mood.read", 0, value=90)
    script.does("mood.read", 1, value=20)
    script.does("mood.read", 2, value=90, more=True)
    step = script.does("payment.failed", 2)
    assert told(step) == ["flag unpaid", "band yellow"]
    assert [signal.severity for signal in step.signals] == [Severity.WARNING, Severity.INFO]


def test_the_first_band_of_an_account_is_shown_and_its_flag_is_told_alone() -> None:
    script = ScriptedAccount(card(MOOD, flags=(CANCEL,), min_coverage=0.5))
    flag = only(script.does("contract.cancel_requested", 0))
    assert (flag.told_band, flag.severity) == (None, Severity.CRITICAL)
    assert script.looks(0).episode is None


def test_silence_brings_the_flag_and_its_band_at_one_due_moment_as_one_signal() -> None:
    script = ScriptedAccount(card(MOOD, SIGNS, flags=(QUIET,)))
    script.does("mood.read", 0, value=100)
    script.does("login", 0)
    flag = only(script.waits(30))
    assert (flag.to, flag.told_band, flag.severity) == ("gone_quiet", Band.RED, Severity.CRITICAL)
    assert flag.cause == f"silence@{flag.since:%Y-%m-%dT%H:%M:%SZ}"
    # Silence waits for the minimum duration, whatever it brings.
    assert (flag.at - flag.since).days == 2
    back = script.does("login", 31)
    assert told(back) == ["band green"]
    assert only(back).episode == flag.signal_id


def test_a_step_of_less_than_five_points_tells_the_flag_at_once_and_its_band_when_it_lasts() -> None:
    small = Flag(name="small", cap=39, events=("champion.left",))
    script = ScriptedAccount(card(MOOD, flags=(small,)))
    script.does("mood.read", 0, value=90)
    script.does("mood.read", 1, value=42)
    assert told(script.does("champion.left", 2)) == ["flag small"]
    assert told(script.waits(9)) == ["band red"]


@pytest.mark.parametrize("notice", ["contract.cancel_requested", "contract.ended"])
def test_gone_quiet_is_not_told_of_who_has_given_notice(notice: str) -> None:
    script = ScriptedAccount(card(MOOD, SIGNS, flags=(QUIET,), bands=Bands(red=1, yellow=2)))
    script.does("mood.read", 0, value=100)
    script.does("login", 0)
    script.does(notice, 1)
    assert told(script.waits(30)) == []
    # It caps all the same, and no timer waits for it.
    assert [(flag.name, flag.told) for flag in script.looks(30).flags] == [("gone_quiet", True)]
    assert script.score(30) == 35
    assert script.scorer.find_due(script.account) is None


def test_nor_is_the_band_that_it_brings() -> None:
    """It would be told by another name: red, because they have gone quiet."""
    script = ScriptedAccount(card(MOOD, SIGNS, flags=(QUIET,)))
    script.does("mood.read", 0, value=100)
    script.does("login", 0)
    script.does("contract.cancel_requested", 1)
    assert told(script.waits(30)) == []
    assert (script.band, script.looks(30).episode) == (Band.RED, None)
    # What makes it worse when they are back is told.
    assert told(script.does("login", 31)) == []
    assert told(script.does("mood.read", 32, value=20)) == ["band yellow"]


def test_gone_quiet_is_not_told_while_a_flag_of_notice_is_up() -> None:
    """A new contract makes the account active again, and does not clear this flag."""
    script = ScriptedAccount(card(MOOD, SIGNS, flags=(QUIET, CANCEL), bands=Bands(red=1, yellow=2)))
    script.does("mood.read", 0, value=100)
    script.does("login", 0)
    script.does("contract.cancel_requested", 0.1)
    script.does("contract.started", 0.2)
    assert told(script.waits(30)) == []


def test_who_renews_and_goes_quiet_again_is_told_of() -> None:
    script = ScriptedAccount(card(MOOD, SIGNS, flags=(QUIET, CANCEL), bands=Bands(red=1, yellow=2)))
    script.does("mood.read", 0, value=100)
    script.does("login", 0)
    script.does("contract.cancel_requested", 1)
    script.waits(20)
    script.does("contract.renewed", 21)
    script.does("login", 22)
    assert told(script.waits(80)) == ["flag gone_quiet"]


def test_what_follows_another_metric_is_told_in_spite_of_the_notice() -> None:
    low = Flag(name="low", cap=35, when=When(metric="mood", op="<=", value=50))
    script = ScriptedAccount(card(MOOD, flags=(low,), bands=Bands(red=1, yellow=2)))
    script.does("mood.read", 0, value=100)
    script.does("contract.cancel_requested", 1)
    assert told(script.does("mood.read", 2, value=45)) == ["flag low"]
