"""What the page of the KPIs computes: cohorts, lines, the months of renewals, and that every KPI has its Japanese."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from common.contracts.signals import Band
from console.clients.kpis import DefinedKpi, GroupKpis, KpiFigure, SpanKpis
from console.clients.scoring import AccountGroup, MovedSums, PortfolioSums, SumsOfBand
from console.languages.card_names import CardNames
from console.languages.locale import Locale
from console.pages.kpis.cohorts import CohortRow, customer_retention, revenue_retention
from console.pages.kpis.kpi_words import JAPANESE, words_of
from console.pages.kpis.renewals import renewal_rows
from console.pages.kpis.trend_line import trend_line
from console.pages.kpis.view import KpiView
from scoring.kpis.kpi_list import KPIS

QUARTERS = (
    (date(2025, 7, 1), date(2025, 9, 30)),
    (date(2025, 10, 1), date(2025, 12, 31)),
    (date(2026, 1, 1), date(2026, 2, 10)),
)


def spans(**cohorts: Sequence[tuple[float | None, float, float | None]]) -> list[SpanKpis]:
    """Of each cohort (`m2025_08`) churn rate, of how many, and net revenue retention, by quarter."""
    return [
        SpanKpis(
            first,
            last,
            tuple(
                GroupKpis(
                    name[1:].replace("_", "-"),
                    0,
                    {
                        "customer_churn_rate": KpiFigure(figures[number][0], None, figures[number][1]),
                        "net_revenue_retention": KpiFigure(figures[number][2]),
                    },
                )
                for name, figures in cohorts.items()
            ),
            more_groups=False,
        )
        for number, (first, last) in enumerate(QUARTERS)
    ]


def without(asked: Sequence[SpanKpis], name: str, *numbers: int) -> list[SpanKpis]:
    """As scoring answers if no account of this cohort passes the filter at the end of these spans."""
    return [
        msgspec.structs.replace(
            span, groups=tuple(one for one in span.groups if number not in numbers or one.group != name)
        )
        for number, span in enumerate(asked)
    ]


def shares(row: CohortRow) -> list[float | None]:
    return [None if cell is None else round(cell.share, 4) for cell in row.cells]


def test_a_cohort_shrinks_by_who_leaves_from_its_first_quarter_on() -> None:
    asked = spans(
        m2025_08=[(0.1, 10, None), (1 / 3, 9, 0.5), (0.0, 6, 1.2)],
        m2025_11=[(None, 0, None), (0, 4, None), (0.25, 4, 1)],
    )
    august, november = customer_retention(asked)
    assert (august.month, august.customers, shares(august)) == (date(2025, 8, 1), 10, [0.9, 0.6, 0.6])
    assert (november.month, november.customers, shares(november)) == (date(2025, 11, 1), 4, [1.0, 0.75])
    august, november = revenue_retention(asked)
    assert (shares(august), shares(november)) == ([1.0, 0.5, 0.6], [1.0, 1.0])


def test_of_a_cohort_that_is_gone_nothing_stays() -> None:
    asked = spans(
        m2025_07=[(0.0, 2, None), (1.0, 2, 0.0), (None, 0, None)],
        m2025_08=[(1.0, 3, None), (None, 0, None), (None, 0, None)],
    )
    assert [shares(row) for row in customer_retention(asked)] == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert [shares(row) for row in revenue_retention(asked)] == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


def test_a_quarter_that_the_filter_leaves_empty_moves_no_cell_of_its_cohort() -> None:
    figures = [(0.1, 10, None), (1 / 3, 9, 0.5), (0.5, 6, 1.2)]
    complete = spans(m2025_08=figures)
    (row,) = customer_retention(without(complete, "2025-08", 1))
    assert (row.customers, shares(row)) == (10, [0.9, None, 0.45])
    (row,) = revenue_retention(without(complete, "2025-08", 1))
    assert (row.customers, shares(row)) == (10, [1.0, None, 1.2])


def test_a_cohort_begins_with_the_first_quarter_in_which_the_filter_leaves_accounts() -> None:
    """The owner of the filter took the accounts over in the second quarter."""
    asked = without(spans(m2025_08=[(0.1, 10, None), (1 / 3, 9, 0.5), (0.5, 6, 1.2)]), "2025-08", 0)
    (row,) = customer_retention(asked)
    assert (row.customers, shares(row)) == (9, [None, 0.6667, 0.3333])
    (row,) = revenue_retention(asked)
    assert (row.customers, shares(row)) == (9, [None, 1.0, 1.2])


def test_a_cohort_of_which_no_account_passes_the_filter_has_no_row() -> None:
    asked = without(spans(m2025_08=[(0.1, 10, None)] * 3, m2025_09=[(0.0, 1, None)] * 3), "2025-08", 0, 1, 2)
    assert [f"{row.month:%Y-%m}" for row in customer_retention(asked)] == ["2025-09"]


def test_without_an_arr_there_is_no_revenue_and_without_customers_no_row() -> None:
    asked = spans(m2025_07=[(0.0, 2, None), (0.0, 2, None), (0.0, 2, None)], m2026_01=[(None, 0, None)] * 3)
    assert [shares(row) for row in revenue_retention(asked)] == [[1.0, None, None]]


@pytest.mark.parametrize(
    ("kept", "level"), [(1.2, 0), (0.9996, 0), (0.99, 1), (0.85, 2), (0.65, 3), (0.5, 4), (0.49, 5), (0.0, 5)]
)
def test_a_cell_has_the_ground_of_the_number_that_it_shows(kept: float, level: int) -> None:
    (row,) = customer_retention(spans(m2025_07=[(1 - kept, 2, None)] + [(0.0, 2, None)] * 2))
    assert row.cells[0] is not None
    assert row.cells[0].level == level


def test_a_line_has_gaps_where_months_have_no_value() -> None:
    line = trend_line([1.0, 2.0, None, 3.0, 2.0])
    assert line.path == "M0 26L30 14M90 2L120 14"
    assert line.end == (120.0, 14.0)
    assert trend_line([5.0, 5.0]).path == "M0 14L120 14"
    assert trend_line([None, 5.0, None]).path == ""
    assert trend_line([]).end is None


def group(key: str | None, arr: float, at_risk: float) -> AccountGroup:
    return AccountGroup(
        key=key, name=None, accounts=2, arr=arr, arr_at_risk=at_risk, bands={Band.RED: 1, Band.GREEN: 1}
    )


def portfolio(*, arr: float, arr_at_risk: float = 0.0, **fields: Any) -> PortfolioSums:
    now = datetime(2026, 3, 31, tzinfo=UTC)
    usual: dict[str, Any] = {"accounts": 6, "bands": {}, "groups": (), "moved": MovedSums(now, {}, ()), "as_of": now}
    sums = {"arr": arr, "arr_unknown": 0, "arr_at_risk": arr_at_risk, "more_groups": False}
    return PortfolioSums(**{**usual, **sums, **fields})


def test_renewals_are_of_this_month_and_the_eleven_after_it() -> None:
    sums = portfolio(
        arr=500.0,
        groups=(group("2026-05", 400.0, 100.0), group("2027-02", 100.0, 0.0), group("2027-03", 900.0, 0.0)),
    )
    months = renewal_rows(sums, None)
    assert [str(one.month)[:7] for one in months] == [
        *(f"2026-{month:02}" for month in range(3, 13)),
        "2027-01",
        "2027-02",
    ]
    assert [one.sums.accounts for one in months] == [0, 0, 2, *[0] * 8, 2]
    may = months[2]
    # The largest month fills the bar; that of next March is beyond the table.
    assert (may.at_risk_width, may.rest_width) == (40.0, 120.0)
    assert may.sums.bands == {Band.RED: 1, Band.GREEN: 1, Band.YELLOW: 0, Band.INSUFFICIENT: 0}


def test_overdue_renewals_stand_above_the_months() -> None:
    ahead = portfolio(arr=500.0, groups=(group("2026-05", 400.0, 100.0),))
    bands = {Band.RED: SumsOfBand(2, 700.0), Band.GREEN: SumsOfBand(1, 100.0)}
    overdue, march, *_ = renewal_rows(ahead, portfolio(accounts=3, arr=800.0, arr_at_risk=700.0, bands=bands))
    assert (overdue.month, march.month) == (None, date(2026, 3, 1))
    assert (overdue.sums.accounts, overdue.sums.arr, overdue.sums.arr_at_risk) == (3, 800.0, 700.0)
    assert overdue.sums.bands == {Band.RED: 2, Band.GREEN: 1, Band.YELLOW: 0, Band.INSUFFICIENT: 0}
    # It is the largest row, so it fills the bar.
    assert (overdue.at_risk_width, overdue.rest_width) == (140.0, 20.0)


def test_cohorts_begin_with_a_whole_quarter_or_year() -> None:
    quarters = KpiView(cohorts="quarter").cohort_months(date(2026, 2, 10))
    assert (quarters[0], quarters[-1]) == (date(2024, 4, 1), date(2026, 2, 1))
    years = KpiView(cohorts="year").cohort_months(date(2026, 2, 10))
    assert (years[0], years[-1]) == (date(2022, 1, 1), date(2026, 2, 1))


def test_every_kpi_has_a_japanese_title_and_formula() -> None:
    assert set(JAPANESE) == {kpi.name for kpi in KPIS}
    assert len({words.title for words in JAPANESE.values()}) == len(JAPANESE)


def test_a_kpi_that_has_no_japanese_yet_is_marked_as_english() -> None:
    new = DefinedKpi(name="new", title="New", number=None, stage="all", unit="share", formula="a / b", source="a")
    words = words_of(new, CardNames({}), Locale.JAPANESE)
    assert (words.title, words.formula, words.english) == ("New", "a / b", True)
