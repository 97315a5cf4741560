"""What customers decided about their terms: by number, by ARR, and of those who were in danger."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from support.kpi_recount.account import ONE_DAY, STATUS, Account, midnight
from support.kpi_recount.shares import share
from support.kpi_recount.terms import Term, terms_of

DANGER = timedelta(days=90)


def decisions(accounts: Sequence[Account], first: date, last: date) -> dict[str, float | None]:
    all_terms = [
        (account, term)
        for account in accounts
        for term in terms_of(account)
        # Of a merged account nobody decides any more.
        if term.decided is not None or account.merged_on is None
    ]
    due = [(account, term) for account, term in all_terms if first <= term.due <= last]
    terms = [term for _, term in due]
    decided = [term for term in terms if term.decided is not None]
    endangered = [
        term
        for account, term in all_terms
        if term.decided is not None and first <= term.decided <= last and _was_in_danger(account, term.decided)
    ]
    found: dict[str, float | None] = {
        "up_for_decision": len(terms),
        "retention_rate": share(sum(term.renewed for term in decided), len(decided)),
        "save_rate": share(sum(term.renewed for term in endangered), len(endangered)),
    }
    tests: dict[str, Callable[[Term], bool]] = {
        "resolution_rate": _in_time,
        "close_rate": lambda term: _in_time(term) and term.renewed,
        "final_renewal_rate": lambda term: term.renewed,
    }
    arr = [_arr_before(account, term, last) for account, term in due]
    for name, test in tests.items():
        found[name] = share(sum(map(test, terms)), len(terms))
        passed = [amount for amount, term in zip(arr, terms, strict=True) if test(term)]
        found[f"{name}_by_arr"] = share(sum(passed), sum(arr))
    return found


def _in_time(term: Term) -> bool:
    return term.decided is not None and term.decided <= term.due


def _arr_before(account: Account, term: Term, last: date) -> float:
    """What the customer paid before they decided; who has not decided is asked at the end of the span."""
    state = account.state(last if term.decided is None else term.decided - ONE_DAY)
    return (state.arr or 0.0) if state.customer else 0.0


def _was_in_danger(account: Account, decided: date) -> bool:
    """Red or leaving at some time in the 90 days before the day of the decision."""
    since, until = midnight(decided - DANGER), midnight(decided)
    if account.health.was_red(since, until):
        return True
    told = [(one.time, STATUS[one.name]) for one in account.events if one.name in STATUS and one.time < until]
    before = [status for at, status in told if at < since][-1:]
    return "leaving" in [*before, *(status for at, status in told if at >= since)]
