"""An account that was merged goes on as another one: nothing is told of it, and time alone does not change it."""

from math import inf

import pytest
from msgspec.structs import replace

from common.contracts.signals import Band
from scoring.cards.country_days import country_days
from scoring.health.card import Card, Flag, Outcome, When
from scoring.health.metrics.definition import Knots
from scoring.health.metrics.silence.definition import Silence
from scoring.health.scorer import Scorer
from support.scripted_account import MOOD, ScriptedAccount, card, told

QUIET: dict[str, Knots] = {"default": ((0.0, 100.0), (9.0, 0.0))}
PLAIN: Card = card(
    MOOD,
    Silence(name="silence", dimension="adoption", events=("used",), prior_gap=1, curves=QUIET),
    flags=(
        Flag(name="unpaid", cap=45, events=("unpaid",), clear_on=("paid",), ttl=300),
        Flag(name="quiet", cap=30, when=When(metric="silence", op=">=", value=2)),
    ),
)
CARD = replace(PLAIN, outcomes=(Outcome(name="churned", events=("contract.ended",)),))


def customer() -> ScriptedAccount:
    script = ScriptedAccount(CARD)
    script.does("account.updated", 0, arr=9_000)
    script.does("mood.read", 0, value=100)
    for day in range(1, 5):
        script.does("used", day)
    return script


def with_first_looks() -> ScriptedAccount:
    script = ScriptedAccount(CARD)
    script.scorer = Scorer(CARD, "card", calendars=country_days, first_look_seconds=900)
    script.account = script.scorer.create("acme")
    return script


def merged(*, at: float = 5) -> ScriptedAccount:
    script = customer()
    assert told(script.does("account.merged", at, into="other")) == []
    return script


def test_nothing_is_told_of_silence_of_events_or_of_outcomes() -> None:
    script = merged()
    assert told(script.waits(100)) == []
    assert told(script.does("unpaid", 101)) == []
    assert told(script.does("mood.read", 102, value=0)) == []
    assert told(script.does("account.updated", 103, arr=0)) == []
    assert told(script.does("contract.ended", 104)) == []
    assert told(script.retracts("e7", 105)) == []
    assert told(customer().waits(100)) == ["flag quiet: red"], "of a customer it is"


def test_no_timer_is_set_and_no_band_is_foreseen() -> None:
    script = customer()
    assert script.scorer.find_due(script.account) is not None
    script = merged()
    assert script.scorer.find_due(script.account) is None
    assert script.scorer.choose_timer(script.account, 7, script.account.clock) is None
    assert script.looks(50).forecast is None


@pytest.mark.parametrize("event", ["contract.started", "contract.renewed", "contract.ended", "account.updated"])
def test_what_comes_late_of_its_contracts_makes_it_no_customer_again(event: str) -> None:
    script = merged()
    assert told(script.does(event, 6, arr=12_000)) == []
    assert script.account.facts.merged_into == "other"
    assert told(script.waits(100)) == []


def test_of_two_merges_the_one_of_the_latest_time_counts() -> None:
    script = merged()
    script.does("account.merged", 8, into="third")
    script.does("account.merged", 9, late=3, into="fourth")
    assert script.account.facts.merged_into == "third"


@pytest.mark.parametrize("into", [None, 7, "", "acme"])
def test_a_merge_into_nothing_or_into_itself_is_none(into: object) -> None:
    script = customer()
    script.does("account.merged", 5, into=into)
    assert not script.account.is_merged


def test_a_merge_that_is_taken_back_leaves_the_account_as_it_was_and_its_band_is_told() -> None:
    script = customer()
    script.does("mood.read", 4, value=0)
    assert told(script.does("unpaid", 5)) != []
    script.does("account.merged", 6, into="other")
    assert script.account.state.episode is None, "the alerts of the merged account have ended"
    signals = script.retracts("e9", 7).signals
    assert [(signal.to, signal.after.band) for signal in signals] == [("yellow", Band.YELLOW)]
    assert signals[0].episode == signals[0].signal_id
    assert script.account.facts.merged_into is None
    assert script.scorer.find_due(script.account) is not None
    assert told(script.waits(100)) == ["band red", "flag quiet"]


def test_a_first_look_is_dropped_and_none_is_waited_for() -> None:
    script = with_first_looks()
    script.does("mood.read", 0, value=0)
    assert script.account.look_at < inf
    script.does("account.merged", 0.001, into="other")
    assert (script.account.look, script.account.look_at) == (None, inf)
    script.does("mood.read", 1, value=0, history=True)
    assert (script.account.look, told(script.waits(3))) == (None, [])


def test_an_account_of_which_nothing_else_was_ever_known_may_be_merged() -> None:
    script = with_first_looks()
    assert told(script.does("account.merged", 0, into="other")) == []
    assert (script.account.is_merged, script.account.look, told(script.waits(9))) == (True, None, [])


def test_within_a_request_all_that_it_brings_is_untold() -> None:
    script = customer()
    script.does("unpaid", 5, more=True)
    assert told(script.does("account.merged", 5, into="other")) == []
    assert script.account.state.episode is None


def test_a_state_that_was_stored_is_merged_still() -> None:
    script = merged()
    again = script.scorer.load("acme", script.scorer.dump(script.account))
    assert again.is_merged
    assert script.scorer.dump(again) == script.scorer.dump(script.account)
    assert script.scorer.find_due(again) is None
