"""An account of the log, as it was known at some time: its events, its facts, and its contract on each day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from common.contracts.events import Event, Tick
from support.kpi_recount.health import Health

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
MERGED = "account.merged"
EVIDENCE = ("arr", "contract_start", "contract_end")
ONE_DAY = timedelta(days=1)


class Read(NamedTuple):
    """A record of the log: the event or the tick, and its record time."""

    event: Event | Tick
    recorded: datetime


@dataclass
class State:
    """An account at the end of a day; `end` is the last day of its contract."""

    customer: bool = False
    arr: float | None = None
    seats: float | None = None
    end: date | None = None


@dataclass
class Account:
    """The events that count of one account, by event time, then in the order of the log."""

    events: list[Event]
    health: Health
    # The accounts that were merged into this one, each with its last event's day, and the day of that.
    merged_into_this: list[tuple["Account", date]] = field(default_factory=list)
    states: dict[date, State] = field(default_factory=dict)

    def facts(self, last: date) -> dict[str, Any]:
        """What was learned first holds before, too."""
        found: dict[str, Any] = {}
        for one in reversed(self.events):
            found |= _said(one)
        for one in self.of(last):
            found |= _said(one)
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

    @property
    def merged_on(self) -> date | None:
        return next((one.time.date() for one in reversed(self.events) if one.name == MERGED), None)

    @property
    def held_from(self) -> date | None:
        """Whoever goes on under an id of which nothing was known before had one contract until then."""
        first = next(self.evidence(), None)
        customers = [day for one, day in self.merged_into_this if one.start is not None and one.start < day]
        if first is None or self.start is None or not customers or first.time.date() < min(customers):
            return self.start
        return max(self.start, min(customers))

    def family(self, last: date) -> Iterator["Account"]:
        """The account, and those that it goes on as at the end of a day."""
        yield self
        for one, day in self.merged_into_this:
            if day <= last:
                yield from one.family(last)

    def state(self, day: date) -> State:
        if day not in self.states:
            self.states[day] = self._state(day)
        return self.states[day]

    def states_until(self, last: date) -> Iterator[tuple[date, State]]:
        """Each day from the start of the contract on."""
        day = self.start
        while day is not None and day <= last:
            yield day, self.state(day)
            day += ONE_DAY

    def _state(self, day: date) -> State:
        start = self.held_from
        if start is None or day < start:
            return State()
        moved = [one for one in self.events if one.name in FACT_EVENTS and _says_of_revenue(one)]
        # What was learned first holds from the start of the contract on.
        facts: dict[str, Any] = {}
        for one in reversed(moved):
            facts |= {name: value for name, value in _said(one).items() if name != "status"}
        for one in [one for one in moved if one.time.date() <= day] or moved[:1]:
            facts |= _said(one)
        merged = self.merged_on
        if facts.get("status") == "churned" or (merged is not None and merged <= day):
            return State(seats=facts.get("seats"))
        end = facts.get("contract_end")
        return State(True, facts.get("arr"), facts.get("seats"), None if end is None else date.fromisoformat(end))


def _said(one: Event) -> dict[str, Any]:
    said = {name: one.properties[name] for name in FIELDS.get(one.name, ()) if name in one.properties}
    return said | ({"status": STATUS[one.name]} if one.name in STATUS else {})


def _says_of_revenue(one: Event) -> bool:
    return one.name in CONTRACT or any(name in one.properties for name in (*EVIDENCE, "seats"))


def events_of(log: Sequence[Read], known_at: datetime | None = None) -> dict[str, list[Event]]:
    """Of each account, by what was known: of events that were taken back nothing counts. By event time."""
    found: dict[str, list[Event]] = {}
    for event, recorded in log:
        if isinstance(event, Tick) or (known_at is not None and recorded > known_at):
            continue
        known = found.setdefault(event.account_id, [])
        if event.name == "event.retracted":
            known[:] = [one for one in known if one.event_id != event.properties["event_id"]]
        else:
            known.append(event)
    return {name: sorted(events, key=lambda one: one.time) for name, events in found.items()}


def midnight(day: date) -> datetime:
    """The first moment of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
