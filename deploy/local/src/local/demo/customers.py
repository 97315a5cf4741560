"""Who the customers are: names, sizes, contracts, people. Invented and seeded."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from local.demo.scenarios import DAYS, SCENARIOS, Scenario

FIRST = (
    "Aster", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Garnet", "Harbour", "Indigo", "Juniper", "Kestrel",
    "Linden", "Maple", "Nimbus", "Onyx", "Pioneer", "Quartz", "Rowan", "Summit", "Tundra",
)  # fmt: skip
SECOND = (
    "Foods", "Logistics", "Health", "Energy", "Studios", "Bank", "Motors", "Textiles", "Labs", "Travel",
    "Insurance", "Robotics",
)  # fmt: skip

# Where the customers sit, and the language their people write in.
PLACES = (
    ("Europe/Berlin", "de"),
    ("Europe/London", "en"),
    ("Europe/Paris", "fr"),
    ("America/New_York", "en"),
    ("America/Los_Angeles", "en"),
    ("America/Sao_Paulo", "pt"),
    ("Asia/Tokyo", "ja"),
    ("Asia/Taipei", "zh"),
    ("Australia/Sydney", "en"),
)
OWNERS = ("dana@example.com", "eli@example.com", "mina@example.com", "theo@example.com")
HIGH_TOUCH_ARR = 24_000
LOW_TOUCH_ARR = 9_000


@dataclass(frozen=True)
class Customer:
    """An account with its contract on the first day, and the scenario that it follows."""

    account_id: str
    name: str
    tier: str
    owner: str | None
    seats: int
    arr: int
    contract_start: date
    contract_end: date
    time_zone: str
    language: str
    pulse: float  # how often its people come, against the usual
    closed: tuple[float, float]  # days between which hardly anybody works; of no length for most
    scenario: Scenario


def make_customers(rng: Random, *, first_day: date, accounts: int) -> list[Customer]:
    """`accounts` customers, the scenarios in the proportions of `SCENARIOS`, in an order that gives nothing away."""
    plots = [write(rng) for count, write in SCENARIOS.values() for _ in range(_share(count, accounts))]
    rng.shuffle(plots)
    names = [f"{first} {second}" for first in FIRST for second in SECOND]
    rng.shuffle(names)
    return [
        _customer(rng, name=name, number=number, scenario=scenario, first_day=first_day)
        for number, (name, scenario) in enumerate(zip(names, plots, strict=False), start=1)
    ]


def _share(count: int, accounts: int) -> int:
    return max(1, round(count * accounts / sum(count for count, _ in SCENARIOS.values())))


def _customer(rng: Random, *, name: str, number: int, scenario: Scenario, first_day: date) -> Customer:
    seats = min(60, max(6, round(rng.lognormvariate(2.6, 0.6))))
    arr = seats * rng.randrange(800, 1300, 20)
    tier = "high" if arr >= HIGH_TOUCH_ARR else "low" if arr >= LOW_TOUCH_ARR else "tech"
    time_zone, language = rng.choice(PLACES)
    start = _contract_start(rng, scenario, first_day)
    return Customer(
        account_id=f"cust-{number:03d}",
        name=name,
        tier=tier,
        owner=None if tier == "tech" else rng.choice(OWNERS),
        seats=seats,
        arr=arr,
        contract_start=start,
        contract_end=_contract_end(start, first_day),
        time_zone=time_zone,
        language=language,
        pulse=rng.uniform(0.55, 1.15),
        closed=_closed(rng),
        scenario=scenario,
    )


def _closed(rng: Random) -> tuple[float, float]:
    """One in three closes for a week or so: a holiday, a move, a fair."""
    begin = rng.uniform(0, DAYS)
    return begin, begin + (rng.uniform(4, 10) if rng.random() < 0.33 else 0.0)


def _contract_start(rng: Random, scenario: Scenario, first_day: date) -> date:
    """Whoever leaves gives notice some weeks before a contract year ends; the others renew at any time."""
    if scenario.joins is not None:
        return first_day + timedelta(days=int(scenario.joins))
    if scenario.leaves is not None:
        return first_day + timedelta(days=int(scenario.leaves) + rng.randrange(28, 75) - 365 * rng.choice((1, 2, 3)))
    return first_day - timedelta(days=rng.randrange(200, 900))


def _contract_end(start: date, first_day: date) -> date:
    """The end of the contract year that runs on the first day (or on the day the customer joins)."""
    end = start + timedelta(days=365)
    while end <= first_day:
        end += timedelta(days=365)
    return end
