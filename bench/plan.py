"""What a run is told, and what every part gets."""

import math
import time
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from bench.results import Mark, Row, load
from bench.rounds import Measured
from local.temporary import Place

WORKER = "the worker, through the whole transaction"
USUAL_RATE = 20_000.0  # events a second, where scoring has not been measured yet


class Plan(Struct, frozen=True, kw_only=True):
    """`events` is on the scoring topic of a round, `minutes` the length of the soak."""

    place: Place
    rounds: int = 5
    events: int = 300_000
    minutes: float = 3.0


def row(name: str, found: list[Measured], *, unit: str = "events/s", mark: Mark | None = None) -> Row:
    return Row(
        name=name,
        unit=unit,
        values=[one.rate for one in found],
        cpu=[one.cpu_per_100k for one in found],
        mark=mark,
    )


def scoring_rate() -> float:
    """Events a second of one worker, as last measured."""
    part = load("scoring")
    found = [one for one in part.rows if one.name == WORKER] if part is not None else []
    return found[0].spread.median if found else USUAL_RATE


def enough(seconds: float) -> int:
    """Events that keep one worker busy for so long, in whole thousands."""
    return math.ceil(scoring_rate() * seconds / 1_000) * 1_000


def stamped() -> tuple[datetime, timedelta]:
    """Two days that end an hour ago: where a topic's records get their times from."""
    return datetime.fromtimestamp(time.time() // 60 * 60, UTC) - timedelta(days=2, hours=1), timedelta(days=2)
