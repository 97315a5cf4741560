"""What was tried and may have arrived: whoever has it must not be left with it, whatever came in between."""

import pytest

from alerts.decisions.reasons import DecisionReason
from alerts.routing.destination import Destination
from support.alerts_decisions import NOBODY, SLACK, DecidedAccount, band


def test_red_that_may_have_arrived_and_was_overtaken_is_taken_back_when_all_is_well() -> None:
    account, red = DecidedAccount(), band("red")
    account.decide(red)
    account.unanswered()
    found = account.reasons(band("yellow", hours=1, opens=red), band("green", hours=2, opens=red))
    assert found["green"] is DecisionReason.RECOVERED
    assert account.send() == [["green"]]


@pytest.mark.parametrize("route", [SLACK, NOBODY], ids=["a route that leads there", "a route that leads elsewhere"])
def test_it_goes_where_the_doubtful_message_went(route: Destination) -> None:
    account, red = DecidedAccount(), band("red")
    account.decide(red)
    account.unanswered()
    account.decide(band("yellow", hours=1, opens=red), band("green", hours=2, opens=red), to=(route,))
    assert account.address_keys() == ["slack:U1"]
