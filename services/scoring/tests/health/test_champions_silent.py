"""A champion who does not come any more, while others still do: exact in silence, and one alarm of one silence."""

from collections.abc import Iterable
from typing import Any

import pytest

from common.contracts.signals import Signal
from scoring.health.card import Card, Flag, When
from scoring.health.metrics.definition import Knots
from scoring.health.metrics.silence.definition import Silence
from scoring.health.scorer import Scorer
from support.random_cases import event
from support.scripted_account import DAWN, DAY, MOOD, ScriptedAccount, card, told

CURVES: dict[str, Knots] = {"default": ((1.0, 100.0), (3.0, 0.0))}
EVERYBODY = Silence(
    name="silence", dimension="engagement", events=("session.started",), prior_gap=2, share=0, curves=CURVES
)
CHAMPIONS = Silence(
    name="champions",
    dimension="engagement",
    events=("session.started",),
    prior_gap=3,
    share=0,
    who="champions",
    curves=CURVES,
)
GONE = Flag(name="gone_quiet", when=When(metric="silence", op=">=", value=3))
QUIET = Flag(name="champion_quiet", when=When(metric="champions", op=">=", value=3), hold=7.0)
LEFT = Flag(name="champion_left", events=("champion.left",), ttl=60)
CARD: Card = card(MOOD, EVERYBODY, CHAMPIONS, flags=(GONE, QUIET, LEFT))
LN10 = 2.302585092994046


def scripted() -> ScriptedAccount:
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=100)
    return script


def comes(script: ScriptedAccount, who: str, days: Iterable[float]) -> list[Signal]:
    return [signal for day in days for signal in script.does("session.started", day, user_id=who).signals]


def names(script: ScriptedAccount, who: str, day: float, *, champion: bool | None = True) -> list[str]:
    return told(script.does("user.updated", day, user_id=who, champion=champion, name="Ann Lee"))


def quiet_at(last: float, gap: float) -> float:
    """The day on which a silence since `last` is one in a thousand for who comes every `gap` days."""
    return last + 3 * LN10 * gap


def due(script: ScriptedAccount) -> float | None:
    """In days."""
    found = script.scorer.find_due(script.account)
    return None if found is None else (found - DAWN) / DAY


def with_champion() -> ScriptedAccount:
    """Ann is the champion and comes daily up to day 30, Bob comes daily."""
    script = scripted()
    names(script, "ann", 0.5)
    for day in range(1, 31):
        comes(script, "ann", [day])
        comes(script, "bob", [day + 0.25])
    return script


def bob_until(script: ScriptedAccount, first: int, last: int) -> list[str]:
    return [f"{signal.kind} {signal.to}" for signal in comes(script, "bob", [day + 0.25 for day in range(first, last)])]


def test_a_champion_who_stays_away_is_told_although_others_come() -> None:
    script = with_champion()
    # 29 gaps of a day and three of three days; then a week more.
    quiet = quiet_at(30, (3 * 3 + 29) / 32)
    assert script.value("champions", quiet) == pytest.approx(3)
    assert bob_until(script, 31, 45) == []
    assert script.looks(44.9).flags == ()
    assert due(script) == pytest.approx(quiet + 7, abs=2e-5)
    step = script.waits(46)
    assert told(step) == ["flag champion_quiet"]
    (signal,) = step.signals
    assert (signal.since.timestamp() - DAWN) / DAY == pytest.approx(quiet, abs=2e-5)
    assert (signal.severity, signal.after.score) == ("warning", 100)
    ann = signal.contacts[0]
    assert (ann.user_id, ann.name, ann.champion) == ("ann", "Ann Lee", True)
    # Back, and away again: it is news again.
    assert comes(script, "ann", [47]) == []
    assert script.looks(47).flags == ()
    assert bob_until(script, 48, 80) == ["flag champion_quiet"]


def test_who_comes_back_before_the_time_is_over_is_nothing_to_tell() -> None:
    script = with_champion()
    assert bob_until(script, 31, 44) == []
    assert comes(script, "ann", [44.5]) == []
    assert bob_until(script, 45, 51) == []
    assert script.looks(50).flags == ()


@pytest.mark.parametrize("champion", [False, None])
def test_without_a_champion_nothing_is_known(champion: bool | None) -> None:
    script = scripted()
    names(script, "ann", 0.5, champion=champion)
    comes(script, "ann", range(1, 10))
    assert bob_until(script, 11, 90) == []
    assert all(part.metric != "champions" for part in script.looks(90).level.contributions)
    assert script.looks(90).flags == ()


def test_who_is_named_after_years_of_use_has_the_prior_rhythm_from_then_on() -> None:
    script = scripted()
    comes(script, "ann", range(1, 200))
    comes(script, "bob", [299])
    names(script, "ann", 300)
    assert script.value("champions", quiet_at(300, 3)) == pytest.approx(3)
    # Said again every night, it is no sign of life.
    names(script, "ann", 310)
    assert script.value("champions", quiet_at(300, 3)) == pytest.approx(3)


