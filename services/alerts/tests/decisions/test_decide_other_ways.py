"""One person, several ways: what was handed on is told, what waits on the way after is overtaken and closed."""

from alerts.channels.registry import Channel
from alerts.decisions.account import AccountHistory, PendingMessage, RoutedSignal, ToldSignal
from alerts.decisions.decide import decide_account
from alerts.decisions.reasons import DecisionReason
from alerts.routing.destination import Destination, Target
from common.contracts.signals import Signal
from support.alerts_decisions import WEEK, band, flag

SLACK = Target(Channel.SLACK, "U1", person="dana@example.com")
MAIL = Target(Channel.EMAIL, "dana@example.com", person="dana@example.com")
ELI = Target(Channel.EMAIL, "eli@example.com", person="eli@example.com")
DANA = Destination("owner", (SLACK, MAIL, ELI), ("every signal", "owner Dana", "back-up Eli"), WEEK)
BY_MAIL = Destination("owner", (MAIL, ELI), DANA.path, WEEK)
BY_ELI = Destination("owner", (ELI,), DANA.path, WEEK)
WHILE_AWAY = Destination("owner", (ELI,), ("every signal", "owner Dana, away to 2025-03-20", "back-up Eli"), WEEK)


def reasons(fresh: Signal, *told: ToldSignal) -> list[DecisionReason]:
    found = decide_account(
        AccountHistory("cust-001", told=told), [RoutedSignal(fresh, (DANA,))], now=fresh.at.timestamp()
    )
    return [one.reason for one in found.decisions]


def told(signal: Signal, destination: Destination) -> ToldSignal:
    return ToldSignal(signal, destination, signal.at.timestamp())


def test_what_was_handed_on_to_another_way_or_to_the_back_up_is_not_told_again() -> None:
    storm, again = flag("support_storm"), flag("support_storm", hours=1)
    assert reasons(again, told(storm, BY_MAIL)) == [DecisionReason.REPEATED]
    assert reasons(again, told(storm, BY_ELI)) == [DecisionReason.REPEATED]


def test_what_was_handed_on_by_another_route_of_the_same_person_counts_too() -> None:
    red = band("red")
    elsewhere = Destination("owner", (MAIL, ELI), ("every signal", "critical", "owner Dana"), WEEK)
    assert reasons(band("yellow", hours=1, opens=red), told(red, elsewhere)) == [DecisionReason.BETTER]


def test_what_the_back_up_was_told_while_somebody_was_away_is_news_to_them() -> None:
    assert reasons(flag("support_storm", hours=1), told(flag("support_storm"), WHILE_AWAY)) == [DecisionReason.NEW]


def test_a_recovery_goes_once_to_each_way_that_was_told() -> None:
    yellow = band("yellow")
    green = band("green", hours=2, opens=yellow)
    heard = (told(yellow, DANA), told(band("red", hours=1, opens=yellow), BY_MAIL))
    found = decide_account(
        AccountHistory("cust-001", told=heard), [RoutedSignal(green, (DANA,))], now=green.at.timestamp()
    )
    assert [one.destination for one in found.messages] == [DANA, BY_MAIL]


def test_a_recovery_that_waits_on_the_first_way_ends_what_was_handed_on_to_the_next() -> None:
    """Red was on its way when green came, then Slack gave it up: nobody has been told of it."""
    red = band("red")
    green = band("green", hours=1, opens=red)
    waiting = (PendingMessage("n-2", DANA, (green,), False), PendingMessage("n-3", BY_MAIL, (red,), False))
    found = decide_account(AccountHistory("cust-001", pending=waiting, bands=(green,)), (), now=green.at.timestamp())
    assert set(found.dropped) == {"n-2", "n-3"}
    assert {one.reason for one in found.decisions} == {DecisionReason.RECOVERED_BEFORE_TOLD}
    assert found.messages == ()


def test_a_red_that_waits_on_the_first_way_overtakes_the_yellow_that_was_handed_on_and_is_not_told_twice() -> None:
    yellow = band("yellow")
    red = band("red", hours=1, opens=yellow)
    waiting = (PendingMessage("n-2", DANA, (red,), False), PendingMessage("n-3", BY_MAIL, (yellow,), False))
    found = decide_account(AccountHistory("cust-001", pending=waiting, bands=(red,)), (), now=red.at.timestamp())
    assert (found.dropped, found.messages) == (("n-3",), ())


def test_a_message_decided_later_than_the_log_now_says_is_not_taken_back() -> None:
    """Another log is read from its beginning, and a message that failed is looked at again."""
    first, again = flag("support_storm"), flag("support_storm", hours=8 * 24)
    waiting = PendingMessage("n-2", DANA, (again,), False, again.at.timestamp())
    found = decide_account(AccountHistory("cust-001", pending=(waiting,), told=(told(first, DANA),)), (), now=0.0)
    assert (found.dropped, found.decisions) == ((), ())


def test_thousands_of_signals_of_one_account_are_decided_as_one_message() -> None:
    flags = [flag(f"flag-{number}", hours=number / 1000) for number in range(5000)]
    found = decide_account(
        AccountHistory("cust-001"), [RoutedSignal(one, (DANA,)) for one in flags], now=flags[-1].at.timestamp()
    )
    assert [len(one.signals) for one in found.messages] == [5000]
