"""Reads ids of accounts, people and events, as databases and data frames write them. Pure."""

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from ingest.importing.errors import BadCell, CellErrorReason
from ingest.importing.values import is_empty

# What database clients and data frames write into a text for no value. As a value of a property each may be meant.
_NO_ID: Final = frozenset(["NULL", "null", "NaN", "nan", "None"])
_WITH_DECIMAL: Final = re.compile(r"(0|[1-9]\d*)\.0\Z", re.ASCII)
# Longer numbers are made to be unique, such as those that begin with a time.
_SHORT_NUMBER: Final = re.compile(r"\d{1,12}(\.0)?\Z", re.ASCII)


class IdForm(StrEnum):
    """How the ids of a column are read."""

    AS_IT_IS = "as it is"
    WHOLE = "4711.0 is read as 4711"
    # Two tables have the same numbers.
    SERIAL = "of the number and the import's name (verbatim: --map id=event_id)"


def form_of(samples: Iterable[Any], *, may_be_serial: bool) -> IdForm:
    """The form of a column, by values that are all alike. Data frames write 4711.0 where other cells are empty."""
    texts = [_text(cell) for cell in samples if not is_no_id(cell)]
    if may_be_serial and texts and all(text and _SHORT_NUMBER.match(text) for text in texts):
        return IdForm.SERIAL
    if texts and all(text and _WITH_DECIMAL.match(text) for text in texts):
        return IdForm.WHOLE
    return IdForm.AS_IT_IS


def is_no_id(cell: Any) -> bool:
    return is_empty(cell) or (isinstance(cell, str) and cell.strip() in _NO_ID)


def read_id(cell: Any, form: IdForm) -> str | None:
    """None if the cell is empty. Raises `BadCell`."""
    if is_no_id(cell):
        return None
    text = _text(cell)
    if text is None:
        raise BadCell(CellErrorReason.BAD_VALUE, f"expected a text or a whole number, not {str(cell)[:40]}")
    return text if form is IdForm.AS_IT_IS else _WITH_DECIMAL.sub(r"\1", text)


def _text(cell: Any) -> str | None:
    """Whole numbers are taken as their digits: many ids are numbers, and typed columns may have 4711.0 for 4711."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, UUID):
        return str(cell)
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool) and cell % 1 == 0:
        return str(int(cell))
    return None
