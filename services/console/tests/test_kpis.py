"""The page of the KPIs: what it shows, what it asks, and that every state of it is in its address."""

import re
from collections.abc import AsyncIterator
from datetime import date
from html import unescape

import httpx
import pytest
from msgspec import Struct

from common.contracts.signals import Band
from console.access.roles import Role
from scoring.kpis.kpi_list import KPIS
from support.console import ConsoleSite, console_site
from support.portfolio_double import HOSTILE, SCRIPT, PortfolioDouble, listed

MINUS = "\N{MINUS SIGN}"


class Shown(Struct, frozen=True):
    site: ConsoleSite
    scoring: PortfolioDouble
    browser: httpx.AsyncClient

    async def page(self, path: str) -> str:
        answer = await self.browser.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def asked(self, **having: str) -> httpx.QueryParams:
        """The last question for KPIs with these parameters."""
        return next(
            query
            for path, query in reversed(self.scoring.asked)
            if path == "/v1/kpis" and having.items() <= dict(query).items()
        )


@pytest.fixture
async def shown(database: str) -> AsyncIterator[Shown]:
    scoring = PortfolioDouble([listed(number) for number in range(120)])
    async with console_site(database, scoring=scoring.transport) as site:
        browser = await site.signed_in("Dana@example.com")
        yield Shown(site, scoring, browser)
        await browser.aclose()


def row(page: str, name: str) -> str:
    """The line of one KPI."""
    _, found, rest = page.partition(f'<tr role="row" id="{name}">')
    assert found, name
    return rest.partition("</tr>")[0]


def links(page: str, text: str) -> list[str]:
    return [unescape(found) for found in re.findall(rf'<a href="([^"]*)"[^>]*>{re.escape(text)}</a>', page)]


async def test_every_kpi_has_its_value_its_line_and_its_definition(shown: Shown) -> None:
    page = await shown.page("/kpis")
    for kpi in KPIS:
        line = row(page, kpi.name)
        for expected in (kpi.title, kpi.formula, kpi.source):
            assert expected in unescape(line), (kpi.name, expected)
        assert ("<path d=" in line) is (kpi.name != "save_rate"), kpi.name
    retention = row(page, "net_revenue_retention")
    for expected in (
        ">5.0%<",
        "2 of 40",
        'aria-label="5.0% in Apr 2025, 16.0% in Mar 2026; lowest 5.0%, highest 16.0%"',
    ):
        assert expected in retention, expected
    assert "3 customers; ARR of all 1.2M" in row(page, "arr_at_risk")
    assert ">12.5 days<" in row(page, "time_to_value")
    assert "over 40" in row(page, "time_to_value")
    # Of nothing there is no share, and no line.
    assert ">–<" in row(page, "save_rate")  # noqa: RUF001
    assert "Not enough months" in row(page, "save_rate")
    # The team's own name of the metric.
    assert "Product and feature use: seats in use" in row(page, "use.active_seats")


async def test_stages_stand_in_the_order_of_the_lifecycle(shown: Shown) -> None:
    page = await shown.page("/kpis")
    headings = re.findall(r"<h2[^>]*>(\w+)", page)
    assert headings == ["Onboarding", "Adoption", "Expansion", "Retention", "Renewal", "Cohorts", "Renewals"]


async def test_the_page_with_everything_on_it_is_no_larger_than_it_may_be(shown: Shown) -> None:
    shown.scoring.rows = [listed(number, owner=f"somebody-{number}@example.com") for number in range(120)]
    page = await shown.page("/kpis?by=owner&cohorts=year")
    assert len(re.sub(r"<svg.*?</svg>", "", page).encode()) < 150_000
    assert "There are more groups than these 50" in page


async def test_what_the_address_names_is_asked_for_and_shown(shown: Shown) -> None:
    page = await shown.page(
        "/kpis?from=2025-10-01&to=2025-12-31&known_at=2026-01-15&tier=high&stage=renewal&owner=Eva%40example.com"
        "&segment=mid&cohort=2025-03"
    )
    common = [("tier", "high"), ("stage", "renewal"), ("owner", "Eva@example.com"), ("segment", "mid")]
    common += [("cohort", "2025-03"), ("known_at", "2026-01-15"), ("to", "2025-12-31")]
    for query in (shown.asked(**{"from": "2025-10-01"}), shown.asked(step="month"), shown.asked(by="cohort")):
        assert set(common) <= set(query.multi_items())
    assert shown.asked(step="month")["from"] == "2025-01-01"
    assert shown.asked(by="cohort")["from"] == "2024-01-01"
    filters = {
        "tier": "high",
        "stage": "renewal",
        "owner": "Eva@example.com",
        "segment": "mid",
        "cohort": "2025-03",
    }
    ahead, overdue = (dict(query) for path, query in shown.scoring.asked if path == "/v1/portfolio")
    by_month = {"renewal_within_days": "366", "group_by": "renewal_month", "groups": "20", "movers": "0"}
    assert ahead == {**filters, **by_month}
    assert overdue == {**filters, "renewal_overdue": "true", "groups": "1", "movers": "0"}
    for expected in (
        "Oct 1, 2025 to Dec 31, 2025",
        "As it was known on Jan 15, 2026.",
        'value="2025-10-01"',
        'value="high" checked',
        'value="2025-03"',
    ):
        assert expected in page, expected


