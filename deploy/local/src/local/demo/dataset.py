"""Half a year of a software company's customers as a list of events, with the truth beside it.

The same seed gives the same half year. The truth (`Customer.plot`) is for the one who counts afterwards what
was caught; nothing of it is in the events.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from local.customers import Customer, cast
from local.daily import Deed, life
from local.happenings import Happening
from local.stories import BACKFILL, DAYS

START = datetime(2025, 1, 6, tzinfo=UTC)
RENEWAL_WINDOW = 90
ONBOARDING_DAYS = 45


@dataclass(frozen=True)
class World:
    """`backfill` is what the vendor's systems had kept of the last weeks before the start, `lived` what follows.

    Both are in time order.
    """

    start: datetime
    end: datetime
    customers: tuple[Customer, ...]
    backfill: tuple[Happening, ...]
    lived: tuple[Happening, ...]


def build(seed: int, *, accounts: int = 60, start: datetime = START) -> World:
    rng = Random(seed)
    customers = tuple(cast(rng, first_day=start.date(), accounts=accounts))
    backfill: list[Happening] = []
    lived: list[Happening] = []
    end = start + timedelta(days=DAYS)
    for customer in customers:
        # Each customer draws from a stream of its own, so that one story's length moves no other story.
        own = Random(f"{seed} {customer.account_id}")
        deeds = [*_known(own, customer, start), *_contract(customer, start), *_invoices(own, customer, start)]
        deeds += life(own, customer, start=start)
        happenings = _numbered(customer, (deed for deed in deeds if deed.at < end))
        backfill += (one for one in happenings if one.time < start)
        lived += (one for one in happenings if one.time >= start)
    return World(start, end, customers, _in_order(backfill), _in_order(lived))


def moment(world: World, day: float) -> datetime:
    return whole(world.start + timedelta(days=day))


def whole(at: datetime) -> datetime:
    """The events of this world happen on whole seconds, so that what is told of them is told of that very moment."""
    return at.replace(microsecond=0)


def _in_order(happenings: list[Happening]) -> tuple[Happening, ...]:
    return tuple(sorted(happenings, key=lambda happening: (happening.time, happening.event_id)))


def _numbered(customer: Customer, deeds: Iterator[Deed]) -> list[Happening]:
    return [
        Happening(
            event_id=f"{customer.account_id}-{number:05d}",
            account_id=customer.account_id,
            name=deed.name,
            time=whole(deed.at.astimezone(UTC)),
            user_id=deed.user_id,
            properties=deed.properties,
        )
        for number, deed in enumerate(sorted(deeds, key=lambda deed: deed.at), start=1)
    ]


def _known(rng: Random, customer: Customer, start: datetime) -> Iterator[Deed]:
    """What the vendor's books say of the customers it already has; new ones bring their own first day."""
    if customer.plot.joins is not None:
        return
    first = start - timedelta(days=BACKFILL)
    # Steps before facts: whoever signed years ago must not look late with the kick-off in between.
    for step in ("kickoff", "sso_live", "first_value"):
        yield Deed(first, "milestone.reached", None, {"step": step})
    at = first + timedelta(seconds=1)
    days_left = (customer.contract_end - first.date()).days
    stage = "renewal" if days_left <= RENEWAL_WINDOW else "adoption"
    yield Deed(at, "account.updated", None, _facts(customer) | {"stage": stage})
    yield Deed(at, "contract.changed", None, {"arr": customer.arr})
    for number in range(1, 1 + rng.randrange(2, 5)):
        score = min(10, max(0, round(rng.gauss(8.4, 1.2))))
        yield Deed(at, "nps.answered", f"{customer.account_id}-u{number:02d}", {"score": score})


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


def _contract(customer: Customer, start: datetime) -> Iterator[Deed]:
    """Joining, the story's own moments, the renewal season, and notice."""
    plot = customer.plot
    if plot.joins is not None:
        at = start + timedelta(days=plot.joins)
        yield Deed(at, "account.updated", None, _facts(customer) | {"stage": "onboarding"})
        yield Deed(at, "contract.changed", None, {"arr": customer.arr})
    if plot.joins is not None and plot.leaves is None:
        settled = start + timedelta(days=plot.joins + ONBOARDING_DAYS)
        yield Deed(settled, "account.updated", None, {"stage": "adoption"})
    for one in plot.moments:
        yield _moment(customer, start + timedelta(days=one.day), one.name, one.properties)
    yield from _renewal(customer, start)
    if plot.leaves is not None:
        yield Deed(start + timedelta(days=plot.leaves), "contract.cancel_requested", None, {})


def _moment(customer: Customer, at: datetime, name: str, properties: dict[str, object]) -> Deed:
    """A contract that changes does so in seats and money alike."""
    growth = properties.get("growth")
    if isinstance(growth, float):
        properties = {"arr": round(customer.arr * growth), "seats": max(3, round(customer.seats * growth))}
    return Deed(at, name, None, properties)


def _renewal(customer: Customer, start: datetime) -> Iterator[Deed]:
    """The last months of a contract year are the renewal season; who has not given notice by then renews."""
    ends = (customer.contract_end - start.date()).days
    leaves = customer.plot.leaves
    opens = ends - RENEWAL_WINDOW
    if opens > -BACKFILL and (leaves is None or opens < leaves):
        yield Deed(start + timedelta(days=opens), "account.updated", None, {"stage": "renewal"})
    at = start + timedelta(days=ends)
    if leaves is not None:
        yield Deed(at, "contract.ended", None, {})
    else:
        end = customer.contract_end + timedelta(days=365)
        yield Deed(at, "contract.renewed", None, {})
        facts = {"stage": "adoption", "contract_end": end.isoformat()}
        yield Deed(at + timedelta(seconds=1), "account.updated", None, facts)


def _invoices(rng: Random, customer: Customer, start: datetime) -> Iterator[Deed]:
    """One a month; of a hundred one bounces and is paid a few days later, as cards expire."""
    first = (customer.plot.joins or 0.0) + rng.uniform(0, 30)
    last = customer.plot.leaves if customer.plot.leaves is not None else DAYS
    due = first
    while due < last:
        at = start + timedelta(days=due)
        amount = {"amount": round(customer.arr / 12, 2)}
        if rng.random() < 0.01:
            yield Deed(at, "invoice.payment_failed", None, amount)
            at += timedelta(days=rng.uniform(1, 6))
        yield Deed(at, "invoice.paid", None, amount)
        due += 30.4
