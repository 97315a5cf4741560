"""An account whose score was capped by a flag when it was stored, read with a card that has no such flag."""

import pytest

from common.contracts.signals import Change
from scoring.health.account import NO_CAP, Account
from scoring.health.card import Bands, Flag
from scoring.health.posting import posted_health
from scoring.health.scorer import Scorer
from support.scripted_account import DAWN, DAY, MOOD, ScriptedAccount, card

LOW = Bands(red=1, yellow=2)
UNPAID = Flag(name="unpaid", cap=50, events=("payment.failed",))
CANCEL = Flag(name="cancel_intent", cap=30, events=("cancel.asked",))
BEFORE = card(MOOD, flags=(UNPAID, CANCEL), bands=LOW)
# The one that is left has another place.
AFTER = card(MOOD, flags=(CANCEL,), bands=LOW)


def stored() -> Account:
    """At 90, which unpaid caps to 50."""
    script = ScriptedAccount(BEFORE)
    script.does("mood.read", 0, value=90)
    script.does("payment.failed", 1)
    assert (script.account.posted_cap, script.account.posted_cost) == ("unpaid", -40.0)
    return Scorer(AFTER, "after").load("acme", script.scorer.dump(script.account))


def off_by(change: Change) -> float:
    return change.after - change.before - sum(part.points for part in change.parts)


def test_of_a_cap_whose_flag_is_gone_the_cost_is_known_and_no_flag_is_blamed() -> None:
    known = posted_health(stored())
    assert (known.mean, known.score, known.capped_by) == (90.0, 50.0, NO_CAP)


def test_where_the_flag_is_there_it_is_found_by_its_name() -> None:
    account = stored()
    account.posted_cap, account.posted_cost = "cancel_intent", -60.0
    known = posted_health(account)
    assert (known.score, known.capped_by) == (30.0, 0)


def test_what_the_flag_took_comes_back_and_the_receipt_adds_up() -> None:
    change = Scorer(AFTER, "after").view(stored(), DAWN + DAY).change
    assert (change.before, change.after) == (90.0, 90.0)
    assert off_by(change) == pytest.approx(0)


@pytest.mark.parametrize(("event", "capped_by"), [("mood.read", ""), ("cancel.asked", "cancel_intent")])
def test_it_comes_back_once(event: str, capped_by: str) -> None:
    script = ScriptedAccount(AFTER)
    script.account = stored()
    script.does(event, 3, value=80)
    script.does("mood.read", 5, value=70)
    change = script.scorer.view(script.account, DAWN + 6 * DAY).change
    assert off_by(change) == pytest.approx(0)
    assert script.account.posted_cap == capped_by
