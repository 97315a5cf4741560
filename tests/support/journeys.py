"""A card with a journey, and one account whose way along it a test scripts day by day."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from common.contracts.signals import Kind, Signal
from scoring.health.card import UNCAPPED, Bands, Card, Expansion, Flag, Journey, When
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.view import JourneyPlace, Step
from support.random_cases import event
from support.scripted_account import DAWN, DAY, MOOD, ScriptedAccount, card

# The day of DAWN, and the zone of the accounts here: its clocks go forward on 31 March and back on 27 October.
FIRST_DAY = date(2024, 1, 10)
ZONE = "Europe/Berlin"
STEPS = Milestone(
    name="steps",
    dimension="deployment",
    stages=("onboarding",),
    steps={"kickoff": MilestoneStep(7), "first_value": MilestoneStep(30)},
    grace=14,
)
# 30 days to the last step, and its grace.
ONBOARDING_DAYS = 44
SEATS = Distinct(
    name="seats",
    dimension="adoption",
    events=("session.started",),
    key="user_id",
    of="seats",
    half_life=14,
    curves={"default": ((0.1, 0), (0.7, 100))},
)
PLAN = Milestone(name="plan", dimension="roi", planned=True, grace=30)
EXPANSION = Expansion(when=(When("seats", ">=", 0.8),), min_duration=10)
JOURNEY = Journey(expansion=EXPANSION, value="first_value")
# As bands by stage show that the stage counts: in renewal 80 is no green.
BANDS = {"renewal": Bands(red=50, yellow=90)}
FLAGS = (
    Flag(name="unpaid", cap=55, events=("unpaid",), clear_on=("paid",)),
    Flag(name="tickets", cap=UNCAPPED, events=("ticket.opened",), key="ticket", tell=False),
)


def journey_card(journey: Journey = JOURNEY, **settings: Any) -> Card:
    return replace(card(MOOD, STEPS, SEATS, PLAN, flags=FLAGS, by_stage=BANDS), journey=journey, **settings)


class Traveller(ScriptedAccount):
    """Its time zone is ZONE. `starts` and `ends` of the contract are days since DAWN's."""

    def __init__(self, told_by: Card | None = None) -> None:
        super().__init__(told_by or journey_card())

    def signs(self, day: float, *, starts: int | None = None, ends: int | None = None, **facts: Any) -> Step:
        dates = {"contract_start": starts, "contract_end": ends}
        facts |= {name: on(each).isoformat() for name, each in dates.items() if each is not None}
        return self.does("account.updated", day, time_zone=ZONE, **facts)

    def takes_back(self, day: float, event_id: str, *, more: bool = False) -> Step:
        """`event_id` as scripts name events: e1, e2 and so on."""
        at = DAWN + day * DAY
        retraction = event("event.retracted", at, event_id=f"r-{event_id}", more=more)
        return self.scorer.apply(self.account, replace(retraction, properties={"event_id": event_id}), at)

    def place(self, day: float) -> JourneyPlace:
        return self.looks(day).journey

    def works(self, day: float, people: int) -> list[Signal]:
        """Each of so many people does something; returns what all of that told."""
        steps = [self.does("session.started", day, user_id=f"p{person}") for person in range(people)]
        return [signal for step in steps for signal in step.signals]


def on(day: int) -> date:
    return FIRST_DAY + timedelta(days=day)


def midnight(day: int) -> datetime:
    """The first moment of a day in ZONE."""
    begin = on(day)
    return datetime(begin.year, begin.month, begin.day, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def days_until(moment: datetime) -> float:
    """The day count of a moment, as scripts count."""
    return (moment.timestamp() - DAWN) / DAY


def of_kind(signals: Iterable[Signal], kind: Kind) -> list[Signal]:
    return [signal for signal in signals if signal.kind is kind]
