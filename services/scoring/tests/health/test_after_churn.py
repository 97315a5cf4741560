"""Of an account whose contract has ended nothing is told but outcomes, until it comes back."""

import pytest
from msgspec.structs import replace

from common.contracts.signals import Band, Kind, Signal
from scoring.health.card import Card, Flag, Outcome, When
from scoring.health.metrics.definition import Knots
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.metrics.silence.definition import Silence
from support.scripted_account import MOOD, ScriptedAccount, card, told

QUIET: dict[str, Knots] = {"default": ((0.0, 100.0), (9.0, 0.0))}
CARD: Card = card(
    MOOD,
    Silence(name="silence", dimension="adoption", events=("used",), prior_gap=1, curves=QUIET),
    Milestone(name="steps", dimension="deployment", steps={"kickoff": MilestoneStep(20)}),
    flags=(
        Flag(name="unpaid", cap=45, events=("unpaid",), clear_on=("paid",), ttl=300),
        Flag(name="quiet", cap=30, when=When(metric="silence", op=">=", value=2)),
    ),
)


def churned(*, mood: float = 100) -> ScriptedAccount:
    script = ScriptedAccount(CARD)
    script.does("account.updated", 0, contract_start="2024-01-10", arr=9_000)
    script.does("mood.read", 0, value=mood)
    for day in range(1, 5):
        script.does("used", day)
    assert told(script.does("contract.ended", 5)) == []
    return script


def test_silence_a_flag_a_missed_step_and_a_fall_of_arr_are_shown_and_not_told() -> None:
    script = churned()
    assert told(script.waits(100)) == []
    assert told(script.does("unpaid", 101)) == []
    assert told(script.does("mood.read", 102, value=0)) == []
    assert told(script.does("account.updated", 103, arr=0)) == []
    view = script.looks(104)
    assert view.health.band is Band.RED
    assert {flag.name for flag in view.flags} == {"quiet", "unpaid"}
    assert [missed.step for missed in view.missed] == ["kickoff"]


def test_the_same_is_told_of_a_customer() -> None:
    script = ScriptedAccount(CARD)
    script.does("account.updated", 0, contract_start="2024-01-10", arr=9_000)
    script.does("mood.read", 0, value=100)
    for day in range(1, 5):
        script.does("used", day)
    assert told(script.waits(100)) == ["flag quiet: red", "milestone_missed kickoff"]


def test_the_outcome_is_told_with_what_it_brings() -> None:
    ends = replace(CARD, outcomes=(Outcome(name="churned", events=("contract.ended",)),))
    script = ScriptedAccount(ends)
    script.does("mood.read", 0, value=100)
    assert told(script.does("contract.ended", 5, arr=0)) == ["outcome churned"]


@pytest.mark.parametrize("back", ["contract.started", "contract.renewed"])
def test_of_an_account_that_comes_back_the_band_that_stands_is_told_by_that_event(back: str) -> None:
    script = churned()
    script.waits(100)
    (band,) = [signal for signal in script.does(back, 101).signals if signal.kind is Kind.BAND]
    assert (band.to, band.cause) == ("red", ("web", "e8"))
    assert band.signal_id == band.episode
    assert told(script.does("nobody.listens", 102)) == []


def test_of_an_account_that_comes_back_healthy_nothing_is_told() -> None:
    script = churned()
    assert told(script.does("contract.started", 6)) == []
    assert script.band is Band.GREEN


def test_within_a_request_the_event_that_brought_it_back_is_the_cause() -> None:
    script = churned()
    script.waits(100)
    script.does("contract.started", 101, more=True)
    signals = script.does("nobody.listens", 101).signals
    assert [(signal.to, signal.cause) for signal in signals if signal.kind is Kind.BAND] == [("red", ("web", "e8"))]


def test_a_request_that_ends_and_begins_a_contract_tells_of_no_return() -> None:
    script = churned()
    script.does("contract.started", 6)
    script.does("contract.ended", 7, more=True)
    assert told(script.does("contract.started", 7)) == []


def test_a_trouble_that_ended_unheard_is_another_one_than_the_next() -> None:
    script = ScriptedAccount(card(MOOD))
    script.does("mood.read", 0, value=100)
    opened = band_of(script.does("mood.read", 1, value=0).signals)
    script.does("contract.ended", 2)
    assert told(script.does("mood.read", 3, value=100)) == []
    script.does("contract.started", 4)
    later = band_of(script.does("mood.read", 5, value=0).signals)
    assert later.episode == later.signal_id
    assert later.episode != opened.episode


def test_a_trouble_that_lasts_over_the_time_away_keeps_its_episode() -> None:
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=100)
    opened = band_of(script.does("mood.read", 1, value=0).signals)
    script.does("contract.ended", 2)
    back = band_of(script.does("contract.started", 4).signals)
    assert (back.episode, back.to) == (opened.signal_id, opened.to)


def test_what_is_stored_knows_that_the_contract_has_ended() -> None:
    script = churned()
    script.waits(100)
    script.account = script.scorer.load("acme", script.scorer.dump(script.account))
    assert told(script.does("mood.read", 101, value=0)) == []
    assert "band red" in told(script.does("contract.started", 102))


def band_of(signals: tuple[Signal, ...]) -> Signal:
    (band,) = [signal for signal in signals if signal.kind is Kind.BAND]
    return band
