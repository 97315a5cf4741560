"""What can be wrong with a document that people write, and where.

Exception
├── InvalidDocument    correct the file: nothing was loaded (each kind of document has its own)
└── Unreadable         among readers only: already reported, go on with the next field
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import NamedTuple

from msgspec import Struct


class Place(NamedTuple):
    """Line and column as editors count them, from 1."""

    line: int
    column: int


class Finding(Struct, frozen=True):
    """One thing to correct. `where` is the path in the file (`metrics.logins.curve[1]`), or empty."""

    line: int
    column: int
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.where + ': ' if self.where else ''}{self.reason}"


class InvalidDocument(Exception):
    """The document cannot be used; `problems` are all that were found, in the order of the file."""

    def __init__(self, source_name: str, problems: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(f"{source_name}:{problem}" for problem in problems))
        self.source_name = source_name
        self.problems = problems


class Unreadable(Exception):
    """This part of the file gave no value, and why has been reported."""


class Findings:
    """Collects problems and warnings by path, so that one look at the file shows all of them."""

    def __init__(self) -> None:
        self.places: Mapping[str, Place] = {}
        self._problems: list[Finding] = []
        self._warnings: list[Finding] = []

    @property
    def problems(self) -> tuple[Finding, ...]:
        return _in_file_order(self._problems)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return _in_file_order(self._warnings)

    def problem(self, where: str, reason: str, *, place: Place | None = None) -> Unreadable:
        """Notes it, and returns what to raise if there is no going on."""
        self._problems.append(Finding(*(place or self._place(where)), where, reason))
        return Unreadable()

    def warning(self, where: str, reason: str) -> None:
        self._warnings.append(Finding(*self._place(where), where, reason))

    def _place(self, where: str) -> Place:
        """Of something that is missing, the place of what it is missing from."""
        while where and where not in self.places:
            where = where[: max(where.rfind("."), where.rfind("["), 0)]
        return self.places.get(where, Place(1, 1))


def listed(source_name: str, *, problems: tuple[Finding, ...], warnings: tuple[Finding, ...]) -> list[str]:
    """A line for each, problems first, in the form that editors and CI turn into links."""
    lines = [f"{source_name}:{problem}" for problem in problems]
    marked = (Finding(one.line, one.column, one.where, f"warning: {one.reason}") for one in warnings)
    return [*lines, *(f"{source_name}:{warning}" for warning in marked)]


def did_you_mean(word: str, known: tuple[str, ...]) -> str:
    """`, did you mean 'active_seats'?`, or nothing if no known word is near."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f", did you mean '{near[0]}'?" if near else ""


def _in_file_order(found: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda problem: (problem.line, problem.column)))
