"""Announcements go to scoring over HTTP: the oldest first, once each, and again until scoring has taken them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from common.keys import KeyStore, Scope
from ingest.sources.announcement import paused, resumed
from ingest.sources.metrics import SourceMetrics
from ingest.sources.outbox import AnnouncementOutbox
from ingest.sources.relay import AnnouncementRelay, FilingOutcome
from ingest.sources.scoring_client import ScoringClient
from ingest.sources.store import AnnouncementStatus, SourceStore
from support.announcements import KEY, AnnouncementSink
from support.source_rows import rows

SINCE = datetime(2026, 11, 29, 6, 0, tzinfo=UTC)


def test_what_is_filed_is_what_scoring_expects() -> None:
    assert paused("web", SINCE).encoded() == (
        '{"id":"eda3b85c-284e-5e85-9a9f-995684fcc936","kind":"feed.paused","source":"web","since":"2026-11-29T06:00:00Z"}'
    )
    assert resumed("web", SINCE).encoded() == (
        '{"id":"231dbf85-739d-5aeb-ac72-38da98da47db","kind":"feed.resumed","source":"web"}'
    )


def test_an_id_is_that_of_the_source_the_kind_and_the_hour() -> None:
    same = paused("web", SINCE + timedelta(minutes=59))
    assert same.id == paused("web", SINCE).id
    others = [paused("web", SINCE + timedelta(hours=1)), paused("app", SINCE), resumed("web", SINCE)]
    assert len({same.id, *(each.id for each in others)}) == 4


@pytest.fixture
async def scoring() -> AsyncIterator[AnnouncementSink]:
    async with AnnouncementSink().listening() as sink:
        yield sink


class Relay:
    def __init__(self, pool: AsyncEngine, scoring: AnnouncementSink, key: str = KEY) -> None:
        self.pool = pool
        self.store = SourceStore(pool, announces=True)
        self.registry = CollectorRegistry()
        self.client = ScoringClient(scoring.url, key)
        self.relay = AnnouncementRelay(AnnouncementOutbox(pool), self.client, SourceMetrics(self.registry), every=0.01)
        self.stop = asyncio.Event()

    async def run(self, outcome: FilingOutcome, count: int = 1) -> None:
        """Until so many attempts had this outcome."""
        running = asyncio.create_task(self.relay.run(self.stop))
        async with asyncio.timeout(60):
            while self.count(outcome) < count:  # noqa: ASYNC110 - it is asked
                await asyncio.sleep(0.01)
        self.stop.set()
        await running
        await self.client.close()

    def count(self, outcome: FilingOutcome) -> float:
        return self.registry.get_sample_value("churn_ingest_announcements_total", {"outcome": outcome.value}) or 0

    async def waiting(self) -> list[str]:
        return [row["id"] for row in await rows(self.pool, "SELECT id FROM ingest.announcement_outbox ORDER BY n")]


@pytest.mark.servers
async def test_a_pause_and_its_end_are_filed_in_order_by_two_relays(
    pool: AsyncEngine, scoring: AnnouncementSink
) -> None:
    relays = [Relay(pool, scoring), Relay(pool, scoring)]
    await relays[0].store.pause("web", since=SINCE)
    await relays[0].store.resume("web", since=SINCE)
    stops = [asyncio.create_task(each.relay.run(each.stop)) for each in relays]
    async with asyncio.timeout(60):
        while len(scoring.taken) < 2 or await relays[0].waiting():  # noqa: ASYNC110 - it is asked
            await asyncio.sleep(0.01)
    for each in relays:
        each.stop.set()
    await asyncio.gather(*stops)
    assert [body["kind"] for body in scoring.asked] == ["feed.paused", "feed.resumed"]
    (state,) = await rows(pool, "SELECT announcement_id, filed_at FROM ingest.source_state")
    assert state["announcement_id"] == resumed("web", SINCE).id
    assert state["filed_at"] is not None
    for each in relays:
        await each.client.close()


@pytest.mark.servers
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (503, FilingOutcome.BUSY),
        (429, FilingOutcome.BUSY),
        (403, FilingOutcome.KEY_REFUSED),
        # A scoring that is older than its ingest.
        (404, FilingOutcome.NO_ROUTE),
        # A proxy that sends everybody elsewhere.
        (302, FilingOutcome.NO_ROUTE),
    ],
)
async def test_what_scoring_does_not_take_now_is_kept_and_filed_later(
    pool: AsyncEngine, scoring: AnnouncementSink, status: int, outcome: FilingOutcome
) -> None:
    scoring.status = status
    await SourceStore(pool, announces=True).pause("web", since=SINCE)
    await Relay(pool, scoring).run(outcome)
    (row,) = await rows(pool, "SELECT attempts, retry_at > now() AS later FROM ingest.announcement_outbox")
    assert (row["attempts"], row["later"]) == (1, True)
    scoring.status = 202
    # Another process, after a restart.
    await Relay(pool, scoring).run(FilingOutcome.FILED)
    assert [body["id"] for body in scoring.taken] == [paused("web", SINCE).id]


@pytest.mark.servers
async def test_pauses_between_attempts_double_up_to_five_minutes(pool: AsyncEngine) -> None:
    outbox, pauses = AnnouncementOutbox(pool), []
    await SourceStore(pool, announces=True).pause("web", since=SINCE)
    for _ in range(10):
        claimed = await outbox.claim()
        assert claimed is not None
        assert await outbox.claim() is None, "nobody else has it meanwhile"
        await outbox.retry(claimed)
        (row,) = await rows(
            pool, "SELECT extract(epoch FROM retry_at - now())::float AS pause FROM ingest.announcement_outbox"
        )
        pauses.append(row["pause"])
        async with pool.begin() as connection:
            await connection.execute(text("UPDATE ingest.announcement_outbox SET retry_at = now()"))
    assert pauses == pytest.approx([2, 4, 8, 16, 32, 64, 128, 256, 300, 300], abs=1.5)


@pytest.mark.servers
async def test_a_scoring_that_is_not_there_is_asked_again(pool: AsyncEngine) -> None:
    async with AnnouncementSink().listening() as gone:
        pass
    await SourceStore(pool, announces=True).pause("web", since=SINCE)
    relay = Relay(pool, gone)
    await relay.run(FilingOutcome.UNREACHABLE)
    assert await relay.waiting() == [paused("web", SINCE).id]


@pytest.mark.servers
async def test_what_scoring_will_never_take_is_given_up_and_holds_up_nothing(
    pool: AsyncEngine, scoring: AnnouncementSink
) -> None:
    scoring.status = 422
    await KeyStore(pool, schema="ingest").create(source="web", scopes=frozenset({Scope.WRITE}))
    await SourceStore(pool, announces=True).pause("web", since=SINCE)
    relay = Relay(pool, scoring)
    await relay.run(FilingOutcome.REFUSED)
    assert await relay.waiting() == []
    (web,) = await relay.store.sources()
    assert web.announcement is AnnouncementStatus.REFUSED


@pytest.mark.servers
async def test_without_an_address_of_scoring_nothing_waits(pool: AsyncEngine) -> None:
    assert await SourceStore(pool, announces=False).pause("web", since=SINCE)
    assert await AnnouncementOutbox(pool).claim() is None
