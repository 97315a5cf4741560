"""What a run is told, and what every part gets."""

import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from bench.code import Code, Codes
from bench.results import Mark, Row, load
from bench.rounds import Measured
from local.stack.temporary import TemporaryStack

USUAL_RATE = 20_000.0  # events a second, where scoring has not been measured yet


class Plan(Struct, frozen=True, kw_only=True):
    """`events` is on the scoring topic of a round, `minutes` the length of the soak."""

    place: TemporaryStack
    codes: Codes = Codes()
    rounds: int = 5
    events: int = 300_000
    minutes: float = 3.0


def row(name: str, found: Sequence[Measured], *, unit: str = "events/s", mark: Mark | None = None) -> Row:
    return Row(
        name=name,
        unit=unit,
        values=[one.rate for one in found],
        cpu=[one.cpu_per_100k for one in found],
        mark=mark,
    )


def worker_name(code: Code) -> str:
    return f"the worker, {code.name}"


def scoring_rate(code: Code) -> float:
    """Events a second of one worker, as last measured."""
    part = load("scoring")
    found = [one for one in part.rows if one.name == worker_name(code)] if part is not None else []
    return found[0].spread.median if found else USUAL_RATE


def enough(seconds: float, code: Code) -> int:
    """Events that keep one worker busy for so long, in whole thousands."""
    return math.ceil(scoring_rate(code) * seconds / 1_000) * 1_000


def stamped() -> tuple[datetime, timedelta]:
    """Two days that end an hour ago: where a topic's records get their times from."""
    return datetime.fromtimestamp(time.time() // 60 * 60, UTC) - timedelta(days=2, hours=1), timedelta(days=2)
