"""Two years of many accounts, the same at every call: only `random()` and `randrange` of a seeded generator decide."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

from common.contracts.events import Event

SEED = 11
START = datetime(2024, 1, 31, 22, 30, tzinfo=UTC)
DAYS = 730
DAY_MS = 86_400_000

Draw = Callable[[Random], Mapping[str, Any]]


class Record(NamedTuple):
    """`at` is the record's time in seconds since the epoch."""

    at: float
    account_id: str
    event: Event


def records(accounts: int, events: int) -> Iterator[Record]:
    """`events` of each account, in the order of their records."""
    return merge(*(_of_one(f"account-{n:03}", events) for n in range(accounts)))


def _of_one(account_id: str, events: int) -> Iterator[Record]:
    random = Random(f"{SEED} {account_id}")
    for n, ms in enumerate(_moments(random, events)):
        at = START + timedelta(milliseconds=ms)
        name, draw = _KINDS[0] if n == 0 else _drawn(random)
        event = Event(
            event_id=f"e{n}",
            account_id=account_id,
            name=name,
            time=at - timedelta(milliseconds=_late_by(random)),
            source=f"source-{random.randrange(3)}",
            received_at=at,
            user_id=None if random.random() < 0.1 else f"user-{random.randrange(25)}",
            properties=dict(draw(random)),
            history=random.random() < 0.03,
        )
        yield Record(at.timestamp(), account_id, event)


def _moments(random: Random, count: int) -> list[int]:
    """Milliseconds since START: short gaps mostly, some long, now and then none at all.

    In whole numbers: a sum of floats is another one from Python 3.12 on.
    """
    gaps = [0 if random.random() < 0.05 else random.randrange(1_000) ** 6 for _ in range(count)]
    span = DAYS * DAY_MS * random.randrange(30, 101) // 100
    return [total * span // sum(gaps) for total in accumulate(gaps)]


def _late_by(random: Random) -> int:
    """Milliseconds from an event to its record."""
    chance = random.random()
    if chance < 0.85:
        return random.randrange(5_000)
    return random.randrange(DAY_MS if chance < 0.95 else 120 * DAY_MS)


def _drawn(random: Random) -> tuple[str, Draw]:
    return _COMMON[random.randrange(len(_COMMON))] if random.random() < 0.85 else _KINDS[random.randrange(len(_KINDS))]


def _date(random: Random) -> str:
    return f"{(START + timedelta(days=random.randrange(-200, DAYS + 200))):%Y-%m-%d}"


def _nothing(random: Random) -> Mapping[str, Any]:
    return {}


def _facts(random: Random) -> Mapping[str, Any]:
    return {
        "name": f"Name {random.randrange(9)}",
        "seats": (None, 5, 20, 60.5, "many")[random.randrange(5)] if random.random() < 0.3 else 20,
        "arr": random.randrange(1, 90) * 1_000,
        "stage": ("onboarding", "renewal", "elsewhere", None, None)[random.randrange(5)],
        "time_zone": ("Asia/Tokyo", "America/St_Johns", "UTC", "Mars/Olympus")[random.randrange(4)],
        "contract_start": _date(random),
        "contract_end": _date(random),
    }


def _contract(random: Random) -> Mapping[str, Any]:
    return {"arr": random.randrange(90_000), "seats": random.randrange(1, 60), "contract_end": _date(random)}


def _ticket(random: Random) -> Mapping[str, Any]:
    return {
        "ticket": f"T-{random.randrange(40)}",
        "severity": (1, 2, 4, 0.5, "grave", -3)[random.randrange(6)],
        "hours": (0.25, 8, 100, "long")[random.randrange(4)],
    }


def _feature(random: Random) -> Mapping[str, Any]:
    return {"feature": f"feature-{random.randrange(15)}", "integration": f"system-{random.randrange(3)}"}


def _answer(random: Random) -> Mapping[str, Any]:
    return {"score": random.randrange(11)}


def _step(random: Random) -> Mapping[str, Any]:
    steps = ("kickoff", "sso_live", "first_value", "review-1", "review-2", "goal")
    size = (1, 2.5, 0, "large")[random.randrange(4)]
    return {"step": steps[random.randrange(6)], "due": f"{_date(random)}T12:00:00+09:00", "size": size}


_KINDS: tuple[tuple[str, Draw], ...] = (
    ("account.updated", _facts),
    ("contract.changed", _contract),
    ("nps.answered", _answer),
    ("nps.answered", _answer),
    ("milestone.planned", _step),
    ("milestone.reached", _step),
    ("contract.cancel_requested", _nothing),
    ("contract.downgrade_requested", _nothing),
    ("contract.renewed", _nothing),
    ("contract.ended", _nothing),
    ("invoice.payment_failed", _nothing),
    ("invoice.paid", _nothing),
    ("champion.left", _nothing),
    ("goal.reached", _nothing),
    ("page.viewed", _nothing),
    ("csat.answered", _answer),
    ("review.held", _nothing),
    ("integration.synced", _feature),
    ("ticket.reopened", _ticket),
    ("ticket.resolved", _ticket),
    ("email.sent", _nothing),
    ("email.opened", _nothing),
    ("email.clicked", _nothing),
    ("seminar.attended", _nothing),
    ("community.posted", _nothing),
    ("community.answered", _nothing),
)
_COMMON: tuple[tuple[str, Draw], ...] = (
    ("session.started", _nothing),
    ("session.started", _nothing),
    ("report.created", _nothing),
    ("workflow.run", _nothing),
    ("feature.used", _feature),
    ("ticket.opened", _ticket),
)
