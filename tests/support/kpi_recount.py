"""KPIs counted again from the events of the log, in another way: account by account, day by day, without entries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

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
