"""Named by what the person at the terminal does about them.

BacktestError
├── InvalidRecording   correct the file: which one, which line, which column
├── UnreadableCard     name a card that is there
├── MissingPackages    install the extra [analysis], or leave out what needs it
└── TooFewEvents       bring more data: a longer time, or more accounts
"""

from pathlib import Path


class BacktestError(Exception):
    """Its text is one line for a person."""


class InvalidRecording(BacktestError):
    """`line` counts from 1, as editors do; None for the whole file."""

    def __init__(self, path: Path, reason: str, *, line: int | None = None) -> None:
        super().__init__(f"{path}{'' if line is None else f':{line}'}: {reason}")


class UnreadableCard(BacktestError):
    def __init__(self, path: Path, reason: Exception) -> None:
        super().__init__(f"{path}: cannot be read: {reason}")


class MissingPackages(BacktestError):
    def __init__(self, package: str, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs {package}: make analysis, or pip install 'churn-signals-scoring[analysis]'"
        )


class TooFewEvents(BacktestError):
    pass
