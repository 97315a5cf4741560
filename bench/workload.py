"""What a few thousand customers do, mixed as product, help desk and billing would mix it. The seed fixes all of it.

There are two profiles of it: in the mixed one something changes for many customers every day, in the calm one most
days are like the day before, as in real data.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from msgspec import Struct

from common.contracts.events import Event
from local.replay.ingest_client import ClientEvent

FEATURES = tuple(f"feature-{n:02}" for n in range(16))
STEPS = ("kickoff", "sso_live", "first_value")
STAGES = ("onboarding", "adoption", "adoption", "renewal", "expansion")
TIERS = ("high", "low", "tech")
ANSWERS = (3, 6, 7, 8, 8, 9, 9, 10)
MICROSECONDS = 1_000_000


class Profile(Struct, frozen=True, kw_only=True):
    """`shares` is how often each kind is among so many events; no metric listens to three in ten, as in any product.

    `accounts` is how many customers share the events. A `steady` customer keeps its stage and what it pays, and
    answers surveys as it did before; another one may say anything.
    """

    name: str
    accounts: int
    steady: bool
    shares: dict[str, int]


MIXED = Profile(
    name="mixed",
    accounts=2_000,
    steady=False,
    shares={
        "session.started": 230,
        "page.viewed": 210,
        "feature.used": 210,
        "report.created": 110,
        "workflow.run": 90,
        "record.edited": 90,
        "ticket.opened": 25,
        "nps.answered": 12,
        "account.updated": 8,
        "milestone.reached": 5,
        "invoice.paid": 5,
        "contract.changed": 2,
        "invoice.payment_failed": 2,
        "champion.left": 1,
    },
)
CALM = Profile(
    name="calm",
    accounts=400,
    steady=True,
    shares={
        "session.started": 2_300,
        "page.viewed": 2_150,
        "feature.used": 2_150,
        "report.created": 1_100,
        "workflow.run": 900,
        "record.edited": 997,
        "ticket.opened": 200,
        "nps.answered": 120,
        "account.updated": 20,
        "milestone.reached": 30,
        "invoice.paid": 25,
        "contract.changed": 3,
        "invoice.payment_failed": 3,
        "champion.left": 2,
    },
)


class Customer(Struct, frozen=True):
    account_id: str
    users: int
    arr: int
    answer: int
    facts: dict[str, Any]


class Workload:
    """Endless: `next(moment)` is an event of that moment. Few accounts are large, and these do most."""

    def __init__(self, profile: Profile = MIXED, *, accounts: int | None = None, seed: int) -> None:
        self._profile = profile
        self._random = Random(seed)
        self._customers = [_customer(self._random, n) for n in range(accounts or profile.accounts)]
        self._weights = [float(one.users) for one in self._customers]
        self._drawn: Iterator[tuple[Customer, str]] = iter(())

    def known(self, moment: datetime) -> Iterator[ClientEvent]:
        """What the books say of each customer, before anything happens."""
        for one in self._customers:
            yield self._happening(one, "account.updated", one.facts, moment)
            yield self._happening(one, "contract.changed", {"arr": one.arr}, moment)

    def next(self, moment: datetime) -> ClientEvent:
        drawn = next(self._drawn, None)
        if drawn is None:
            self._drawn = self._draw(1_000)
            return self.next(moment)
        customer, name = drawn
        return self._happening(customer, name, self._properties(customer, name), moment)

    def _draw(self, count: int) -> Iterator[tuple[Customer, str]]:
        customers = self._random.choices(self._customers, self._weights, k=count)
        names = self._random.choices(list(self._profile.shares), list(self._profile.shares.values()), k=count)
        return zip(customers, names, strict=True)

    def _happening(self, customer: Customer, name: str, properties: dict[str, Any], moment: datetime) -> ClientEvent:
        return ClientEvent(
            event_id=f"{self._random.getrandbits(128):032x}",
            account_id=customer.account_id,
            name=name,
            time=moment,
            user_id=f"{customer.account_id}-user-{self._random.randrange(customer.users):03}",
            properties=properties,
        )

    def _properties(self, customer: Customer, name: str) -> dict[str, Any]:
        draw = self._random
        match name:
            case "feature.used":
                return {"feature": draw.choice(FEATURES), "plan": "growth"}
            case "ticket.opened":
                return {"severity": draw.choice((1, 1, 1, 2, 3)), "subject": "how do I export a report"}
            case "nps.answered":
                return {"score": customer.answer if self._profile.steady else draw.choice(ANSWERS)}
            case "account.updated":
                stage = customer.facts["stage"] if self._profile.steady else draw.choice(STAGES)
                return {"seats": customer.facts["seats"], "stage": stage}
            case "contract.changed":
                return {"arr": round(customer.arr * (1.0 if self._profile.steady else draw.uniform(0.8, 1.3)))}
            case "milestone.reached":
                return {"step": draw.choice(STEPS)}
            case _:
                return {"plan": "growth", "client": "web", "duration_ms": draw.randrange(5_000)}


def _customer(draw: Random, number: int) -> Customer:
    users = max(2, min(300, round(draw.lognormvariate(2.3, 0.9))))
    arr = users * draw.randrange(300, 1_500)
    facts = {
        "name": f"Customer {number}",
        "tier": draw.choice(TIERS),
        "owner": "dana@example.com",
        "arr": arr,
        "seats": users + draw.randrange(users),
        "stage": draw.choice(STAGES),
    }
    return Customer(f"account-{number:06}", users, arr, ANSWERS[number % len(ANSWERS)], facts)


def events(
    count: int, profile: Profile = MIXED, *, accounts: int | None = None, seed: int, start: datetime, span: timedelta
) -> Iterator[Event]:
    """The books first, then as many events as are left, evenly over the span; on whole microseconds."""
    workload = Workload(profile, accounts=accounts, seed=seed)
    known = [happening for _, happening in zip(range(count), workload.known(start), strict=False)]
    yield from map(accepted, known)
    left = count - len(known)
    for n in range(left):
        moment = start + timedelta(microseconds=round(span.total_seconds() * MICROSECONDS * (n + 1) / left))
        yield accepted(workload.next(moment))


def accepted(happening: ClientEvent) -> Event:
    """As ingest writes it."""
    return Event(
        event_id=happening.event_id,
        account_id=happening.account_id,
        name=happening.name,
        time=happening.time.astimezone(UTC),
        source="web",
        received_at=happening.time.astimezone(UTC),
        user_id=happening.user_id,
        properties=happening.properties,
    )
