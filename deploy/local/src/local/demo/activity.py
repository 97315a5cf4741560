"""The daily life of one customer: people come on weekdays, work, get stuck, answer a survey."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, exp, floor, sqrt
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from local.demo.customers import Customer
from local.demo.scenarios import BACKFILL, DAYS, Line, Scenario, level
from local.demo.words import comment, subject

FEATURES = (
    "dashboards", "reports", "workflows", "alerts", "exports", "imports", "api", "approvals", "comments",
    "templates", "forms", "calendar", "search", "audit_log", "sharing", "mobile",
)  # fmt: skip
# Monday to Sunday: how likely a person is to work with the product, against a good day.
WEEK = (1.0, 1.0, 1.0, 0.95, 0.8, 0.06, 0.04)
SURVEY_DAYS = 91
# Who works while the company is closed.
CLOSED = 0.08


@dataclass(frozen=True)
class Activity:
    """Something done at a moment; not yet numbered."""

    at: datetime
    name: str
    user_id: str | None
    properties: dict[str, Any]


@dataclass(frozen=True)
class SimulatedUser:
    user_id: str
    coming: Line  # the share of the user's team that still comes
    stays_until: float  # gone once that share falls below this
    leaves: float  # the day on which this person is gone whatever the others do
    keenness: float  # chance to come on a good day
    taste: tuple[str, ...]
    holiday: tuple[float, float]


def daily_activity(rng: Random, customer: Customer, *, start: datetime) -> Iterator[Activity]:
    """Everything that is not an appointment of the contract, from joining until notice is given."""
    scenario = customer.scenario
    first = -BACKFILL if scenario.joins is None else scenario.joins
    last = min(DAYS, scenario.leaves if scenario.leaves is not None else DAYS)
    people = _people(rng, customer)
    zone = ZoneInfo(customer.time_zone)
    survey = rng.uniform(5, SURVEY_DAYS)
    for day in range(floor(first), int(last) + 1):
        midnight = datetime.combine((start + timedelta(days=day)).date(), datetime.min.time(), zone)
        came = [person for person in people if _comes(rng, person, customer, midnight, day)]
        activities = [activity for person in came for activity in _work(rng, person, customer, midnight, day)]
        activities += _automated(rng, customer, midnight, day, people=len(people))
        if (day - survey) % SURVEY_DAYS < 1:
            activities += _survey(rng, scenario, people, midnight, day)
        yield from (activity for activity in activities if first <= _days(activity.at, start) < last)


def _people(rng: Random, customer: Customer) -> list[SimulatedUser]:
    alive = max(3, round(customer.seats * customer.scenario.alive))
    teams = customer.scenario.teams or (customer.scenario.people,)
    size = ceil(alive / len(teams))
    return [
        SimulatedUser(
            user_id=f"{customer.account_id}-u{number:02d}",
            coming=teams[(number - 1) % len(teams)],
            # The champion is the first to come and, short of another job, the last to go.
            stays_until=((number - 1) // len(teams) + 0.5) / size,
            leaves=customer.scenario.champion_until if number == 1 and customer.scenario.champion_until else DAYS,
            keenness=rng.uniform(0.3, 0.85),
            taste=tuple(rng.sample(FEATURES, k=rng.randrange(4, 10))),
            holiday=(begin := rng.uniform(0, DAYS), begin + rng.uniform(5, 14)),
        )
        for number in range(1, alive + 1)
    ]


def _comes(rng: Random, person: SimulatedUser, customer: Customer, midnight: datetime, day: int) -> bool:
    if level(person.coming, day) < person.stays_until or day >= person.leaves:
        return False
    if person.holiday[0] <= day < person.holiday[1]:
        return False
    # Less use is both fewer sittings and shorter ones.
    chance = person.keenness * customer.pulse * WEEK[midnight.weekday()] * sqrt(level(customer.scenario.use, day))
    if customer.closed[0] <= day < customer.closed[1]:
        chance *= CLOSED
    return rng.random() < chance


def _work(rng: Random, person: SimulatedUser, customer: Customer, midnight: datetime, day: int) -> Iterator[Activity]:
    """One sitting: a session, what is done in it, and at times a ticket."""
    at = midnight + timedelta(hours=min(21.0, max(6.0, rng.gauss(11.5, 2.5))))
    yield Activity(at, "session.started", person.user_id, {})
    for _ in range(_poisson(rng, 1.5 * sqrt(level(customer.scenario.use, day)))):
        at += timedelta(minutes=rng.uniform(1, 15))
        yield _action(rng, person, at)
    # A ticket is opened on a day with a sitting, of which a good week has about three.
    if rng.random() < level(customer.scenario.tickets, day) / 3:
        severity = rng.choice((1, 1, 2, 3))
        said = {"ticket": f"T-{person.user_id}-{day}", "severity": severity, "subject": subject(severity, day)}
        yield Activity(at, "ticket.opened", person.user_id, said)


def _automated(rng: Random, customer: Customer, midnight: datetime, day: int, *, people: int) -> list[Activity]:
    """What the customer's own software does through the API, every day of the week, and the data that it fetches."""
    share = level(customer.scenario.automated, day)
    if share == 0.0:
        return []
    moments = [midnight + timedelta(hours=rng.uniform(0, 24)) for _ in range(_poisson(rng, share * people))]
    runs = [Activity(at, "workflow.run", f"{customer.account_id}-api", {}) for at in moments]
    return [*runs, Activity(midnight + timedelta(hours=3), "integration.synced", None, {"integration": "api"})]


def _action(rng: Random, person: SimulatedUser, at: datetime) -> Activity:
    kind = rng.random()
    if kind < 0.3:
        return Activity(at, "report.created", person.user_id, {})
    if kind < 0.5:
        return Activity(at, "workflow.run", person.user_id, {})
    return Activity(at, "feature.used", person.user_id, {"feature": rng.choice(person.taste)})


def _survey(
    rng: Random, scenario: Scenario, people: list[SimulatedUser], midnight: datetime, day: int
) -> list[Activity]:
    """A third of the people who still come answer."""
    mood = level(scenario.mood, day)
    answers = []
    for person in people:
        if person.stays_until <= level(person.coming, day) and rng.random() < 0.33:
            at = midnight + timedelta(hours=rng.uniform(8, 18))
            score = min(10, max(0, round(rng.gauss(mood, 1.2))))
            answers.append(
                Activity(at, "nps.answered", person.user_id, {"score": score, "comment": comment(score, day)})
            )
    return answers


def _poisson(rng: Random, mean: float) -> int:
    """Knuth's way; the means here are small."""
    count, product = 0, rng.random()
    limit = exp(-mean)
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def _days(at: datetime, start: datetime) -> float:
    return (at.astimezone(UTC) - start).total_seconds() / 86_400
