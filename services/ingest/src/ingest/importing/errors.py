"""The errors of an import, named by what the person at the terminal does; and the reasons of refused rows.

ImportFailed
├── UnreadableFile   correct the file as a whole, or name another one
├── MappingRefused   name columns with --map, --skip, --as, or rename them
├── FileChanged      decide whether it is another import (--restart)
├── ChoicesChanged   correct the refused rows in the report, or begin anew (--restart)
└── MissingPackage   install what the format needs
"""

from enum import StrEnum
from pathlib import Path

from msgspec import Struct


class ImportFailed(Exception):
    """The import ends; the text is one line for the person at the terminal."""


class UnreadableFile(ImportFailed):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


class MappingRefused(ImportFailed):
    pass


class FileChanged(ImportFailed):
    pass


class ChoicesChanged(ImportFailed):
    pass


class MissingPackage(ImportFailed):
    def __init__(self, package: str, needed_for: str) -> None:
        super().__init__(f"{needed_for} needs {package}: make analysis, or pip install 'churn-signals-ingest[parquet]'")


class CellErrorReason(StrEnum):
    """Why the command refuses a row before it sends it; ingest has reasons of its own."""

    BAD_UNICODE = "bad_unicode"
    BAD_QUOTES = "bad_quotes"
    CELL_COUNT = "cell_count"
    MALFORMED = "malformed"
    NOT_AN_OBJECT = "not_an_object"
    TOO_LARGE = "too_large"
    MISSING = "missing"
    BAD_TIME = "bad_time"
    NO_ZONE = "no_zone"
    EXCEL_SERIAL = "excel_serial"
    BAD_NUMBER = "bad_number"
    BAD_VALUE = "bad_value"
    BAD_NAME = "bad_name"


class RowError(Struct, frozen=True):
    """`field` is a column of the file, or a path in the event if ingest refused it; empty for the whole row."""

    field: str
    reason: str
    detail: str


class BadCell(Exception):
    """A cell whose value is not certain; its row is refused."""

    def __init__(self, reason: CellErrorReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
