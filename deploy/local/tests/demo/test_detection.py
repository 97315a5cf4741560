from dataclasses import replace
from datetime import timedelta

from alerts.samples import NOON, Sample
from common.contracts.signals import Band, Kind, Quote, Severity, Signal
from local.demo.detection import GroundTruth, by_scenario, detect, detect_all, false_alarms, says_trouble
from local.replay.evaluation import alarms_by_account, is_alarm

TRUTH = GroundTruth("cust-001", "Birch Foods", "slow decline", NOON, NOON + timedelta(days=60))
HEALTHY = GroundTruth("cust-002", "Cedar Labs", "healthy", None, None)


def alarm(days: float, *, account: str = "cust-001") -> Signal:
    """`days` after the trouble began."""
    return Sample(account=account, at=NOON + timedelta(days=days)).build()


def test_only_worse_news_that_is_no_history_is_an_alarm() -> None:
    assert is_alarm(Sample(to="yellow").build())
    assert is_alarm(Sample(kind=Kind.MILESTONE_MISSED, to="kickoff").build())
    # From red to yellow is an improvement, though it goes to yellow.
    assert not is_alarm(Sample(to="yellow", severity=Severity.INFO).build())
    assert not is_alarm(Sample(to="green").build())
    assert not is_alarm(Sample(to="red", history=True).build())


def test_the_first_alarm_after_the_trouble_began_is_the_one_that_catches() -> None:
    found = detect(TRUTH, [alarm(-30), alarm(12), alarm(20)])

    assert found.days_after == 12
    assert found.days_ahead == 48
    assert len(found.early) == 1


def test_an_alarm_with_the_notice_or_after_it_catches_nothing() -> None:
    found = detect(TRUTH, [alarm(60), alarm(61)])

    assert found.caught is None
    assert found.days_ahead is None


def test_an_alarm_before_the_trouble_does_not_catch_it() -> None:
    assert detect(TRUTH, [alarm(-1)]).caught is None


def test_a_story_without_a_notice_is_caught_but_not_ahead_of_anything() -> None:
    found = detect(replace(TRUTH, leaves=None), [alarm(100)])

    assert found.days_after == 100
    assert found.days_ahead is None


def test_any_alarm_on_a_healthy_account_is_false() -> None:
    judged = detect_all([HEALTHY, TRUTH], {"cust-002": [alarm(3, account="cust-002")], "cust-001": [alarm(3)]})

    assert [one.truth for one in false_alarms(judged)] == [HEALTHY]


def test_what_says_no_trouble_is_neither_a_false_alarm_nor_a_catch() -> None:
    score = (Quote("score", 3.0),)
    answer = Sample(kind=Kind.FLAG, to="detractor", said=score, was=Band.YELLOW).build()
    window = Sample(kind=Kind.RENEWAL_WINDOW, to="open", severity=Severity.WARNING).build()
    look = Sample(kind=Kind.FIRST_LOOK, to="green", severity=Severity.WARNING).build()
    assert not any(says_trouble(one) for one in (answer, window, look))

    assert says_trouble(Sample(kind=Kind.FIRST_LOOK, to="red").build())
    assert says_trouble(Sample(kind=Kind.FLAG, to="usage_falling").build())
    assert says_trouble(Sample(kind=Kind.FLAG, to="payment_failed", said=score, was=Band.GREEN).build())
    assert detect_all([HEALTHY], {"cust-002": [answer, window, look]})[0].early == ()


def test_stories_are_counted_apart_and_the_missed_are_named() -> None:
    second = replace(TRUTH, account_id="cust-003", name="Delta Bank")
    third = replace(TRUTH, account_id="cust-004", name="Ember Labs")
    alarms = {"cust-001": [alarm(10)], "cust-003": [alarm(20, account="cust-003")]}

    (row,) = by_scenario(detect_all([HEALTHY, TRUTH, second, third], alarms))

    assert (row.scenario, row.accounts, row.caught) == ("slow decline", 3, 2)
    assert (row.after, row.ahead) == (15, 45)
    assert row.missed == ("Ember Labs",)


def test_alarms_come_by_account_in_order_of_their_moment() -> None:
    found = alarms_by_account([alarm(9), alarm(2), Sample(to="green").build(), alarm(5, account="cust-002")])

    assert {account: [one.at for one in alarms] for account, alarms in found.items()} == {
        "cust-001": [NOON + timedelta(days=2), NOON + timedelta(days=9)],
        "cust-002": [NOON + timedelta(days=5)],
    }
