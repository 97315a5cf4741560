"""A flag with a key is up while one invoice (or ticket) is open; a ratio needs more than one event."""

import pytest

from scoring.health.card import Flag, When
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.ratio.definition import Ratio
from support.scripted_account import MOOD, ScriptedAccount, card, told

UNPAID = Flag(name="unpaid", cap=45, events=("failed",), clear_on=("paid",), ttl=30, key="invoice")
CARD = card(MOOD, flags=(UNPAID,))


def scripted() -> ScriptedAccount:
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=100)
    return script


def up(script: ScriptedAccount, day: float) -> list[tuple[str, int]]:
    return [(flag.name, flag.count) for flag in script.looks(day).flags]


def test_the_payment_of_one_invoice_does_not_hide_the_failure_of_another() -> None:
    script = scripted()
    script.does("failed", 1, invoice="A")
    assert told(script.does("paid", 2, invoice="B")) == []
    assert up(script, 2) == [("unpaid", 1)]
    assert told(script.does("paid", 3, invoice="A")) == ["band green"]
    assert up(script, 3) == []


# What happens after the failures of A (day 1) and B (day 2), and how many are open then.
AFTER = [
    ([("paid", 3, 0.0, "A")], 1),
    ([("paid", 3, 0.0, "A"), ("paid", 3, 0.0, "B")], 0),
    ([("paid", 3, 0.0, None)], 0),  # of no invoice: all that had failed
    ([("paid", 3, 1.5, None)], 1),  # paid on day 1.5, before B failed
    ([("paid", 3, 2.5, "A")], 2),  # paid before it failed again
    ([("paid", 3, 0.0, "A"), ("failed", 4, 2.0, "A")], 1),  # the failure of day 2 is heard of after the payment
    ([("paid", 3, 0.0, None), ("failed", 4, 2.0, "C")], 0),
    ([("failed", 3, 0.0, "A")], 2),
    ([("failed", 3, 0.0, None)], 3),
]


@pytest.mark.parametrize(("after", "count"), AFTER)
@pytest.mark.parametrize("restart", [True, False])
def test_each_invoice_goes_by_its_own_last_word(
    after: list[tuple[str, float, float, str | None]], count: int, *, restart: bool
) -> None:
    script = scripted()
    script.does("failed", 1, invoice="A")
    script.does("failed", 2, invoice="B")
    for name, day, late, invoice in after:
        script.does(name, day, late=late, invoice=invoice)
    if restart:
        script.account = script.scorer.load("acme", script.scorer.dump(script.account))
    assert up(script, 4) == ([("unpaid", count)] if count else [])


def test_the_newest_open_one_caps_the_score() -> None:
    script = scripted()
    script.does("failed", 0, invoice="A")
    script.does("failed", 10, invoice="B")
    assert script.score(10) == 45
    script.does("paid", 15, invoice="B")
    # A third of the way from 45 to 100 was A's on day 10, a half on day 15.
    assert script.score(15) == pytest.approx(45 + 55 / 2)
    assert up(script, 31) == []


def test_of_more_than_32_open_ones_the_oldest_goes_and_is_counted() -> None:
    script = scripted()
    for number in range(40):
        script.does("failed", 1 + number / 100, invoice=f"in-{number}")
    (flag,) = script.looks(2).flags
    assert (flag.count, flag.dropped) == (32, 8)
    for number in range(8, 40):
        script.does("paid", 3, invoice=f"in-{number}")
    assert up(script, 3) == []


SEATS = Distinct(
    name="seats",
    dimension="deployment",
    events=("login",),
    key="user_id",
    half_life=14,
    curves={"default": ((1, 0), (9, 100))},
)
TICKETS = Ratio(
    name="tickets",
    dimension="engagement",
    events=("ticket.opened",),
    weight="severity",
    denominator_metric="seats",
    half_life=14,
    min_events=1.5,
    curves={"default": ((0.2, 100), (3, 0))},
)
STORM = Flag(name="storm", cap=65, when=When(metric="tickets", op=">=", value=2))


def test_one_grave_ticket_at_a_small_firm_is_no_storm() -> None:
    script = ScriptedAccount(card(SEATS, TICKETS, flags=(STORM,)))
    for user in ("ann", "bob", "cid"):
        script.does("login", 0, user_id=user)
    script.does("ticket.opened", 0.1, severity=10)
    assert script.looks(0.1).flags == ()
    # It counts as none, which is known: people are there.
    assert script.points("tickets", 0.1) == 100
    script.does("ticket.opened", 0.2, severity=1)
    assert [flag.name for flag in script.looks(0.2).flags] == ["storm"]
    # Two fade to one and a half within six days.
    assert [flag.name for flag in script.looks(5.7).flags] == ["storm"]
    assert script.looks(6.2).flags == ()


def test_too_few_tickets_follow_what_none_follow() -> None:
    following = Ratio(
        name="tickets",
        dimension="engagement",
        events=("ticket.opened",),
        weight="severity",
        denominator_metric="seats",
        half_life=14,
        min_events=1.5,
        quiet_follows="seats",
        quiet_bonus=7,
        curves={"default": ((0.2, 100), (3, 0))},
    )
    script = ScriptedAccount(card(SEATS, following))
    for user in range(3):
        script.does("login", 0, user_id=f"{user}")
    script.does("ticket.opened", 0.1, severity=10)
    seats = script.points("seats", 0.1)
    assert seats is not None
    assert script.points("tickets", 0.1) == pytest.approx(seats + 7)
