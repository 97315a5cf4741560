"""Who decided to leave, and when: a CSV file with the columns account_id and churned_at."""

from collections.abc import Iterator
from pathlib import Path

from scoring.backtest.errors import InvalidRecording
from scoring.backtest.recordings.text_files import CsvTable, open_text
from scoring.health.moments import parse_moment

ACCOUNT, CHURNED_AT = "account_id", "churned_at"


def read_decisions(path: Path) -> Iterator[tuple[str, float]]:
    """(account, UTC moment) of each row whose churned_at is not empty: RFC 3339 or a date. Other columns do not matter.

    Raises `InvalidRecording`.
    """
    with open_text(path) as text:
        table = CsvTable(path, text)
        account, churned_at = table.index_of(ACCOUNT), table.index_of(CHURNED_AT)
        for line, fields in table.rows():
            if not fields[churned_at]:
                continue
            at = parse_moment(fields[churned_at])
            if at is None:
                reason = f"{CHURNED_AT} '{fields[churned_at]}' is neither RFC 3339 nor a date"
                raise InvalidRecording(path, reason, line=line)
            yield fields[account], at
