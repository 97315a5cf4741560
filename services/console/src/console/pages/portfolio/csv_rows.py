"""The whole filtered list as CSV. The columns have the same names in every language, for programs."""

import csv
from collections.abc import AsyncIterator, Iterable
from io import StringIO
from typing import Final

from common.csv_cells import guarded
from console.clients.scoring import AccountInList
from console.pages.portfolio.spark_line import change

COLUMNS: Final = (
    "account_id", "name", "band", "score", "change_14_days", "arr", "renewal", "owner", "stage", "tier", "status",
    "parent", "first_reason", "as_of",
)  # fmt: skip
# Excel takes a file for UTF-8 only if it begins with this.
_BYTE_ORDER_MARK: Final = "\ufeff"
_AT_ONCE: Final = 200


async def csv_text(rows: AsyncIterator[AccountInList]) -> AsyncIterator[str]:
    """In pieces. An error of the API ends the answer without its end, so that no cut file looks whole."""
    pending = [list(COLUMNS)]
    first = _BYTE_ORDER_MARK
    async for row in rows:
        pending.append(_cells(row))
        if len(pending) >= _AT_ONCE:
            yield first + _lines(pending)
            pending, first = [], ""
    yield first + _lines(pending)


def _cells(row: AccountInList) -> list[str]:
    moved = None if row.trend is None else change(row.trend, today=row.as_of.date())
    reason = row.reasons[0] if row.reasons else None
    return [
        _text(row.account_id),
        _text(row.name),
        row.band or "",
        _number(row.score),
        _number(moved),
        _number(row.arr),
        "" if row.contract_end is None else row.contract_end.isoformat(),
        _text(row.owner),
        _text(row.stage),
        _text(row.tier),
        row.status,
        _text(row.parent),
        "" if reason is None else _text(f"{reason.words} ({reason.points:+d})"),
        row.as_of.isoformat(),
    ]


def _lines(rows: Iterable[list[str]]) -> str:
    written = StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()


def _text(value: str | None) -> str:
    return guarded(value or "")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}".removesuffix(".0")
