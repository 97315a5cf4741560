"""A flag that only some answers raise, one that caps nothing, and one of which nobody is told."""

from typing import Any

import pytest

from common.contracts.signals import Signal
from scoring.health.card import Bands, Card, Flag, Where, card_id, fingerprint
from scoring.health.scorer import Scorer
from scoring.health.view import Step
from support.random_cases import event
from support.scripted_account import DAWN, DAY, MOOD, ScriptedAccount, card, told

DETRACTOR = Flag(
    name="detractor",
    cap=60,
    events=("nps.answered",),
    key="user_id",
    raised_if=Where("score", "<=", 6),
    ttl=60,
)
UNCAPPED = Flag(name="unhappy", events=("nps.answered",), raised_if=Where("score", "<", 7), ttl=60)
OPEN = Flag(
    name="open_tickets",
    events=("ticket.opened", "ticket.reopened"),
    clear_on=("ticket.resolved",),
    key="ticket",
    tell=False,
)


def scripted(*flags: Flag) -> ScriptedAccount:
    script = ScriptedAccount(card(MOOD, flags=flags))
    script.does("mood.read", 0, value=100)
    return script


def answers(script: ScriptedAccount, day: float, score: Any, *, who: str | None = "ann", late: float = 0.0) -> Step:
    return script.does("nps.answered", day, late=late, user_id=who, score=score, comment="slow since May")


def up(script: ScriptedAccount, day: float) -> list[tuple[str, int]]:
    return [(flag.name, flag.count) for flag in script.looks(day).flags]


def said(signal: Signal) -> dict[str, object]:
    return {quote.name: quote.value for quote in signal.said}


def test_a_detractor_is_told_with_their_words_and_a_promoter_is_not() -> None:
    script = scripted(DETRACTOR)
    assert told(answers(script, 1, 9)) == []
    step = answers(script, 2, 3, who="bob")
    assert told(step) == ["flag detractor: yellow"]
    assert said(step.signals[0]) == {"score": 3.0, "comment": "slow since May", "user_id": "bob"}
    assert script.score(2) == 60


# What was answered by whom on days 1, 2 and so on, and who detracts then.
ANSWERS: list[tuple[list[tuple[Any, str | None]], int]] = [
    ([(6, "ann")], 1),
    ([(7, "ann")], 0),
    ([(3, "ann"), (9, "ann")], 0),  # a change of mind
    ([(3, "ann"), (9, "bob")], 1),  # another's opinion
    ([(3, "ann"), (2, "bob")], 2),
    ([(3, "ann"), (9, None)], 1),  # of nobody known: says nothing of ann
    ([(3, None), (9, None)], 0),
    ([(3, "ann"), ("ten", "ann")], 0),  # what is no number is not 6 or less
    ([(3, "ann"), (None, "ann")], 0),
    ([(True, "ann")], 0),
    ([("3", "ann")], 0),
    ([(-1, "ann"), (6.5, "bob")], 1),
]


@pytest.mark.parametrize(("given", "detractors"), ANSWERS)
@pytest.mark.parametrize("restart", [True, False])
def test_each_person_goes_by_their_own_last_answer(
    given: list[tuple[Any, str | None]], detractors: int, *, restart: bool
) -> None:
    script = scripted(DETRACTOR)
    for day, (score, who) in enumerate(given, start=1):
        answers(script, day, score, who=who)
        if restart:
            script.account = script.scorer.load("acme", script.scorer.dump(script.account))
    assert up(script, len(given)) == ([("detractor", detractors)] if detractors else [])


def test_a_late_answer_does_not_undo_a_newer_one() -> None:
    script = scripted(DETRACTOR)
    answers(script, 5, 3)
    answers(script, 6, 9, late=3)
    assert up(script, 6) == [("detractor", 1)]


@pytest.mark.parametrize(("op", "raising"), [("<", [1]), ("<=", [1, 2]), (">", [3]), (">=", [2, 3])])
def test_every_comparison(op: Any, raising: list[int]) -> None:
    for score in (1, 2, 3):
        script = scripted(Flag(name="said", cap=60, events=("nps.answered",), raised_if=Where("score", op, 2), ttl=9))
        answers(script, 1, score)
        assert up(script, 1) == ([("said", 1)] if score in raising else [])


def test_a_retraction_brings_back_the_answer_before() -> None:
    script = scripted(DETRACTOR)
    answers(script, 1, 9)
    assert told(answers(script, 2, 3)) == ["flag detractor: yellow"]
    # It was the third event: the first read the mood.
    step = script.retracts("e3", 3)
    assert told(step) == ["retracted detractor", "band green"]
    assert up(script, 3) == []
    # The nine counts again, and gives way to a better word as to a worse one.
    assert told(answers(script, 4, 2)) == ["flag detractor: yellow"]


