"""KPIs as a file for spreadsheets: customers' words in it are text, and numbers are numbers."""

import csv
from datetime import UTC, date, datetime
from io import StringIO

import pytest

from scoring.api.kpi_answers import KpiGroup, Kpis, KpiSpan, as_csv, definition
from scoring.kpis.kpi import Figure
from scoring.kpis.kpi_list import KPIS
from scoring.kpis.kpi_report import Grouping

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def only_row(group: str, value: float) -> dict[str, str]:
    kpi = KPIS[0]
    answer = Kpis(
        kpis=(definition(kpi),),
        spans=(KpiSpan(date(2026, 3, 1), NOW.date(), (KpiGroup(group, 2, {kpi.name: Figure(value)}),), False),),
        by=Grouping.SEGMENT,
        known_at=None,
        read_at=NOW,
        as_of=NOW,
        held=None,
    )
    (row,) = csv.DictReader(StringIO(as_csv(answer).removeprefix("\ufeff"), newline=""))
    return row


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_group_of_the_file_is_a_formula(first: str) -> None:
    assert only_row(f"{first}SUM(A1)", 1.0)["group"] == f"'{first}SUM(A1)"


def test_a_negative_figure_of_the_file_is_a_number() -> None:
    row = only_row("mid", -0.25)
    assert (row["group"], row["value"]) == ("mid", "-0.25")
