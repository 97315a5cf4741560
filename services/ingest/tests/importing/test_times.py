"""Times as files write them; one that could mean two moments is refused."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ingest.importing.errors import BadCell
from ingest.importing.times import TimeForm, form_of, read_time

NINE = datetime(2026, 1, 31, 9, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-01-31T09:00:00Z", NINE),
        ("2026-01-31T10:00:00+01:00", NINE),
        (" 2026-01-31 09:00:00.000+00 ", NINE),
        # As warehouses write it.
        ("2026-01-31 09:00:00 UTC", NINE),
        ("2026-01-31 10:00:00.000 +0100", NINE),
        # A date is the beginning of its day.
        ("2026-01-31", NINE.replace(hour=0)),
        ("20260131", NINE.replace(hour=0)),
        (date(2026, 1, 31), NINE.replace(hour=0)),
        (NINE, NINE),
    ],
)
def test_a_time_that_names_its_zone_is_read(value: Any, moment: datetime) -> None:
    assert read_time(value, TimeForm.TEXT, None) == moment


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-01-31 10:00:00", NINE),
        ("2026-01-31T10:00", NINE),
        (datetime(2026, 1, 31, 10), NINE),
        ("2026-01-31", datetime(2026, 1, 30, 23, tzinfo=UTC)),
        # What names a zone keeps it.
        ("2026-01-31T09:00:00Z", NINE),
    ],
)
def test_other_times_are_read_in_the_zone_that_was_given(value: Any, moment: datetime) -> None:
    assert read_time(value, TimeForm.TEXT, BERLIN) == moment


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("1769850000", TimeForm.SECONDS),
        ("1769850000.0", TimeForm.SECONDS),
        (1769850000, TimeForm.SECONDS),
        ("1769850000000", TimeForm.MILLISECONDS),
        (1769850000000, TimeForm.MILLISECONDS),
    ],
)
def test_numbers_are_seconds_or_milliseconds_by_their_size(value: Any, form: TimeForm) -> None:
    assert form_of(["", value, None]) is form
    assert read_time(value, form, None) == NINE


def test_a_column_has_the_form_of_most_of_its_values() -> None:
    assert form_of(["1769850000", "1769850001", "2026-01-31"]) is TimeForm.SECONDS
    assert form_of([]) is TimeForm.TEXT


@pytest.mark.parametrize(
    ("value", "form", "reason"),
    [
        ("2026-01-31 10:00:00", TimeForm.TEXT, "no_zone"),
        (datetime(2026, 1, 31, 10), TimeForm.TEXT, "no_zone"),
        # The first of February or the second of January.
        ("01/02/2026", TimeForm.TEXT, "bad_time"),
        ("1.2.2026 10:00", TimeForm.TEXT, "bad_time"),
        ("yesterday", TimeForm.TEXT, "bad_time"),
        ("2026-02-30", TimeForm.TEXT, "bad_time"),
        # Excel counts days since 1900.
        ("46053.375", TimeForm.TEXT, "excel_serial"),
        ("46053", TimeForm.SECONDS, "excel_serial"),
        # Another unit than the column's would be wrong by a factor of a thousand.
        ("1769850000", TimeForm.MILLISECONDS, "bad_time"),
        ("1769850000000", TimeForm.SECONDS, "bad_time"),
        ("1769850000000000", TimeForm.MILLISECONDS, "bad_time"),
        ("1769850000", TimeForm.TEXT, "bad_time"),
        (True, TimeForm.SECONDS, "bad_time"),
        ("9" * 400, TimeForm.SECONDS, "bad_time"),
    ],
)
def test_a_time_that_nobody_can_know_is_refused(value: Any, form: TimeForm, reason: str) -> None:
    with pytest.raises(BadCell) as refused:
        read_time(value, form, None)
    assert refused.value.reason == reason