def test_a_retracted_change_of_mind_raises_the_flag_again() -> None:
    script = scripted(DETRACTOR)
    answers(script, 1, 3)
    answers(script, 2, 9)
    assert up(script, 2) == []
    script.retracts("e3", 3)
    assert up(script, 3) == [("detractor", 1)]


def test_a_flag_without_a_cap_is_told_and_moves_nothing() -> None:
    script = scripted(UNCAPPED)
    step = answers(script, 1, 2)
    assert told(step) == ["flag unhappy"]
    (signal,) = step.signals
    assert signal.severity == "warning"
    assert (signal.after.score, signal.after.band) == (100.0, "green")
    assert [part.dimension for part in signal.receipt.level.contributions] == ["engagement"]
    (flag,) = script.looks(2).flags
    assert (flag.cap, flag.told, flag.count) == (None, True, 1)
    assert script.score(2) == 100.0
    # It goes down by itself, and nothing but that was due.
    assert script.scorer.find_due(script.account) == DAWN + 61 * DAY
    assert script.waits(62).signals == ()
    assert script.looks(62).flags == ()


def test_beside_a_cap_only_the_cap_brings_a_band() -> None:
    low = Flag(name="unpaid", cap=30, events=("nps.answered",), raised_if=Where("score", "<=", 2), ttl=60)
    script = scripted(UNCAPPED, low)
    assert told(answers(script, 1, 2)) == ["flag unpaid: red", "flag unhappy"]
    assert script.account.posted_cap == "unpaid"


def test_what_is_never_told_is_shown_and_counted() -> None:
    script = scripted(OPEN)
    assert told(script.does("ticket.opened", 1, ticket="A")) == []
    assert told(script.does("ticket.opened", 2, ticket="B")) == []
    (flag,) = script.looks(2).flags
    assert (flag.name, flag.count, flag.told, flag.cap) == ("open_tickets", 2, False, None)
    assert told(script.does("ticket.resolved", 3, ticket="A")) == []
    assert up(script, 3) == [("open_tickets", 1)]
    # What was never told is not withdrawn.
    assert told(script.retracts("e3", 4)) == []
    assert up(script, 4) == []


def test_the_event_of_a_flag_that_is_never_told_still_brings_its_band() -> None:
    script = ScriptedAccount(card(MOOD, flags=(Flag(name="seen", events=("mood.read",), ttl=9, tell=False),)))
    script.does("mood.read", 0, value=100)
    assert told(script.does("mood.read", 1, value=10)) == ["band red"]


def test_a_first_look_says_only_what_is_told() -> None:
    scorer = Scorer(card(MOOD, flags=(OPEN, DETRACTOR)), "card", first_look_seconds=900)
    account = scorer.create("acme")
    scorer.apply(account, event("mood.read", DAWN, event_id="1", value=100), DAWN)
    scorer.apply(account, event("ticket.opened", DAWN + 1, event_id="2", ticket="A"), DAWN + 1)
    for number, who in enumerate(("ann", "bob"), start=3):
        happened = event("nps.answered", DAWN + 2, event_id=f"{number}", user_id=who, score=1, history=True)
        scorer.apply(account, happened, DAWN + 2)
    (look,) = scorer.advance(account, DAWN + 3600).signals
    assert [(each.kind, each.to, each.count) for each in look.standing] == [
        ("band", "yellow", 1),
        ("flag", "detractor", 2),
    ]


def identity(*flags: Flag) -> tuple[str, str]:
    whole: Card = card(MOOD, bands=Bands(red=40, yellow=70), flags=flags)
    return card_id(whole, {}), fingerprint(flags[0])


def test_a_flag_that_uses_none_of_the_new_keys_keeps_its_state_and_the_card_its_id() -> None:
    assert identity(Flag(name="unpaid", cap=45, events=("failed",), ttl=30)) == ("caa5ab7155b0388d", "4fa6b8824840")


@pytest.mark.parametrize("flag", [DETRACTOR, OPEN, Flag(name="a", events=("b.c",), ttl=3)])
def test_a_flag_of_either_kind_has_a_fingerprint_of_its_own(flag: Flag) -> None:
    assert identity(flag) != identity(Flag(name=flag.name, cap=45, events=flag.events, ttl=flag.ttl, key=flag.key))
