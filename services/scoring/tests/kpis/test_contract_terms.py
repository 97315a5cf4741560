"""What a customer decided about each term of their contract. Days are counted from the first one."""

import pytest

from scoring.kpis.contract_terms import CHANGED, ENDED, RENEWED, STARTED, Term, TermChange, TermOutcome, terms_of

OPEN, KEPT, LOST = TermOutcome.OPEN, TermOutcome.RENEWED, TermOutcome.LOST
YEAR = 365


def fact(day: int, end: int | None) -> TermChange:
    """`account.updated` with an end of the contract."""
    return TermChange(day, None, True, end)


def said(day: int, name: str) -> TermChange:
    """A contract event that says no end."""
    return TermChange(day, name, False, None)


def dated(day: int, name: str, end: int) -> TermChange:
    return TermChange(day, name, True, end)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], []),
        # A term that is not decided yet.
        ([fact(0, YEAR)], [Term(YEAR, None, OPEN)]),
        # Renewed in time, with a new end.
        ([fact(0, YEAR), dated(350, RENEWED, 2 * YEAR)], [Term(YEAR, 350, KEPT), Term(2 * YEAR, None, OPEN)]),
        # Renewed late.
        ([fact(0, YEAR), dated(380, RENEWED, 2 * YEAR)], [Term(YEAR, 380, KEPT), Term(2 * YEAR, None, OPEN)]),
        # A CRM that posts only the new end says the same.
        ([fact(0, YEAR), fact(350, 2 * YEAR)], [Term(YEAR, 350, KEPT), Term(2 * YEAR, None, OPEN)]),
        # The event first and the date later, or the other way round: one decision.
        ([fact(0, YEAR), said(350, RENEWED), fact(352, 2 * YEAR)], [Term(YEAR, 350, KEPT), Term(2 * YEAR, None, OPEN)]),
        ([fact(0, YEAR), fact(350, 2 * YEAR), said(352, RENEWED)], [Term(YEAR, 350, KEPT), Term(2 * YEAR, None, OPEN)]),
        (
            [fact(0, YEAR), fact(350, 2 * YEAR), dated(352, RENEWED, 2 * YEAR)],
            [Term(YEAR, 350, KEPT), Term(2 * YEAR, None, OPEN)],
        ),
        # An earlier end is a correction, a cleared one too.
        ([fact(0, YEAR), fact(10, 300)], [Term(300, None, OPEN)]),
        ([fact(0, YEAR), fact(10, None)], []),
        # The amount changes, the term does not.
        ([fact(0, YEAR), said(10, CHANGED)], [Term(YEAR, None, OPEN)]),
        # Whoever leaves early decides on that day; whoever leaves late, about the term that was due.
        ([fact(0, YEAR), said(100, ENDED)], [Term(100, 100, LOST)]),
        ([fact(0, YEAR), said(400, ENDED)], [Term(YEAR, 400, LOST)]),
        # Who has left cannot leave again, nor renew by a fact that repeats nothing.
        ([fact(0, YEAR), said(100, ENDED), said(101, ENDED)], [Term(100, 100, LOST)]),
        # Whoever comes back begins anew.
        (
            [fact(0, YEAR), said(100, ENDED), dated(200, STARTED, 200 + YEAR)],
            [Term(100, 100, LOST), Term(200 + YEAR, None, OPEN)],
        ),
        # Systems post the same facts every night: an end that was renewed, or lost, is not up for decision again.
        ([fact(0, YEAR), said(350, RENEWED), fact(351, YEAR), fact(352, YEAR)], [Term(YEAR, 350, KEPT)]),
        (
            [fact(0, YEAR), said(350, RENEWED), fact(351, YEAR), fact(380, 2 * YEAR)],
            [Term(YEAR, 350, KEPT), Term(2 * YEAR, None, OPEN)],
        ),
        ([fact(0, YEAR), said(100, ENDED), fact(101, YEAR), fact(102, YEAR)], [Term(100, 100, LOST)]),
        (
            [fact(0, YEAR), said(100, ENDED), fact(101, YEAR), fact(200, 2 * YEAR)],
            [Term(100, 100, LOST), Term(2 * YEAR, None, OPEN)],
        ),
        ([said(0, STARTED), said(100, ENDED), fact(101, 90)], [Term(100, 100, LOST)]),
        # The event says the end that a fact said before: it is the end of the new term.
        ([fact(0, YEAR), dated(5, RENEWED, YEAR)], [Term(5, 5, KEPT), Term(YEAR, None, OPEN)]),
        # Without any date a renewal is due when it is made, and one a year later is another one.
        ([said(0, STARTED), said(350, RENEWED)], [Term(350, 350, KEPT)]),
        ([said(0, STARTED), said(350, RENEWED), said(360, RENEWED)], [Term(350, 350, KEPT)]),
        ([said(0, STARTED), said(350, RENEWED), said(715, RENEWED)], [Term(350, 350, KEPT), Term(715, 715, KEPT)]),
        # Contracts of a month, each renewed.
        (
            [fact(0, 30), dated(29, RENEWED, 60), dated(59, RENEWED, 90)],
            [Term(30, 29, KEPT), Term(60, 59, KEPT), Term(90, None, OPEN)],
        ),
    ],
)
def test_terms(changes: list[TermChange], expected: list[Term]) -> None:
    assert terms_of(changes) == expected
