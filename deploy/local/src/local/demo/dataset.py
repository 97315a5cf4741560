"""Half a year of a software company's customers as a list of events, with the truth beside it.

The same seed gives the same half year. The truth (`Customer.scenario`) is for the one who counts afterwards what
was caught; nothing of it is in the events.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from local.demo.activity import Activity, daily_activity
from local.demo.customers import Customer, make_customers
from local.demo.scenarios import BACKFILL, DAYS, onboarding
from local.replay.ingest_client import ClientEvent

START = datetime(2025, 1, 6, tzinfo=UTC)
RENEWAL_WINDOW = 90
ONBOARDING_DAYS = 45


@dataclass(frozen=True)
class Dataset:
    """`backfill` is what the vendor's systems had kept of the time before the start, `live` what follows.

    Of the daily life that is the last weeks, of the customers' onboarding all.

    Both are in time order.
    """

    start: datetime
    end: datetime
    customers: tuple[Customer, ...]
    backfill: tuple[ClientEvent, ...]
    live: tuple[ClientEvent, ...]


def build_dataset(seed: int, *, accounts: int = 60, start: datetime = START) -> Dataset:
    rng = Random(seed)
    customers = tuple(make_customers(rng, first_day=start.date(), accounts=accounts))
    backfill: list[ClientEvent] = []
    live: list[ClientEvent] = []
    end = start + timedelta(days=DAYS)
    for customer in customers:
        # Each customer draws from a stream of its own, so that the length of one scenario moves no other.
        own = Random(f"{seed} {customer.account_id}")
        # So do the dates of an onboarding that was long ago.
        began = _onboarded(Random(f"{seed} {customer.account_id} onboarding"), customer, start)
        activities = [
            *began,
            *_known(own, customer, start),
            *_contract(customer, start),
            *_invoices(own, customer, start),
        ]
        activities += daily_activity(own, customer, start=start)
        events = _numbered(customer, (activity for activity in activities if activity.at < end))
        backfill += (one for one in events if one.time < start)
        live += (one for one in events if one.time >= start)
    return Dataset(start, end, customers, _in_order(backfill), _in_order(live))


def moment(dataset: Dataset, day: float) -> datetime:
    return whole(dataset.start + timedelta(days=day))


def whole(at: datetime) -> datetime:
    """Events happen on whole seconds, so that a signal carries exactly the moment of its event."""
    return at.replace(microsecond=0)


def _in_order(events: list[ClientEvent]) -> tuple[ClientEvent, ...]:
    return tuple(sorted(events, key=lambda event: (event.time, event.event_id)))


def _numbered(customer: Customer, activities: Iterator[Activity]) -> list[ClientEvent]:
    return [
        ClientEvent(
            event_id=f"{customer.account_id}-{number:05d}",
            account_id=customer.account_id,
            name=activity.name,
            time=whole(activity.at.astimezone(UTC)),
            user_id=activity.user_id,
            properties=activity.properties,
        )
        for number, activity in enumerate(sorted(activities, key=lambda activity: activity.at), start=1)
    ]


def _onboarded(rng: Random, customer: Customer, start: datetime) -> Iterator[Activity]:
    """The onboarding of a customer of before, in the weeks after the contract was signed."""
    if customer.scenario.joins is None:
        signed = (customer.contract_start - start.date()).days
        for one in onboarding(rng, signed):
            yield Activity(start + timedelta(days=one.day), one.name, None, one.properties)


def _known(rng: Random, customer: Customer, start: datetime) -> Iterator[Activity]:
    """What the vendor's books say of the customers it already has; new ones bring their own first day."""
    if customer.scenario.joins is not None:
        return
    at = start - timedelta(days=BACKFILL)
    days_left = (customer.contract_end - at.date()).days
    stage = "renewal" if days_left <= RENEWAL_WINDOW else "adoption"
    yield Activity(at, "account.updated", None, _facts(customer) | {"stage": stage})
    yield Activity(at, "contract.changed", None, {"arr": customer.arr})
    for number in range(1, 1 + rng.randrange(2, 5)):
        score = min(10, max(0, round(rng.gauss(8.4, 1.2))))
        yield Activity(at, "nps.answered", f"{customer.account_id}-u{number:02d}", {"score": score})


def _facts(customer: Customer) -> dict[str, object]:
    facts = {
        "name": customer.name,
        "tier": customer.tier,
        "owner": customer.owner,
        "arr": customer.arr,
        "seats": customer.seats,
        "contract_start": customer.contract_start.isoformat(),
        "contract_end": customer.contract_end.isoformat(),
        "time_zone": customer.time_zone,
        "language": customer.language,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _contract(customer: Customer, start: datetime) -> Iterator[Activity]:
    """Joining, the scenario's own events, the renewal season, and notice."""
    scenario = customer.scenario
    if scenario.joins is not None:
        at = start + timedelta(days=scenario.joins)
        yield Activity(at, "account.updated", None, _facts(customer) | {"stage": "onboarding"})
        yield Activity(at, "contract.changed", None, {"arr": customer.arr})
    if scenario.joins is not None and scenario.leaves is None:
        settled = start + timedelta(days=scenario.joins + ONBOARDING_DAYS)
        yield Activity(settled, "account.updated", None, {"stage": "adoption"})
    for one in scenario.moments:
        yield _moment(customer, start + timedelta(days=one.day), one.name, one.properties)
    yield from _renewal(customer, start)
    if scenario.leaves is not None:
        yield Activity(start + timedelta(days=scenario.leaves), "contract.cancel_requested", None, {})


def _moment(customer: Customer, at: datetime, name: str, properties: dict[str, object]) -> Activity:
    """A contract that changes does so in seats and money alike."""
    growth = properties.get("growth")
    if isinstance(growth, float):
        properties = {"arr": round(customer.arr * growth), "seats": max(3, round(customer.seats * growth))}
    return Activity(at, name, None, properties)


def _renewal(customer: Customer, start: datetime) -> Iterator[Activity]:
    """The last months of a contract year are the renewal season; who has not given notice by then renews."""
    ends = (customer.contract_end - start.date()).days
    leaves = customer.scenario.leaves
    opens = ends - RENEWAL_WINDOW
    if opens > -BACKFILL and (leaves is None or opens < leaves):
        yield Activity(start + timedelta(days=opens), "account.updated", None, {"stage": "renewal"})
    at = start + timedelta(days=ends)
    if leaves is not None:
        yield Activity(at, "contract.ended", None, {})
    else:
        end = customer.contract_end + timedelta(days=365)
        yield Activity(at, "contract.renewed", None, {})
        facts = {"stage": "adoption", "contract_end": end.isoformat()}
        yield Activity(at + timedelta(seconds=1), "account.updated", None, facts)


def _invoices(rng: Random, customer: Customer, start: datetime) -> Iterator[Activity]:
    """One a month; of a hundred one bounces and is paid a few days later, as cards expire."""
    first = (customer.scenario.joins or 0.0) + rng.uniform(0, 30)
    last = customer.scenario.leaves if customer.scenario.leaves is not None else DAYS
    due = first
    while due < last:
        at = start + timedelta(days=due)
        amount = {"amount": round(customer.arr / 12, 2)}
        if rng.random() < 0.01:
            yield Activity(at, "invoice.payment_failed", None, amount)
            at += timedelta(days=rng.uniform(1, 6))
        yield Activity(at, "invoice.paid", None, amount)
        due += 30.4