async def test_an_empty_form_is_the_page_without_filters(shown: Shown) -> None:
    await shown.page("/kpis?from=&to=&known_at=&owner=&segment=&cohort=&by=&cohorts=quarter")
    assert next(dict(query) for path, query in shown.scoring.asked if path == "/v1/kpis") == {}


async def test_groups_are_a_table_with_the_columns_of_the_address(shown: Shown) -> None:
    page = await shown.page("/kpis?by=tier&kpi=customers&kpi=nps")
    asked = shown.asked(by="tier")
    assert (asked.get_list("kpi"), asked["groups"]) == (["customers", "nps"], "50")
    table = page[page.index("By group: Tier") : page.index("Onboarding: how soon")]
    assert re.findall(r'class="amount title">([^<]*)<', table) == ["Customers", "User loyalty (NPS)"]
    assert '<a href="/kpis?kpi=customers&amp;kpi=nps&amp;tier=high"><bdi>high touch</bdi></a>' in table
    assert len(re.findall(r'role="rowheader"', table)) == 3


async def test_a_group_without_a_value_leads_nowhere(shown: Shown) -> None:
    shown.scoring.rows = [listed(1, owner=None)]
    page = await shown.page("/kpis?by=owner")
    table = page[page.index("By group: Owner") : page.index("Onboarding: how soon")]
    assert "without a value" in table
    assert "<a href" not in table


async def test_cohorts_are_numbers_on_grounds(shown: Shown) -> None:
    page = await shown.page("/kpis")
    asked = shown.asked(by="cohort")
    assert asked.get_list("kpi") == ["customer_churn_rate", "net_revenue_retention"]
    months = asked.get_list("cohort")
    assert (len(months), months[0], months[-1]) == (24, "2024-04", "2026-03")
    table = page[page.index("Customers that have stayed") :]
    first = table[table.index(">Apr 2024<") : table.index(">May 2024<")]
    assert re.findall(r'heat-(\d)">([^<]*)<', first)[:2] == [("1", "95.0%"), ("2", "89.3%")]
    assert "/kpis?cohort=2024-04" in page
    years = await shown.page("/kpis?cohorts=year")
    assert ">year +4<" in years
    assert shown.asked(step="year")["from"] == "2022-01-01"


async def test_a_cohort_that_began_long_ago_is_not_drawn(shown: Shown) -> None:
    page = await shown.page("/kpis?cohort=2011-03")
    assert "No customer who matches began in these years." in page


async def test_renewals_ahead_have_their_health_and_lead_to_the_accounts(shown: Shown) -> None:
    page = await shown.page("/kpis?tier=high&cohort=2025-03&cohort=2025-04")
    table = page[page.index("Renewals ahead") :]
    april = table[table.index(">Apr 2026<") : table.index(">May 2026<")]
    rows = [one for one in shown.scoring.rows if one.contract_end and one.contract_end.month == 4]
    assert f'data-label="Contracts">{len(rows)}<' in april
    assert f'data-label="red">{sum(one.band == "red" for one in rows)}<' in april
    assert "ARR at risk" in april
    (address,) = links(page, "Show the accounts of these months")
    months = "cohort=2025-03&cohort=2025-04"
    assert address == f"/portfolio?tier=high&{months}&renewal_within_days=366&contract_end_to=2027-02-28&sort=renewal"
    portfolio = await shown.page(address)
    assert 'name="cohort" type="month" value="2025-03"' in portfolio
    assert '<input type="hidden" name="cohort" value="2025-04">' in portfolio
    for path in ("/v1/accounts", "/v1/portfolio"):
        assert shown.scoring.last(path).get_list("cohort") == ["2025-03", "2025-04"], path


async def test_every_row_of_the_renewals_leads_to_its_own_accounts(shown: Shown) -> None:
    """Today is 31 March 2026: a contract that ends today is ahead, and one of a year from tomorrow in no row."""
    ends = ("2025-12-31", "2026-03-30", "2026-03-31", "2026-04-01", "2026-04-30", "2027-02-28", "2027-03-01")
    shown.scoring.rows = [listed(n, contract_end=date.fromisoformat(end)) for n, end in enumerate(ends)]
    page = await shown.page("/kpis")
    table = page[page.index("Renewals ahead") :]
    expected = {
        "Overdue, not decided": ["Customer 0", "Customer 1"],
        "Mar 2026": ["Customer 2"],
        "Apr 2026": ["Customer 3", "Customer 4"],
        "Feb 2027": ["Customer 5"],
        "Show the accounts of these months": ["Customer 2", "Customer 3", "Customer 4", "Customer 5"],
    }
    for text, names in expected.items():
        (address,) = links(table, text)
        portfolio = await shown.page(address)
        assert re.findall(r'role="rowheader"><a href="[^"]*"><bdi>([^<]*)</bdi>', portfolio) == names, text
        if "these months" not in text:
            line = table[table.index(f">{text}<") :].partition("</tr>")[0]
            assert f'data-label="Contracts">{len(names)}<' in line, text
    # A month without a renewal leads nowhere.
    assert links(table, "May 2026") == []
    assert ">May 2026<" in table


