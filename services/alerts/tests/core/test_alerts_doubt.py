"""What was tried and may have arrived: whoever has it must not be left with it, whatever came in between."""

import pytest

from alerts.core.destination import Destination
from alerts.core.reasons import DecisionReason
from support.deciding import NOBODY, SLACK, Desk, band


def test_red_that_may_have_arrived_and_was_overtaken_is_taken_back_when_all_is_well() -> None:
    desk, red = Desk(), band("red")
    desk.decide(red)
    desk.unanswered()
    found = desk.reasons(band("yellow", hours=1, opens=red), band("green", hours=2, opens=red))
    assert found["green"] is DecisionReason.RECOVERED
    assert desk.send() == [["green"]]


@pytest.mark.parametrize("route", [SLACK, NOBODY], ids=["a route that leads there", "a route that leads elsewhere"])
def test_it_goes_where_the_doubtful_message_went(route: Destination) -> None:
    desk, red = Desk(), band("red")
    desk.decide(red)
    desk.unanswered()
    desk.decide(band("yellow", hours=1, opens=red), band("green", hours=2, opens=red), to=(route,))
    assert desk.lanes() == ["slack:U1"]
