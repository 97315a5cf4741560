"""Errors and warnings about a YAML file, each with its position and its path in the file.

Exception
├── InvalidDocument    nothing was loaded: the author has to correct the file (each kind of document has a subclass)
└── InvalidValue       internal to the rules: the error is reported already, go on with the next field
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import NamedTuple

from msgspec import Struct


class SourcePosition(NamedTuple):
    """Line and column, from 1 as in editors."""

    line: int
    column: int


class Finding(Struct, frozen=True):
    """One error or warning. `where` is the path in the file (`metrics.logins.curve[1]`); empty for the whole file."""

    line: int
    column: int
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.where + ': ' if self.where else ''}{self.reason}"


class InvalidDocument(Exception):
    """The document cannot be used. `problems` are all of its errors, in the order of the file."""

    def __init__(self, source_name: str, problems: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(f"{source_name}:{problem}" for problem in problems))
        self.source_name = source_name
        self.problems = problems


class InvalidValue(Exception):
    """This part of the file has no valid value; the reason has been reported."""


class Findings:
    """Collects all problems and warnings of one file, so that its author sees them at once."""

    def __init__(self) -> None:
        self.positions: Mapping[str, SourcePosition] = {}
        self._problems: list[Finding] = []
        self._warnings: list[Finding] = []

    @property
    def problems(self) -> tuple[Finding, ...]:
        return _in_file_order(self._problems)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return _in_file_order(self._warnings)

    def problem(self, where: str, reason: str, *, position: SourcePosition | None = None) -> InvalidValue:
        """Reports an error, and returns the exception to raise if the value cannot be used."""
        self._problems.append(Finding(*(position or self._position(where)), where, reason))
        return InvalidValue()

    def warning(self, where: str, reason: str) -> None:
        self._warnings.append(Finding(*self._position(where), where, reason))

    def _position(self, where: str) -> SourcePosition:
        # A path that is not in the file (a missing key) has the position of the nearest parent that is.
        while where and where not in self.positions:
            where = where[: max(where.rfind("."), where.rfind("["), 0)]
        return self.positions.get(where, SourcePosition(1, 1))


def format_findings(source_name: str, *, problems: tuple[Finding, ...], warnings: tuple[Finding, ...]) -> list[str]:
    """A line `file:line:column: text` for each, problems first. Editors and CI turn such lines into links."""
    lines = [f"{source_name}:{problem}" for problem in problems]
    marked = (Finding(one.line, one.column, one.where, f"warning: {one.reason}") for one in warnings)
    return [*lines, *(f"{source_name}:{warning}" for warning in marked)]


def did_you_mean(word: str, known: tuple[str, ...]) -> str:
    """`, did you mean 'active_seats'?`, or an empty text if no known word is similar."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f", did you mean '{near[0]}'?" if near else ""


def _in_file_order(found: list[Finding]) -> tuple[Finding, ...]:
    # Each once: pydantic runs the rules of a recursive model twice.
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (one.line, one.column, one.where)))