async def test_overdue_renewals_come_first_with_their_health(shown: Shown) -> None:
    shown.scoring.rows = [
        listed(1, contract_end=date(2026, 1, 31), arr=5_000.0, band=Band.RED),
        listed(2, contract_end=date(2026, 2, 28), arr=3_000.0, band=Band.GREEN),
    ]
    page = await shown.page("/kpis?tier=high")
    first = page[page.index("Renewals ahead") :].partition("<tbody")[2].partition("</tr>")[0]
    for expected in (
        '<a href="/portfolio?tier=high&amp;renewal_overdue=true&amp;sort=renewal">Overdue, not decided</a>',
        'data-label="Contracts">2<',
        'data-label="ARR">8,000<',
        'data-label="ARR at risk">5,000<',
        'data-label="red">1<',
        'data-label="green">1<',
    ):
        assert expected in first, expected


async def test_the_file_is_that_of_scoring(shown: Shown) -> None:
    page = await shown.page("/kpis?by=owner&from=2025-10-01")
    (address,) = links(page, "Download as CSV")
    answer = await shown.browser.get(address)
    assert answer.headers["content-disposition"] == 'attachment; filename="kpis.csv"'
    assert answer.text.startswith("\ufefffrom,to,group,accounts,kpi,unit,value,part,whole")
    assert dict(shown.asked(format="csv")) == {"from": "2025-10-01", "by": "owner", "groups": "500", "format": "csv"}


async def test_without_kpis_the_renewals_are_shown_and_the_other_way_round(shown: Shown) -> None:
    shown.scoring.failing = {"/v1/kpis"}
    page = await shown.page("/kpis")
    assert "The scoring service does not answer." in page
    assert "Renewals ahead" in page
    shown.scoring.failing = {"/v1/portfolio"}
    page = await shown.page("/kpis")
    assert "The scoring service does not answer." in page
    assert "Net revenue retention" in page
    shown.scoring.failing = {"/v1/portfolio", "/v1/kpis"}
    assert (await shown.browser.get("/kpis")).status_code == 503
    assert (await shown.browser.get("/kpis.csv")).status_code == 503


async def test_without_its_months_a_kpi_has_its_value(shown: Shown) -> None:
    """The first two questions are answered, and the others are too much for scoring."""
    shown.scoring.away_after = 2
    page = await shown.page("/kpis?by=tier")
    assert "The scoring service does not answer." in page
    line = row(page, "net_revenue_retention")
    assert ">5.0%<" in line
    assert "No trend: scoring did not answer in time" in line
    assert "No customer who matches" not in page


async def test_an_address_that_cannot_be_is_named(shown: Shown) -> None:
    for query in (
        "from=yesterday",
        "to=1969-01-01",
        "by=colour",
        "cohort=2026-13",
        "cohorts=week",
        "owner=%00",
        "kpi=a&" * 13,
    ):
        answer = await shown.browser.get(f"/kpis?{query}")
        assert answer.status_code == 422, query
        assert "This address cannot be used" in answer.text


async def test_hostile_names_are_text(shown: Shown) -> None:
    shown.scoring.rows = list(HOSTILE)
    page = await shown.page("/kpis?by=owner&segment=%3Cscript%3Ealert(1)%3C/script%3E")
    assert SCRIPT not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page


async def test_in_japanese_titles_and_formulas_are(shown: Shown) -> None:
    browser = await shown.site.signed_in("eva@example.com", Role.CSM, **{"accept-language": "ja"})
    page = (await browser.get("/kpis?by=tier")).text
    for kpi in KPIS:
        line = re.sub(r'<dd lang="en">.*?</dd>', "", row(page, kpi.name))
        assert kpi.formula not in unescape(line)
        words = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"<[^>]*>", "", line)))
        assert words <= {"ARR", "NPS", "CSAT", "GRR", "NRR", "LTV", "min"}, kpi.name
    assert "利用状況：ライセンス利用率" in page  # noqa: RUF001
    assert "2026年3月" in page
    await browser.aclose()


async def test_only_who_is_signed_in_sees_it(shown: Shown) -> None:
    async with shown.site.browser() as nobody:
        for path in ("/kpis", "/kpis.csv"):
            assert (await nobody.get(path)).headers.get("location", "").startswith("/sign-in")
