"""What an account did so far, and what is known of it: its events with the moments that count."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import accumulate
from typing import Any, Literal, NamedTuple, TypeGuard
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.contracts.events import Event
from common.contracts.signals import Band, Status
from scoring.health.card import Card
from scoring.health.context import STAGES, Stage
from scoring.health.metrics.milestone.definition import Milestone
from support.random_cases import Moment

DAY = 86_400.0
# Larger numbers are as good as absent.
_LARGEST = 1e18
_CONTRACT = ("seats", "contract_start", "arr")
_WRITES = {
    "account.updated": ("seats", "stage", "contract_start", "time_zone", "arr"),
    "contract.started": _CONTRACT,
    "contract.changed": _CONTRACT,
    "contract.renewed": _CONTRACT,
}
ARR_NAMES = tuple(_WRITES)
# What an event says of the contract.
_SAYS = {
    "contract.started": Status.ACTIVE,
    "contract.renewed": Status.ACTIVE,
    "contract.cancel_requested": Status.LEAVING,
    "contract.ended": Status.CHURNED,
}


class LoggedEvent(NamedTuple):
    """An event, its place in the log, and its moment: not after it was recorded."""

    moment: float
    place: int
    event: Event


class PersonsBand(NamedTuple):
    """A band that a person has set by the event at this place of the log; it is over at `ends`."""

    place: int
    to: Band
    ends: float
    reason: str | None
    who: str | None


class History:
    def __init__(self, card: Card, moments: Sequence[Moment]) -> None:
        self._recorded = list(accumulate((m.at for m in moments), max))
        self._began = [min(m.event.time.timestamp(), m.at) if m.event.history else m.at for m in moments]
        self.log = [LoggedEvent(min(m.event.time.timestamp(), m.at), place, m.event) for place, m in enumerate(moments)]
        self.born = self.born_at(len(moments) - 1)
        facts = self.facts(before=len(moments))
        self.arr: float | None = facts.get("arr")
        self.seats: float | None = facts.get("seats")
        self.stage: Stage = next((stage for stage in STAGES if stage == facts.get("stage")), card.default_stage)
        # Of whom nothing else is known the first days are those of a new customer.
        self.new_until = -math.inf
        if facts.get("stage") not in STAGES and facts.get("contract_start") is None:
            self.new_until = math.ceil(self.born + onboarding(card)) if onboarding(card) > 0.0 else -math.inf
        self.start = self.born
        if facts.get("contract_start") is not None:
            day = datetime.fromisoformat(facts["contract_start"][:10])
            self.start = day.replace(tzinfo=self.zone_at(len(moments))).timestamp()

    @property
    def ended(self) -> bool:
        """Whether the contract has ended."""
        return self._status is Status.CHURNED

    def born_at(self, place: int) -> float:
        """When the account began, as it was known at this place of the log: a live event begins with its record."""
        return min(self._began[: place + 1])

    def facts(self, *, before: int) -> dict[str, Any]:
        """The last writer of each field has the say, null clears it, a value of the wrong type is ignored."""
        facts: dict[str, Any] = {}
        for logged in sorted(self.log[:before], key=order):
            for field in _WRITES.get(logged.event.name, ()):
                value = logged.event.properties.get(field, "absent")
                right = is_number(value) if field in ("seats", "arr") else isinstance(value, str) and value != "absent"
                if value is None or right:
                    facts[field] = value
        return facts

    @property
    def left(self) -> bool:
        """Whether the customer has said that they leave, and has not begun anew or renewed since."""
        return self._status is not Status.ACTIVE

    @property
    def _status(self) -> Status:
        """The last event that says it has the say."""
        said = [_SAYS[logged.event.name] for logged in sorted(self.log, key=order) if logged.event.name in _SAYS]
        return said[-1] if said else Status.ACTIVE

    def override_at(self, at: float) -> PersonsBand | None:
        """Of all that came before it was over, the last one has the say, though it may be over or end another one."""
        said = [
            logged
            for logged in sorted(self.of(("health.overridden",)), key=order)
            if (found := self._override(logged, zone=self.zone_at(logged.place))) is not None
            and (found == "none" or found.ends > self._recorded[logged.place])
        ]
        last = self._override(said[-1], zone=self.zone_at(len(self.log))) if said else None
        return None if last is None or last == "none" or last.ends <= at else last

    def _override(self, logged: LoggedEvent, *, zone: tzinfo) -> "PersonsBand | Literal['none'] | None":
        """None if nobody can know what it says."""
        said, until = logged.event.properties, logged.event.properties.get("until")
        if said.get("to") is None:
            return "none"
        if said["to"] not in ("green", "yellow", "red") or not isinstance(until, str):
            return None
        try:
            over = datetime.fromisoformat(until)
        except ValueError:
            return None
        if len(until) == len("2023-11-14"):
            day = date.fromisoformat(until) + timedelta(days=1)
            over = datetime(day.year, day.month, day.day, tzinfo=zone)
        return PersonsBand(
            logged.place,
            Band(said["to"]),
            float(math.ceil(over.timestamp())),
            said.get("reason"),
            said.get("by") or logged.event.user_id,
        )

    def zone_at(self, place: int) -> tzinfo:
        """The account's zone as it was known when the log had come to this place."""
        name = self.facts(before=place).get("time_zone")
        try:
            return UTC if name is None else ZoneInfo(name)
        except ZoneInfoNotFoundError:
            return UTC

    def of(self, names: Sequence[str]) -> list[LoggedEvent]:
        """In the order of the log."""
        return [logged for logged in self.log if logged.event.name in names]


def onboarding(card: Card) -> float:
    """In seconds, until the last step of a new customer is due and its grace over."""
    if card.default_stage == "onboarding":
        return 0.0
    steps = [
        step.due + metric.grace
        for metric in card.metrics
        if isinstance(metric, Milestone) and (not metric.stages or "onboarding" in metric.stages)
        for step in metric.steps.values()
    ]
    return max(steps, default=0.0) * DAY


def order(logged: LoggedEvent) -> tuple[float, int]:
    """The order in which facts, answers, plans and flags are written: of two at one moment the log decides."""
    return logged.moment, logged.place


def is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def weigh(event: Event, name: str | None) -> float:
    """How much an event counts: a property of it if it has that number, never less than nothing, else 1."""
    value = event.properties.get(name) if name else None
    return max(float(value), 0.0) if value is not None and is_number(value) else 1.0


def key_of(event: Event, name: str) -> str | None:
    if name == "user_id":
        return event.user_id
    value = event.properties.get(name)
    return str(value) if isinstance(value, str | int | float) else None
