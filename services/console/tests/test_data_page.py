"""The data page over the real APIs of ingest and scoring: whether what the other pages show can be trusted."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx
import pytest
from msgspec import Struct

from common.database import engine
from common.keys import KeyStore, Scope
from common.topics import TimeMode
from console.clients.ingest import HourOfSource
from console.pages.data.volume_plot import HEIGHT, volume_plot
from ingest.errors import FieldError, FieldErrorReason
from ingest.in_memory import NOW, Ingest, in_memory
from ingest.rejects.rejected import Rejected
from ingest.sources.store import SourceStore
from ingest.sources.volumes import HourCounts, HourKey
from support.cards import SMALL
from support.console import AWAY, ConsoleSite, console_site
from support.portfolio_double import SCRIPT
from support.scoring_api import scoring_api
from support.scoring_harness import START, event, scoring_harness
from support.source_rows import heard


class Watched(Struct, frozen=True):
    site: ConsoleSite
    ingest: Ingest
    browser: httpx.AsyncClient

    async def page(self, path: str = "/data") -> str:
        answer = await self.browser.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text


def reject(number: int, *, source: str = "web", reason: str = "no_account", label: str = "Opened") -> Rejected:
    return Rejected(
        at=NOW - timedelta(minutes=number),
        source=source,
        key_id="k1",
        format="segment",
        label=label,
        reason=reason,
        errors=(FieldError("account_id", FieldErrorReason.NO_ACCOUNT, "the message names no account"),),
        message_id=f"m-{number}",
        dead_letter=f"0:{number}",
    )


@pytest.fixture
async def watched(database: str) -> AsyncIterator[Watched]:
    """Ingest with the sources `web` (usual), `app` (silent) and `old` (low); scoring that has seen odd events."""
    pool = engine(database, pool_size=2)
    await KeyStore(pool, schema="ingest").create(source="web", scopes=frozenset({Scope.WRITE}))
    await heard(pool, "web", last=NOW - timedelta(minutes=1))
    await heard(pool, "app", last=NOW - timedelta(hours=4))
    await heard(pool, "old", last=NOW - timedelta(hours=7))
    await heard(pool, "old", last=NOW, weeks=1, count=0)
    hour = HourKey("web", NOW.replace(minute=0, second=0) - timedelta(hours=2))
    refused = HourCounts(refused=Counter({FieldErrorReason.BAD_TIME: 300}))
    await SourceStore(pool, announces=False).add({hour: refused})
    async with (
        in_memory(database_url=database) as ingest,
        scoring_harness(database, SMALL, mode=TimeMode.STREAM) as harness,
        scoring_api(harness) as api,
    ):
        key = ingest.keys.create(scopes=frozenset({Scope.READ}))
        await harness.post(
            event("acme/1", "sesion.started", START, user_id="ann"),
            event("birch", "nps.answered", START, user_id="bob", properties={"score": SCRIPT}),
        )
        await harness.tick(START + 600)
        await harness.score()
        await api.active_card.read()
        async with console_site(
            database,
            scoring=httpx.ASGITransport(api.app),
            scoring_key=api.token,
            ingest=httpx.ASGITransport(ingest.app),
            ingest_key=key,
        ) as site:
            browser = await site.signed_in("dana@example.com")
            yield Watched(site, ingest, browser)
            await browser.aclose()
    await pool.dispose()


def row_of(page: str, name: str) -> str:
    (row,) = [one for one in page.split("<tr") if f"<bdi>{name}</bdi></a></th>" in one]
    return row


async def test_what_speaks_against_the_numbers_stands_on_top(watched: Watched) -> None:
    page = await watched.page()
    findings = page[page.index('id="findings"') : page.index("</ul>", page.index('id="findings"'))]
    for expected in (
        "Time is that of the events here (stream mode): the figures are of",
        "The source app is silent since",
        "The source old sends less than usual",
        "Of the source web 300 items were refused in a day (11%).",
    ):
        assert expected in unescape(findings), expected
    assert findings.index("app is silent") < findings.index("old sends less")


async def test_each_source_is_shown_against_what_is_usual(watched: Watched) -> None:
    page = await watched.page()
    web = row_of(page, "web")
    for expected in ("as usual", "100 of 100", "2,400 of 2,400", "bad_time 300"):
        assert expected in web, expected
    assert "no active key" not in web
    app = row_of(page, "app")
    assert ">silent<" in app
    assert "0 of 100" in app
    assert "no active key" in app


async def test_a_source_has_its_hours_as_a_plot_with_words_and_by_day(watched: Watched) -> None:
    page = await watched.page("/data?source=app")
    assert re.search(
        r'aria-label="app: 33,[0-9]{3} events in 14 days, usual are [0-9,]+; at most 100 in an hour."', page
    )
    assert page.count('class="usual" d="M') == 1
    assert "Jan 31, 2026" in page
    assert "No source has this name." in await watched.page("/data?source=nobody")
    assert len(page.encode()) < 150_000


async def test_names_that_count_for_nothing_are_listed_with_the_nearest_one(watched: Watched) -> None:
    page = await watched.page()
    unused = page[page.index("Nothing listens to") : page.index("Awaited in vain")]
    assert "<bdi>sesion.started</bdi>" in unused
    assert "session.started" in unused
    assert 'href="/accounts/acme%2F1"' in unused
    awaited = page[page.index("Awaited in vain") : page.index("Values that no metric could use")]
    assert "<bdi>ticket.opened</bdi>" in awaited
    # Nobody has to send these.
    assert "event.retracted" not in awaited
    unusable = page[page.index("Values that no metric could use") :]
    assert "nps.answered: score" in unusable
    assert "&lt;script&gt;" in unusable


async def test_rejects_are_filtered_and_paged_by_the_address(watched: Watched) -> None:
    await watched.ingest.rejects.insert([reject(number) for number in range(40)])
    await watched.ingest.rejects.insert([reject(1, source="app", reason="too_old", label=SCRIPT)])
    page = await watched.page()
    assert page.count("the message names no account") == 30
    assert "<script" not in page
    older = unescape(page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0])
    assert older.startswith("/data?before=")
    # What is posted and not the paging alone: the second page has the rest.
    assert (await watched.page(older.removesuffix("#rejects"))).count("the message names no account") == 11
    only = await watched.page("/data?source=app&reason=too_old")
    assert only.count("the message names no account") == 1
    assert "&lt;script&gt;" in only
    assert "There are none." in (await watched.page("/data?reason=empty")).partition('id="rejects"')[2]


@pytest.mark.parametrize("query", ["source=A%20B", "reason=%3Cb%3E", "before=0", "before=x"])
async def test_an_address_that_cannot_be_is_answered_with_what_is_wrong(site: ConsoleSite, query: str) -> None:
    browser = await site.signed_in("dana@example.com")
    answer = await browser.get(f"/data?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.text
    await browser.aclose()


async def test_one_service_that_is_away_is_named_and_leaves_the_rest(database: str) -> None:
    async with in_memory(database_url=database) as ingest:
        key = ingest.keys.create(scopes=frozenset({Scope.READ}))
        transport = httpx.ASGITransport(ingest.app)
        async with console_site(database, scoring=AWAY, ingest=transport, ingest_key=key) as site:
            browser = await site.signed_in("dana@example.com")
            page = (await browser.get("/data")).text
            assert "The scoring service does not answer." in page
            assert "The ingest service does not answer." not in page
            assert "No source has a key yet." in page
            # Nobody may take silence for good news.
            assert 'id="nothing-against"' not in page
            await browser.aclose()


async def test_without_any_service_the_page_is_503(site: ConsoleSite) -> None:
    browser = await site.signed_in("dana@example.com")
    assert (await browser.get("/data")).status_code == 503
    await browser.aclose()


def test_hours_without_events_are_at_the_bottom_of_the_plot() -> None:
    now = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
    last = now.replace(minute=0)
    plot = volume_plot([HourOfSource(last, 10, None), HourOfSource(last - timedelta(days=1), 5, None)], now=now)
    heights = [float(point.split()[1]) for point in plot.came.removeprefix("M").split("L")]
    assert len(heights) == 14 * 24
    assert (heights[0], heights[-1], heights[-25]) == (HEIGHT - 2, 2, HEIGHT / 2)
    assert plot.usual == ""
    assert [(day.events, day.expected) for day in plot.days] == [(10, None), (5, None)]
