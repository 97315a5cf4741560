"""What a part found, as it is written down; the report is made of this and nothing else."""

from math import isfinite
from pathlib import Path

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from bench.series import Spread, spread

TIMES = "times"  # the unit of ratios
RESULTS = Path(__file__).with_name("results")


class Mark(Struct, frozen=True):
    """What a figure should reach: at least (at most, where less is better) `goal`, and never worse than `floor`."""

    goal: float | None = None
    floor: float | None = None
    at_most: bool = False

    def verdict(self, value: float) -> str:
        if self.goal is not None and self._reaches(value, self.goal):
            return "reached"
        if self.floor is not None and self._reaches(value, self.floor):
            return "above the floor" if self.goal is not None else "reached"
        return "missed"

    def _reaches(self, value: float, line: float) -> bool:
        return value <= line if self.at_most else value >= line


class Row(Struct, frozen=True, kw_only=True):
    """One figure: what each round found. `cpu` is CPU-seconds for 100,000 events, of the process under test.

    Of a ratio (`unit` is `TIMES`) `cpu` is the ratio of those.
    """

    name: str
    unit: str
    values: list[float]
    cpu: list[float] = field(default_factory=list)
    mark: Mark | None = None

    @property
    def spread(self) -> Spread:
        return spread(self.values)


class Part(Struct, frozen=True, kw_only=True):
    """`setting` says what was run, `notes` what has to be known about the figures; `failure` is why there are none.

    `against` is the earlier commit that was measured beside today's code.
    """

    name: str
    title: str
    setting: str = ""
    against: str | None = None
    taken: str = ""
    rounds: int = 0
    seconds: float = 0.0
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failure: str | None = None


class Machine(Struct, frozen=True):
    """No names of hosts, people or places."""

    cpu: str
    cores: int
    memory: str
    kernel: str
    versions: dict[str, str]


class Whole(Struct, frozen=True):
    machine: Machine
    parts: list[Part]


def save(part: Part) -> None:
    """In the place of what the part found before. A figure that is no number is left out, and a note says so."""
    strange = [row for row in part.rows if not all(map(isfinite, [*row.values, *row.cpu]))]
    rows = [row for row in part.rows if row not in strange]
    part = replace(part, rows=rows, notes=[*part.notes, *(f"No number was found for: {row.name}." for row in strange)])
    RESULTS.mkdir(exist_ok=True)
    body = msgspec.json.format(msgspec.json.encode(part), indent=2)
    (RESULTS / f"{part.name}.json").write_bytes(body + b"\n")


def load(name: str) -> Part | None:
    file = RESULTS / f"{name}.json"
    return msgspec.json.decode(file.read_bytes(), type=Part) if file.exists() else None
