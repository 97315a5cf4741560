"""What the latency part's figures are called. Pure."""

from msgspec import Struct

from bench.results import TIMES, Mark, Row
from bench.series import percentile

MARKS = {"p50": Mark(goal=20, at_most=True), "p99": Mark(goal=150, at_most=True)}
SHARES = {"p50": 0.5, "p99": 0.99}


class Waits(Struct, frozen=True):
    """Milliseconds from the 202."""

    signal: list[float]
    slack: list[float]
    whole: list[float]  # from the first byte of the post


def rows_of(taken: list[Waits]) -> list[Row]:
    rows = []
    for name, share in SHARES.items():
        rows += [
            _row(f"accepted to the signal in Kafka, {name}", [percentile(one.signal, share) for one in taken]),
            _row(f"accepted to Slack, {name}", [percentile(one.slack, share) for one in taken], MARKS[name]),
            _row(f"posted to Slack, {name}", [percentile(one.whole, share) for one in taken]),
        ]
    return rows


def rows_beside(ours: list[Row], theirs: list[Row], former: str) -> list[Row]:
    """The former commit's figures, which have no mark to reach, and how long ours take of theirs."""
    figures = [_row(f"{one.name}, {former}", one.values) for one in theirs]
    ratios = [
        Row(
            name=f"{one.name}, against {former}",
            unit=TIMES,
            values=[mine / other for mine, other in zip(one.values, before.values, strict=True)],
        )
        for one, before in zip(ours, theirs, strict=True)
    ]
    return [*figures, *ratios]


def _row(name: str, values: list[float], mark: Mark | None = None) -> Row:
    return Row(name=name, unit="ms", values=values, mark=mark)
