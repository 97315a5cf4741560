"""The portfolio over scoring's own API and tables: both sides mean the same by every field."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from common.topics import TimeMode
from support.cards import SMALL
from support.console import ConsoleSite, console_site
from support.scoring_api import Api, live, scoring_api
from support.scoring_harness import DAY, START, event, scoring_harness


@pytest.fixture
async def api(database: str) -> AsyncIterator[Api]:
    async with scoring_harness(database, SMALL, mode=TimeMode.STREAM) as harness, scoring_api(harness) as api:
        facts = {"owner": "eva@us.test", "contract_start": "2025-06-01", "contract_end": "2026-06-01", "arr": 90_000}
        await live(harness, "acme", days=20, name="Acme", **facts)
        await live(harness, "bolt", days=20, owner="tom@us.test", arr=1_000, parent="acme")
        await harness.tick(START + 20 * DAY)
        await harness.score()
        await harness.post(event("acme", "contract.cancel_requested", START + 20 * DAY + 60))
        await harness.tick(START + 20 * DAY + 120)
        await harness.score()
        await api.active_card.read()
        await api.read_kpi_entries()
        yield api


@pytest.fixture
async def site(database: str, api: Api) -> AsyncIterator[ConsoleSite]:
    transport = httpx.ASGITransport(api.app)
    async with console_site(database, scoring=transport, scoring_key=api.token) as built:
        yield built


async def test_every_part_of_the_page_is_there(site: ConsoleSite) -> None:
    browser = await site.signed_in("eva@us.test")
    page = (await browser.get("/portfolio")).text
    assert "does not answer" not in page
    for expected in ("<bdi>Acme</bdi>", "<bdi>bolt</bdi>", "90,000", "Jun 1, 2026", "Turned red", "<path d="):
        assert expected in page, expected
    owners = (await browser.get("/portfolio?group_by=owner")).text
    assert "/portfolio?owner=eva%40us.test" in owners
    parents = (await browser.get("/portfolio?group_by=parent")).text
    assert '<a href="/portfolio?parent=acme"><bdi>Acme</bdi></a>' in parents
    mine = (await browser.get("/portfolio?owner=eva%40us.test&band=red&renewal_within_days=365&sort=-arr")).text
    assert "<bdi>bolt</bdi>" not in mine
    assert "<bdi>Acme</bdi>" in mine
    await browser.aclose()


async def test_the_file_has_what_the_page_has(site: ConsoleSite) -> None:
    browser = await site.signed_in("eva@us.test")
    lines = (await browser.get("/portfolio.csv?sort=-arr")).text.splitlines()
    assert [line.partition(",")[0] for line in lines[1:]] == ["acme", "bolt"]
    await browser.aclose()


async def test_kpis_cohorts_and_renewals_are_those_of_scoring(site: ConsoleSite, api: Api) -> None:
    browser = await site.signed_in("eva@us.test")
    page = (await browser.get("/kpis?by=owner")).text
    assert "does not answer" not in page
    for kpi in (await api.get("/v1/kpis"))["kpis"]:
        assert f'id="{kpi["name"]}"' in page
    # Record times of a stream are not the wall clock's, and nobody is behind for that.
    assert "As of Mar" in page
    assert 'class="notice"' not in page
    at_risk = page[page.index('id="arr_at_risk"') :]
    assert "1 customers; ARR of all 91,000" in at_risk
    assert '<a href="/kpis?owner=eva%40us.test"><bdi>eva@us.test</bdi></a>' in page
    # A customer of last June, who is there in each of the four quarters since.
    cohort = page[page.index(">Jun 2025<") :].partition("</tr>")[0]
    assert re.findall(r'heat-(\d)">([^<]*)<', cohort) == [("0", "100.0%")] * 4
    renewals = page[page.index("Renewals ahead") :]
    june = renewals[renewals.index(">Jun 2026<") :].partition("</tr>")[0]
    assert 'data-label="Contracts">1<' in june
    assert 'data-label="ARR at risk">90,000<' in june
    assert 'data-label="red">1<' in june
    await browser.aclose()


async def test_kpis_as_they_were_known_and_of_a_filter(site: ConsoleSite) -> None:
    browser = await site.signed_in("eva@us.test")
    before = (await browser.get("/kpis?known_at=2020-01-01")).text
    assert '<td role="cell" class="amount value" data-label="Value">0<' in before[before.index('id="customers"') :]
    mine = (await browser.get("/kpis?owner=Tom%40us.test")).text
    customers = mine[mine.index('id="customers"') :].partition("</tr>")[0]
    assert 'data-label="Value">1<' in customers
    table = (await browser.get("/kpis.csv?by=owner")).text
    assert "eva@us.test" in table
    await browser.aclose()


async def test_a_span_that_scoring_refuses_is_answered_with_its_reason(site: ConsoleSite) -> None:
    browser = await site.signed_in("eva@us.test")
    answer = await browser.get("/kpis?from=2026-02-01&to=2026-01-01")
    assert answer.status_code == 422
    assert "must not be after" in answer.text
    await browser.aclose()


async def test_a_filter_that_scoring_refuses_is_answered_with_its_reason(site: ConsoleSite) -> None:
    browser = await site.signed_in("eva@us.test")
    answer = await browser.get("/portfolio?cursor=nonsense")
    assert answer.status_code == 422
    assert "next_cursor" in answer.text
    await browser.aclose()


async def test_a_key_that_scoring_refuses_is_a_service_that_is_away(database: str, api: Api) -> None:
    transport = httpx.ASGITransport(api.app)
    async with console_site(database, scoring=transport, scoring_key="cs_no_key") as site:
        browser = await site.signed_in("eva@us.test")
        assert (await browser.get("/portfolio")).status_code == 503
        await browser.aclose()
