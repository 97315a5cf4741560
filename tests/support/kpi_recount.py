"""KPIs counted again from the events of the log, in another way: account by account, day by day, without entries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from common.contracts.events import Event

CONTRACT = ("contract.started", "contract.changed", "contract.renewed", "contract.ended", "contract.cancel_requested")
FACT_EVENTS = ("account.updated", *CONTRACT)
STATUS = {
    "contract.started": "active",
    "contract.renewed": "active",
    "contract.cancel_requested": "leaving",
    "contract.ended": "churned",
}
FIELDS = {
    "account.updated": ("arr", "seats", "tier", "contract_start", "contract_end"),
    "contract.started": ("arr", "seats", "contract_start", "contract_end"),
    "contract.changed": ("arr", "seats", "contract_start", "contract_end"),
    "contract.renewed": ("arr", "seats", "contract_start", "contract_end"),
    "contract.ended": (),
    "contract.cancel_requested": (),
}
EVIDENCE = ("arr", "contract_start", "contract_end")
ONE_DAY = timedelta(days=1)


class Read(NamedTuple):
    """A record of the log: the event, and its record time."""

    event: Event
    recorded: datetime


@dataclass
class State:
    """An account at the end of a day."""

    customer: bool = False
    arr: float | None = None
    seats: float | None = None


@dataclass
class Account:
    """The events that count of one account, by event time, then in the order of the log."""

    events: list[Event]
    states: dict[date, State] = field(default_factory=dict)

    def facts(self, last: date) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for one in self.of(last):
            found |= {name: one.properties[name] for name in FIELDS.get(one.name, ()) if name in one.properties}
            if one.name in STATUS:
                found["status"] = STATUS[one.name]
        return found

    def of(self, last: date) -> Iterator[Event]:
        return (one for one in self.events if one.time.date() <= last)

    def evidence(self) -> Iterator[Event]:
        """What makes the account a customer."""
        for one in self.events:
            if one.name in CONTRACT or (one.name == "account.updated" and any(e in one.properties for e in EVIDENCE)):
                yield one

    @property
    def start(self) -> date | None:
        days = [
            date.fromisoformat(one.properties["contract_start"])
            for one in self.events
            if one.name in FIELDS and one.properties.get("contract_start") is not None
        ]
        first = next(self.evidence(), None)
        return min(days) if days else None if first is None else first.time.date()

    def state(self, day: date) -> State:
        if day not in self.states:
            self.states[day] = self._state(day)
        return self.states[day]

    def _state(self, day: date) -> State:
        start = self.start
        if start is None or day < start:
            return State()
        moved = [one for one in self.events if one.name in FACT_EVENTS and _says_of_revenue(one)]
        # What was learned first holds from the start of the contract on.
        seen = [one for one in moved if one.time.date() <= day] or moved[:1]
        # On the day of the start all that came until then holds.
        facts: dict[str, Any] = {}
        has_contract = False
        for one in seen:
            facts |= {name: one.properties[name] for name in FIELDS[one.name] if name in one.properties}
            if one.name in STATUS:
                facts["status"] = STATUS[one.name]
            has_contract = has_contract or one in list(self.evidence())
        if not has_contract or facts.get("status") == "churned":
            return State(seats=facts.get("seats"))
        return State(True, facts.get("arr"), facts.get("seats"))


def _says_of_revenue(one: Event) -> bool:
    return one.name in CONTRACT or any(name in one.properties for name in (*EVIDENCE, "seats"))


def accounts_of(log: Sequence[Read], known_at: datetime | None = None) -> dict[str, Account]:
    """The accounts, by what was known: of events that were taken back nothing counts."""
    found: dict[str, list[Event]] = {}
    for read in log:
        event = read.event
        if known_at is not None and read.recorded > known_at:
            continue
        known = found.setdefault(event.account_id, [])
        if event.name == "event.retracted":
            known[:] = [one for one in known if one.event_id != event.properties["event_id"]]
        else:
            known.append(event)
    return {name: Account(sorted(events, key=lambda one: one.time)) for name, events in found.items()}


def recount(
    log: Sequence[Read], first: date, last: date, *, known_at: datetime | None = None
) -> dict[str, float | None]:
    accounts = list(accounts_of(log, known_at).values())
    before = [one.state(first - ONE_DAY) for one in accounts]
    after = [one.state(last) for one in accounts]
    movement = _movements(accounts, first, last)
    terms = [term for account in accounts for term in _terms(account) if first <= term.due <= last]
    decided = [term for term in terms if term.decided is not None]
    in_time = [term for term in decided if term.decided is not None and term.decided <= term.due]
    arr_before = sum(state.arr or 0.0 for state in before if state.customer)
    kept = [
        (old.arr or 0.0, (old.arr or 0.0) if new.customer and new.arr is None else (new.arr or 0.0))
        for old, new in zip(before, after, strict=True)
        if old.customer
    ]
    customers = sum(state.customer for state in after)
    churned = sum(lost and not new.customer for lost, new in zip(movement["churned"], after, strict=True))
    return {
        "customers": customers,
        "arr": sum(state.arr or 0.0 for state in after if state.customer),
        "expansion_bookings": movement["expansion"],
        "net_new_bookings": movement["new"] + movement["expansion"] - movement["contraction"] - movement["lost"],
        "value_expansion_rate": _share(movement["expansion"], arr_before),
        "up_sell_rate": _share(
            sum(up and old.customer for up, old in zip(movement["up"], before, strict=True)),
            sum(old.customer for old in before),
        ),
        "customer_churn_rate": _share(churned, churned + customers),
        "gross_revenue_retention": _share(sum(min(pair) for pair in kept), arr_before),
        "net_revenue_retention": _share(sum(new for _, new in kept), arr_before),
        "logo_churn_rate": _share(
            sum(old.customer and not new.customer for old, new in zip(before, after, strict=True)),
            sum(old.customer for old in before),
        ),
        "up_for_decision": len(terms),
        "retention_rate": _share(sum(term.renewed for term in decided), len(decided)),
        "resolution_rate": _share(len(in_time), len(terms)),
        "close_rate": _share(sum(term.renewed for term in in_time), len(terms)),
        "final_renewal_rate": _share(sum(term.renewed for term in terms), len(terms)),
        "activation_rate": _activation(accounts, first, last),
        "nps": _nps(accounts, first, last),
    }


def _movements(accounts: Sequence[Account], first: date, last: date) -> dict[str, Any]:
    found: dict[str, Any] = {"new": 0.0, "expansion": 0.0, "contraction": 0.0, "lost": 0.0, "churned": [], "up": []}
    for account in accounts:
        churned = up = False
        day = first
        while day <= last:
            old, new = account.state(day - ONE_DAY), account.state(day)
            if new.customer and not old.customer:
                found["new"] += new.arr or 0.0
            elif old.customer and not new.customer:
                found["lost"] += old.arr or 0.0
                churned = True
            elif new.customer and old.arr is not None and new.arr is not None:
                found["expansion"] += max(new.arr - old.arr, 0.0)
                found["contraction"] += max(old.arr - new.arr, 0.0)
                more = old.seats is not None and new.seats is not None and new.seats > old.seats
                up = up or (new.arr > old.arr and not more)
            day += ONE_DAY
        found["churned"].append(churned)
        found["up"].append(up)
    return found


class Term(NamedTuple):
    """Of a contract; `decided` is None while the customer has decided nothing about it."""

    due: date
    decided: date | None
    renewed: bool


def _terms(account: Account) -> list[Term]:
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


def _activation(accounts: Sequence[Account], first: date, last: date) -> float | None:
    new = [one for one in accounts if one.start is not None and first <= one.start <= last]
    reached = [
        any(e.name == "milestone.reached" and e.properties["step"] == "first_value" for e in one.of(last))
        for one in new
    ]
    return _share(sum(reached), len(new))


def _nps(accounts: Sequence[Account], first: date, last: date) -> float | None:
    """Of accounts that ever had a contract."""
    scores: list[float] = []
    for account in accounts:
        if account.start is None:
            continue
        of_person: dict[str, float] = {}
        for one in account.events:
            if one.name == "nps.answered" and first <= one.time.date() <= last and one.user_id is not None:
                of_person[one.user_id] = one.properties["score"]
        scores += of_person.values()
    if not scores:
        return None
    return 100.0 * sum((score >= 9) - (score <= 6) for score in scores) / len(scores)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
