"""Lag and age as an operator sees them: every panel of the dashboard shows data of processes at work."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from common.bus.ports import Outgoing
from local.fakes.slack_sink import SlackError
from local.stack.embedded_broker import EmbeddedBroker
from local.stack.servers import Broker
from support import prometheus
from support.alerting import HURRIED, Alerting
from support.client import bearer, happening
from support.load import loaded
from support.office import Office
from support.prometheus import Prometheus
from support.quick import QUICK
from support.starts import Start
from support.system import System, system
from support.watched import PANELS, RULES

pytestmark = pytest.mark.skipif(not prometheus.available(), reason=prometheus.MISSING)

JOBS = {"ingest": "ingest", "worker": "scoring-worker", "api": "scoring-api", "alerts": "alerts", "console": "console"}
ASKED = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
# What the mishaps of this test are: a record that nobody can read, and messages that Slack refuses for good.
TO_BE_TOLD = {"ScoringSetsAside", "AlertsWayGivenUp", "AlertsNobodyTold"}
WITHIN = 120.0


@pytest.fixture
def watched(
    embedded_broker: EmbeddedBroker, database: str, tmp_path: Path, office: Office, fork: Start
) -> Iterator[System]:
    with system(
        bootstrap=embedded_broker.bootstrap,
        broker=Broker.EMBEDDED,
        database_url=database,
        directory=tmp_path,
        start=fork,
        card=QUICK,
        # Sources are judged from the start: nobody waits here for clients that have to come back.
        more={**HURRIED, **office.settings, "INGEST_SOURCES_SETTLE_SECONDS": "0"},
    ) as made:
        yield made


@asynccontextmanager
async def watching(system: System, directory: Path) -> AsyncIterator[Prometheus]:
    """A Prometheus that asks all processes of the system."""
    targets = {job: [system.the(name).url.removeprefix("http://")] for name, job in JOBS.items()}
    made = Prometheus(directory, targets=targets)
    try:
        await asyncio.to_thread(made.wait_ready)
        yield made
    finally:
        made.stop()


@asynccontextmanager
async def mishaps(alerting: Alerting) -> AsyncIterator[None]:
    """All the time somebody posts what is refused, somebody looks, and Slack refuses a message now and then."""
    stop = asyncio.Event()
    running = asyncio.create_task(_mishaps(alerting, stop))
    try:
        yield
    finally:
        stop.set()
        await running


async def _mishaps(alerting: Alerting, stop: asyncio.Event) -> None:
    system, http = alerting.system, alerting.client.http
    broken = Outgoing(0, b"acme", b"no event")
    while not stop.is_set():
        await http.post(f"{system.ingest_url}/v1/events", json=[{"name": ""}], headers=bearer(system.keys.write))
        await alerting.client.ask("/v1/accounts")
        await alerting.ask("/v1/alerts")
        await http.get(f"{system.the('console').url}/sign-in")
        await system.append(system.deployment.topics.events, [broken])
        alerting.office.slack.plan(SlackError("channel_not_found"))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 1.0)


async def test_every_panel_shows_data_and_nothing_is_told_but_what_happened(
    watched: System, office: Office, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    alerting = Alerting(watched, office, http)
    shown: dict[tuple[str, str], list[float]] = {}
    async with office:
        await watched.up("ingest", "worker", "api", "alerts", "console")
        # A customer of a year ago: without one there is no retention to show.
        since = {"arr": 1000, "contract_start": "2020-01-01"}
        await alerting.client.posted(happening("old", "account.updated", properties=since))
        async with (
            watching(watched, tmp_path / "prometheus") as seen,
            loaded(watched, accounts=20, clients=1, pause=0.2),
            mishaps(alerting),
        ):

            async def all_show_data() -> bool:
                for title, expression in ASKED:
                    if (title, expression) not in shown and (found := await seen.numbers(http, expression)):
                        shown[title, expression] = found
                return len(shown) == len(ASKED)

            try:
                await watched.until("every panel shows data", all_show_data, seconds=WITHIN)
            finally:
                missing = [one for one in ASKED if one not in shown]
                print("without data:", *missing, sep="\n  ")  # noqa: T201 - pytest shows it if the test fails
            assert await seen.ill(http) == []

            async def sets_aside() -> bool:
                return "ScoringSetsAside" in await seen.firing(http)

            await watched.until("what was set aside is told", sets_aside, seconds=WITHIN)
            assert await seen.firing(http) <= TO_BE_TOLD
    assert len(RULES) > 40
    assert max(shown["Signals in time, 30 days", "1 - churn:signals_late:ratio30d"]) > 0.5
