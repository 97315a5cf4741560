"""A row of a file, and what becomes of it: an event to post, or a refusal."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ingest.importing.errors import RowError


class FileRow(Struct, frozen=True, gc=False, array_like=True):
    """`number` counts rows from 1, without header and empty lines. `line` is its first line, in formats with lines.

    `cells` are in the order of the header; `others` has values whose names the header does not have.
    """

    number: int
    line: int | None
    cells: Sequence[Any]
    others: Mapping[str, Any] | None = None


class RefusedRow(Struct, frozen=True):
    """A row that is not sent. `text` is its line, if that could not be split into cells."""

    row: FileRow
    errors: tuple[RowError, ...]
    text: str = ""


class EventToPost(Struct, frozen=True, gc=False):
    """The event of a row as JSON. `at` is its time in seconds since 1970, or -infinity if it names none."""

    row: FileRow
    account_id: str
    name: str
    at: float
    body: bytes


def cell_text(cell: Any) -> str:
    """A cell as the report shows it: a text as it is, anything else as JSON."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    try:
        return msgspec.json.encode(cell).decode().strip('"')
    except (TypeError, ValueError):
        return repr(cell)
