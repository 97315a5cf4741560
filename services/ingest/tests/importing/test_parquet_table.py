"""Parquet keeps the types of its columns; it needs a package that no service has."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ingest.importing.errors import UnreadableFile
from ingest.importing.job import ImportChoices, open_job
from ingest.importing.rows import EventToPost
from ingest.importing.tables.opening import open_table


@pytest.mark.tools
def test_rows_of_a_parquet_file_become_events(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "events.parquet"
    table = arrow.table(
        {
            "account_id": [4711, 4712],
            "event": ["Session Ended", "Session Ended"],
            "time": arrow.array([datetime(2026, 1, 1, tzinfo=UTC)] * 2, arrow.timestamp("us", tz="UTC")),
            "seconds": [Decimal("12.50"), None],
            "tags": [["a"], []],
        }
    )
    parquet.write_table(table, file)

    job = open_job(file, ImportChoices())
    with job.outcomes() as (outcomes, fraction):
        events = [each for each in outcomes if isinstance(each, EventToPost)]
        assert fraction() == 1.0
    assert [each.account_id for each in events] == ["4711", "4712"]
    assert b'"time":"2026-01-01T00:00:00Z"' in events[0].body
    assert b'"properties":{"seconds":12.50,"tags":["a"]}' in events[0].body
    assert [each.row.line for each in events] == [None, None]


@pytest.mark.tools
def test_nan_clears_no_fact(tmp_path: Path) -> None:
    """A data frame has NaN where it knows nothing."""
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "accounts.parquet"
    parquet.write_table(arrow.table({"account_id": ["acme"], "arr": [float("nan")], "seats": [10.0]}), file)
    with open_job(file, ImportChoices()).outcomes() as (outcomes, _):
        (event,) = (each for each in outcomes if isinstance(each, EventToPost))
    assert b'"properties":{"seats":10.0}' in event.body


@pytest.mark.tools
def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    file = tmp_path / "events.parquet"
    file.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(UnreadableFile, match="cannot be read"), open_table(file):
        pass
