"""Terms of contracts and what customers decided about them, counted again contract by contract."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

from common.contracts.events import Event
from support.kpi_recount.account import FACT_EVENTS, Account


class Term(NamedTuple):
    """Of a contract; `decided` is None while the customer has decided nothing about it."""

    due: date
    decided: date | None
    renewed: bool


def terms_of(account: Account) -> list[Term]:
    """Contract by contract: each goes until the event that ends it."""
    found: list[Term] = []
    contract: list[Event] = []
    over: date | None = None  # what the next contract has to end after; None for the first
    for one in account.events:
        if one.name not in FACT_EVENTS or (one.name == "account.updated" and "contract_end" not in one.properties):
            continue
        if one.name == "contract.ended":
            if over is None or contract:
                found += _lost(contract, one.time.date())
                over = _end(contract) or one.time.date()
            contract = []
        elif over is None or contract:
            contract.append(one)
        elif _begins(one, over):
            # Whoever has left renews nothing: they come back.
            contract.append(replace(one, name="contract.started"))
    return found + _standing(contract)


def _begins(one: Event, over: date) -> bool:
    end = one.properties.get("contract_end")
    starts = one.name in ("contract.started", "contract.renewed")
    return starts or (end is not None and date.fromisoformat(end) > over)


def _lost(contract: list[Event], day: date) -> list[Term]:
    standing = _standing(contract)
    due = min([day, *(term.due for term in standing if term.decided is None)])
    return [*(term for term in standing if term.decided is not None), Term(due, day, False)]


def _standing(contract: list[Event]) -> list[Term]:
    """The renewals of a contract that goes on, and the term that is not decided."""
    dues = [(one, _renews(contract, number)) for number, one in enumerate(contract)]
    found = [Term(due, one.time.date(), True) for one, due in dues if due is not None]
    end = _open_end(contract)
    return found if end is None else [*found, Term(end, None, False)]


def _end(contract: Sequence[Event]) -> date | None:
    """As it was said last."""
    said = [one.properties["contract_end"] for one in contract if "contract_end" in one.properties]
    return date.fromisoformat(said[-1]) if said and said[-1] is not None else None


def _open_end(contract: Sequence[Event]) -> date | None:
    """The end that was said since the last renewal or by it; to repeat the end that was renewed says nothing."""
    open_end: date | None = None
    for number, one in enumerate(contract):
        before = _end(contract[:number])
        if _renews(contract, number) is not None:
            open_end = None
        if "contract_end" in one.properties:
            now = _end(contract[: number + 1])
            if now != before or one.name in ("contract.started", "contract.renewed"):
                open_end = now
    return open_end


def _renews(contract: Sequence[Event], number: int) -> date | None:
    """The day on which the term is due that this event renews; None if it renews none."""
    one, before = contract[number], contract[:number]
    end, open_end, day = _end(before), _open_end(before), one.time.date()
    now = _end(contract[: number + 1])
    if open_end is not None and now is not None and now > open_end:
        return open_end
    if one.name != "contract.renewed":
        return None
    renewed = [other.time.date() for place, other in enumerate(before) if _renews(contract, place) is not None]
    if renewed and (day - renewed[-1]).days <= 90:
        return None
    if "contract_end" in one.properties and now == end:
        return None if renewed else day
    return open_end or day
