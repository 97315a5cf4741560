"""A derived flag with a time of its own: seats that were paid for and never lived, as new customers have at first."""

import pytest

from common.contracts.signals import Signal
from scoring.health.card import Bands, Card, Flag, When
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.scorer import Scorer
from scoring.health.view import View
from support.random_cases import event
from support.scripted_account import DAWN, DAY, MOOD, ScriptedAccount, card, told

EVER = Distinct(
    name="ever",
    dimension="deployment",
    events=("session.started",),
    key="user_id",
    of="seats",
    half_life=3650,
    share=0,
    curves={"default": ((0.1, 0), (1, 100))},
)
SHELFWARE = Flag(name="shelfware", when=When(metric="ever", op="<=", value=0.5), hold=60.0)
CARD: Card = card(MOOD, EVER, flags=(SHELFWARE,), bands=Bands(red=40, yellow=70, min_duration=2))


def bought(seats: int) -> ScriptedAccount:
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=100)
    script.does("account.updated", 0, seats=seats)
    return script


def come(script: ScriptedAccount, people: int, *days: float) -> list[Signal]:
    found: list[Signal] = []
    for day in days:
        for number in range(people):
            found += script.does("session.started", day + number / 1000, user_id=f"p{number}").signals
    return found


def flags(view: View) -> list[str]:
    return [flag.name for flag in view.flags]


def days_after(signal: Signal) -> float:
    return (signal.at.timestamp() - DAWN) / DAY


def test_a_new_customer_who_fills_the_seats_within_weeks_hears_nothing() -> None:
    script = bought(10)
    assert come(script, 2, 1, 8, 15) == []
    assert flags(script.looks(30)) == []
    assert come(script, 6, 50) == []
    assert script.waits(400).signals == ()
    assert flags(script.looks(400)) == []


def test_seats_that_never_live_are_told_once_when_the_time_is_over() -> None:
    script = bought(10)
    told_of = come(script, 3, *range(1, 200, 2))
    assert [tell.to for tell in told_of] == ["shelfware"]
    (signal,) = told_of
    assert 60 <= days_after(signal) < 61.1
    assert signal.since.timestamp() == DAWN
    assert (signal.after.score, signal.after.band, signal.severity) == (100, "green", "warning")
    assert flags(script.looks(200)) == ["shelfware"]


def test_silence_alone_tells_it_to_the_second() -> None:
    script = bought(10)
    come(script, 3, 1)
    assert script.scorer.find_due(script.account) == DAWN + 60 * DAY
    assert flags(script.looks(59.9)) == []
    assert told(script.waits(60)) == ["flag shelfware"]
    assert flags(script.looks(60)) == ["shelfware"]


def test_who_buys_seats_has_time_to_fill_them_anew() -> None:
    script = bought(4)
    come(script, 4, 1, 50)
    assert told(script.does("contract.changed", 100, seats=10)) == []
    assert script.waits(159.9).signals == ()
    step = script.waits(161)
    assert told(step) == ["flag shelfware"]
    # The purchase is what crossed the line.
    assert {quote.name: quote.value for quote in step.signals[0].said} == {"seats_before": 4, "seats": 10}


def test_whoever_fills_them_in_between_begins_anew() -> None:
    script = bought(4)
    come(script, 4, 1)
    script.does("contract.changed", 100, seats=10)
    come(script, 6, 140)
    script.does("contract.changed", 150, seats=20)
    assert script.waits(209).signals == ()
    assert told(script.waits(210)) == ["flag shelfware"]


def test_seats_that_lived_once_and_fell_silent_are_not_meant() -> None:
    script = bought(10)
    assert come(script, 9, 1, 30) == []
    assert script.waits(1500).signals == ()
    assert flags(script.looks(1500)) == []


def test_a_large_event_does_not_cut_the_time_short() -> None:
    heavy = Distinct(
        name="heavy", dimension="deployment", events=("session.started",), key="user_id", of="seats", half_life=3650,
        curves={"default": ((0.1, 0), (1, 100))},
    )  # fmt: skip
    watching = Flag(name="shelfware", when=When(metric="heavy", op="<=", value=0.5), hold=60.0)
    script = ScriptedAccount(card(heavy, flags=(watching,), bands=Bands(red=1, yellow=2, hysteresis=0)))
    script.does("account.updated", 0, seats=2)
    come(script, 2, 1)
    before = script.score(2)
    script.does("account.updated", 2, seats=10)
    assert before - script.score(2) > 5
    assert flags(script.looks(3)) == []
    assert told(script.waits(62)) == ["flag shelfware"]


def test_a_restart_in_between_changes_nothing() -> None:
    script = bought(10)
    come(script, 3, 1)
    script.account = script.scorer.load("acme", script.scorer.dump(script.account))
    assert script.scorer.find_due(script.account) == DAWN + 60 * DAY
    assert told(script.waits(60)) == ["flag shelfware"]


@pytest.mark.parametrize("history", [True, False])
def test_a_first_look_neither_tells_it_nor_takes_it_for_told(*, history: bool) -> None:
    scorer = Scorer(CARD, "card", first_look_seconds=900)
    account = scorer.create("acme")
    scorer.apply(account, event("account.updated", DAWN, event_id="1", seats=10, history=history), DAWN)
    scorer.apply(account, event("mood.read", DAWN + 1, event_id="2", value=100, history=history), DAWN + 1)
    (look,) = scorer.advance(account, DAWN + 3600).signals
    assert look.standing == ()
    (signal,) = scorer.advance(account, DAWN + 60 * DAY + 1).signals
    assert (signal.to, signal.history) == ("shelfware", False)


def test_an_import_of_years_tells_it_with_the_first_look() -> None:
    scorer = Scorer(CARD, "card", first_look_seconds=900)
    account = scorer.create("acme")
    now = DAWN + 900 * DAY
    for number, day in enumerate((0, 300, 800)):
        happened = event("account.updated", DAWN + day * DAY, event_id=f"{number}", seats=10, history=True)
        scorer.apply(account, happened, now)
    read = event("mood.read", DAWN + 800 * DAY, event_id="mood", value=100, history=True)
    scorer.apply(account, read, now)
    (look,) = scorer.advance(account, now + 3600).signals
    assert [(each.to, (each.since.timestamp() - DAWN) / DAY) for each in look.standing] == [("shelfware", 0)]
    assert scorer.advance(account, now + 400 * DAY).signals == ()