def test_one_champion_who_comes_is_enough() -> None:
    script = with_champion()
    names(script, "bob", 30.5)
    assert bob_until(script, 31, 90) == []
    assert script.looks(89.9).flags == ()


def test_whoever_has_left_is_no_champion_who_is_quiet() -> None:
    script = with_champion()
    assert bob_until(script, 31, 44) == []
    assert told(script.does("champion.left", 44.5, user_id="ann")) == ["flag champion_left"]
    assert bob_until(script, 45, 70) == []
    assert [flag.name for flag in script.looks(70).flags] == ["champion_left"]
    assert script.account.people.contacts()[0].user_id == "bob"


def test_the_rhythm_of_who_stays_begins_anew() -> None:
    script = with_champion()
    names(script, "cid", 10)
    comes(script, "cid", [31])
    script.does("champion.left", 32, user_id="ann")
    assert script.value("champions", quiet_at(31, 3)) == pytest.approx(3)


def test_taken_back_nobody_has_left() -> None:
    script = with_champion()
    step = script.does("champion.left", 30.5, user_id="ann")
    left = step.signals[0].cause
    assert script.scorer.view(script.account, DAWN + 31 * DAY).flags[0].name == "champion_left"
    assert told(script.retracts(left[1], 31)) == ["retracted champion_left"]
    assert script.value("champions", quiet_at(30, 3)) == pytest.approx(3)


def test_taken_back_nobody_was_named() -> None:
    script = scripted()
    comes(script, "ann", range(1, 10))
    names(script, "ann", 10)
    script.retracts("e11", 11)
    assert all(part.metric != "champions" for part in script.looks(60).level.contributions)


def test_an_older_word_does_not_name_who_has_left() -> None:
    script = with_champion()
    script.does("champion.left", 32, user_id="ann")
    script.does("user.updated", 33, late=2, user_id="ann", champion=True)
    assert all(part.metric != "champions" for part in script.looks(60).level.contributions)


def test_where_everybody_is_silent_only_that_is_told() -> None:
    script = scripted()
    names(script, "ann", 0.5)
    comes(script, "ann", range(1, 31))
    assert told(script.waits(200)) == ["flag gone_quiet"]
    assert [(flag.name, flag.told) for flag in script.looks(200).flags] == [("gone_quiet", True)]
    assert due(script) is None
    # Others come back, and the champion does not: that is news, and it was known before.
    step = script.does("session.started", 200, user_id="bob")
    assert told(step) == ["flag champion_quiet"]
    assert step.signals[0].since.timestamp() < DAWN + 50 * DAY


def test_a_restart_changes_nothing_of_it() -> None:
    script = scripted()
    names(script, "ann", 0.5)
    comes(script, "ann", range(1, 31))
    script.waits(120)
    again = script.scorer.load("acme", script.scorer.dump(script.account))
    assert script.scorer.dump(again) == script.scorer.dump(script.account)
    assert script.scorer.find_due(again) == script.scorer.find_due(script.account)
    script.account = again
    assert told(script.does("session.started", 121, user_id="bob")) == ["flag champion_quiet"]


def test_who_has_given_notice_may_be_quiet() -> None:
    script = with_champion()
    script.does("contract.cancel_requested", 31)
    assert bob_until(script, 32, 90) == []


def test_a_first_look_leaves_it_for_later() -> None:
    scorer = Scorer(CARD, "card", first_look_seconds=900)
    account = scorer.create("acme")
    step = 0

    def hears(name: str, day: float, **said: Any) -> None:
        nonlocal step
        step += 1
        at = DAWN + day * DAY
        scorer.apply(account, event(name, at, event_id=f"{step}", history=True, **said), DAWN + 100 * DAY)

    hears("user.updated", 0, user_id="ann", champion=True)
    for day in range(1, 31):
        hears("session.started", day, user_id="ann")
    for day in range(31, 43):
        hears("session.started", day, user_id="bob")
    # Ann is quiet for 12 days, which is rare, but not for a week more.
    (look,) = scorer.advance(account, DAWN + 100 * DAY + 3600).signals
    assert [each.to for each in look.standing] == ["gone_quiet"]
    live = event("session.started", DAWN + 101 * DAY, event_id="live", user_id="bob")
    assert [f"{each.kind} {each.to}" for each in scorer.apply(account, live, DAWN + 101 * DAY).signals] == [
        "flag champion_quiet"
    ]


def test_of_many_champions_and_many_who_were_few_are_kept() -> None:
    script = scripted()
    for number in range(40):
        names(script, f"c{number}", 1 + number / 100)
        names(script, f"d{number}", 1 + number / 100, champion=False)
    body = script.scorer.dump(script.account)
    for number in range(40, 80):
        names(script, f"c{number}", 2 + number / 100)
        names(script, f"d{number}", 2 + number / 100, champion=False)
    assert len(script.scorer.dump(script.account)) <= len(body) + 10
    # The newest are those kept.
    comes(script, "c79", [10])
    assert script.value("champions", quiet_at(10, 3)) == pytest.approx(3)
    comes(script, "c40", [20])
    assert script.value("champions", quiet_at(10, 3)) == pytest.approx(3)
