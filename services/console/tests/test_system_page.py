"""The system page over the processes' own /readyz, /healthz and /metrics."""

import re
from collections.abc import AsyncIterator
from math import inf
from pathlib import Path

import httpx
import pytest
from msgspec import Struct

from console.clients.processes import MetricSample, ProcessState, process_state, read_samples
from console.clients.service_api import service_api
from console.errors import ServiceName
from console.pages.system.figures import PARTITION_METRICS, SOURCES, FigureName, figures, partitions
from console.pages.system.page import AWAY, NOT_READY
from ingest.in_memory import in_memory
from local.stack.processes import free_port
from support.alerts_api import alerts_api, alerts_rows
from support.console import ConsoleSite, console_site, served
from support.exposed import series
from support.process_double import ProcessDouble

DOCS = Path(__file__).parents[3] / "docs"


class Stack(Struct, frozen=True):
    site: ConsoleSite
    worker: ProcessDouble
    scoring: ProcessDouble
    browser: httpx.AsyncClient

    async def page(self, **headers: str) -> str:
        answer = await self.browser.get("/system", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
async def stack(database: str) -> AsyncIterator[Stack]:
    """Ingest and alerts are the real ones; scoring's two processes show what a test has put there."""
    worker, scoring = (
        ProcessDouble("scoring", "worker", core="compiled"),
        ProcessDouble("scoring", "api", core="interpreted"),
    )
    async with (
        in_memory(database_url=database) as ingest,
        alerts_rows(database) as rows,
        alerts_api(rows) as alerts,
        console_site(
            database,
            scoring=scoring.transport,
            alerts=httpx.ASGITransport(alerts.app),
            ingest=httpx.ASGITransport(ingest.app),
            workers=[worker.transport],
            console_runbook_url="https://wiki.example/operations",
        ) as site,
    ):
        browser = await site.signed_in("dana@example.com")
        yield Stack(site, worker, scoring, browser)
        await browser.aclose()


def row_of(page: str, name: str) -> str:
    """The row with this heading."""
    (row,) = [one for one in page.split("<tr") if f'role="rowheader">{name}</th>' in one]
    return row


async def test_each_process_is_there_with_its_version_core_and_state(stack: Stack) -> None:
    page = await stack.page()
    assert "does not answer" not in page
    for name, expected in (
        ("The scoring worker", "compiled"),
        ("The scoring service", "interpreted"),
        ("The alerts service", ">ready<"),
    ):
        assert expected in row_of(page, name), name
    # Its broker in memory is asked by nobody here, and it says so.
    assert "not ready" in row_of(page, "The ingest service")
    worker = row_of(page, "The scoring worker")
    assert "0.1.0" in worker
    assert re.search(r"[1-9][0-9]* MB", worker)


async def test_one_that_is_not_ready_says_why_and_leads_to_the_runbook(stack: Stack) -> None:
    stack.worker.reasons["database"] = "<b>cannot be reached</b>"
    page = await stack.page()
    worker = row_of(page, "The scoring worker")
    assert "not ready" in worker
    assert "database: &lt;b&gt;cannot be reached&lt;/b&gt;" in worker
    assert 'href="https://wiki.example/operations#processnotready"' in worker
    assert 'id="nothing-wrong"' not in page


async def test_partitions_have_their_ages_from_whoever_knows_them(stack: Stack) -> None:
    stack.scoring.gauge("churn_scoring_scores_age_seconds", 2.0, 1_000.0)
    stack.worker.gauge("churn_scoring_lag_seconds", 3.0, float("inf"))
    stack.worker.gauge("churn_scoring_outbox_rows", 5.0, 7.0)
    page = await stack.page()
    good, bad = row_of(page, "0"), row_of(page, "1")
    assert re.findall(r'data-label="[^"]*">([^<]*)<', good) == ["2", "–", "3", "5", "–", ""]  # noqa: RUF001
    assert "not known yet" in bad
    assert "1,000" in bad
    assert "to be looked at" in bad
    assert ">12<" in row_of(page, "Signals and dead letters in the outbox")
    assert 'id="nothing-wrong"' not in page


async def test_a_process_that_is_away_or_no_process_of_ours_is_named(database: str) -> None:
    strange = httpx.MockTransport(lambda request: httpx.Response(200, text="<html>another program</html>"))
    async with console_site(database, scoring=strange, workers=[strange]) as site:
        browser = await site.signed_in("dana@example.com")
        answer = await browser.get("/system")
        assert answer.status_code == 200
        assert answer.text.count(">does not answer</span>") == 4
        assert "docs/operations.md#scoringnotrunning" in row_of(answer.text, "The scoring worker")
        assert 'id="nothing-wrong"' not in answer.text
        await browser.aclose()


async def test_the_page_asks_without_sending_the_keys_of_services_to_workers(database: str) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization", "").strip())
        return httpx.Response(503)

    async with console_site(database, scoring_key="cs_secret", workers=[httpx.MockTransport(answer)]) as site:
        browser = await site.signed_in("dana@example.com")
        await browser.get("/system")
        await browser.aclose()
    assert set(seen) == {"Bearer"}


def state(service: ServiceName, samples: dict[str, list[MetricSample]]) -> ProcessState:
    return ProcessState(service=service, ready=True, checks={}, core=None, samples=samples)


def test_several_workers_add_up_and_the_worst_age_counts() -> None:
    workers = [
        state(
            ServiceName.SCORING_WORKER,
            {
                "churn_scoring_outbox_rows": [MetricSample({"partition": str(number)}, 2.0)],
                "churn_scoring_outbox_oldest_seconds": [MetricSample({"partition": str(number)}, 300.0 * number)],
            },
        )
        for number in (0, 1)
    ]
    found = {one.name: one for one in figures(workers)}
    assert found[FigureName.OUTBOX].value == 4.0
    assert (found[FigureName.OUTBOX_AGE].value, found[FigureName.OUTBOX_AGE].bad) == (300.0, True)
    assert (found[FigureName.UNSENT_AGE].value, found[FigureName.UNSENT_AGE].bad) == (None, False)
    assert [one.partition for one in partitions(workers)] == [0, 1]


def test_an_age_that_no_process_knows_is_no_alarm() -> None:
    ingest = state(ServiceName.INGEST, {"churn_ingest_sources_judged_age_seconds": [MetricSample({}, inf)]})
    (found,) = [one for one in figures([ingest]) if one.name is FigureName.SOURCES_AGE]
    assert (found.value, found.bad) == (inf, False)


def test_every_number_and_every_section_is_in_the_runbook() -> None:
    """A renamed metric or heading would leave the page without it, and nobody would notice."""
    operations = (DOCS / "operations.md").read_text(encoding="utf-8")
    shown = series()
    sections = {
        line.lstrip("# ").lower().replace(" ", "-") for line in operations.splitlines() if line.startswith("##")
    }
    for source in SOURCES.values():
        assert source.metric in shown
        assert source.runbook in sections
    template = (DOCS.parent / "services/console/src/console/pages/system/system.html").read_text(encoding="utf-8")
    linked = re.findall(r'section\("([^"]+)"\)', template)
    assert linked
    assert set(PARTITION_METRICS) <= set(shown)
    assert {*linked, *AWAY.values(), NOT_READY} <= sections


def test_what_is_not_the_text_format_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"could not convert"):
        read_samples("churn_ready one\n")


async def test_a_worker_is_asked_without_a_key_over_a_real_connection() -> None:
    worker, port = ProcessDouble("scoring", "worker", core="compiled"), free_port()
    asking = service_api(ServiceName.SCORING_WORKER, url=f"http://127.0.0.1:{port}", key="", seconds=5.0, connections=1)
    async with served(worker.app, port=port), asking as api:
        assert (await process_state(api)).core == "compiled"
