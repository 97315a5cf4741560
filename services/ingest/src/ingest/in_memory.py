"""Ingest without sockets, on a log and keys in memory, for tests. It needs httpx."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from common.bus.memory import MemoryBroker
from common.bus.ports import Record
from common.contracts.events import Event, decode_events_record
from common.erasures.erasure_key import ErasureKey
from common.health_endpoints import Readiness
from common.keyring import Keyring
from common.memory_keys import MemoryKeys
from common.topics import TimeMode, Topics
from ingest import app
from ingest.app import EventsFastPath
from ingest.erasures.erased_accounts import ErasedAccounts
from ingest.erasures.memory_store import MemoryErasureStore
from ingest.erasures.routes import erasure_routes
from ingest.erasures.service import ErasureAnnouncer, ErasureService
from ingest.events.event_names import EventNames
from ingest.events.post_events import PostEventsHandler
from ingest.metrics import IngestMetrics
from ingest.publishing.producer_supervisor import ProducerSupervisor
from ingest.publishing.publisher import Publisher
from ingest.receiving.bounds import BOUNDS, Bounds
from ingest.receiving.rate_limit import KeyRateLimiter, RateLimit
from ingest.receiving.request_body import BodyMemory

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
PARTITIONS = 4
ERASURE_KEY = ErasureKey("a key of thirty-two characters, at least")


@dataclass
class Ingest:
    """`app` is the ASGI application. `http` asks it, with a key of the source "web" unless a request has another."""

    app: EventsFastPath
    http: httpx.AsyncClient
    broker: MemoryBroker
    keys: MemoryKeys
    clock: list[float]
    erasures: ErasureService
    erasure_store: MemoryErasureStore

    async def post(
        self, body: bytes | list[Any] | dict[str, Any] | AsyncIterator[bytes], url: str = "/v1/events", **headers: str
    ) -> httpx.Response:
        """Header names have underscores instead of hyphens."""
        content = json.dumps(body).encode() if isinstance(body, list | dict) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(url, content=content, headers={"content-type": "application/json", **named})

    def records(self) -> list[Record]:
        topic = Topics("").events
        return [record for number in range(PARTITIONS) for record in self.broker.records(topic, number)]

    def events(self) -> list[Event]:
        found = [decode_events_record(record.value or b"") for record in self.records()]
        return [event for event in found if isinstance(event, Event)]

    async def metric(self, line: str) -> float:
        """The value of a line of /metrics, given its name and labels."""
        shown = (await self.http.get("/metrics")).text.splitlines()
        return next(float(text.removeprefix(f"{line} ")) for text in shown if text.startswith(f"{line} "))


@asynccontextmanager
async def in_memory(
    *,
    mode: TimeMode = TimeMode.WALL,
    bounds: Bounds = BOUNDS,
    rate: RateLimit | None = None,
    memory_bytes: int = 100_000_000,
    body_seconds: float = 10.0,
    ack_seconds: float = 10.0,
    unacked_bytes: int = 100_000_000,
) -> AsyncIterator[Ingest]:
    """Ingest and its log take the time to be `NOW`. `Ingest.clock` is the clock of the rate limit and the keys."""
    broker, keys, clock = MemoryBroker(clock=NOW.timestamp), MemoryKeys(), [0.0]
    producer = broker.producer(deadline=ack_seconds, max_pending_bytes=unacked_bytes)
    names = Topics("")
    supervisor = ProducerSupervisor(
        broker.admin(), producer, names, mode=mode, partitions=PARTITIONS, replication=1, retention_days=35
    )
    registry, memory = CollectorRegistry(), BodyMemory(memory_bytes)
    keyring = Keyring(keys, miss_ttl=0, clock=lambda: clock[0])
    metrics = IngestMetrics(registry)
    metrics.watch(held_bytes=lambda: memory.held, keys=lambda: len(keyring), age=lambda: keyring.age)
    event_names = EventNames(since=NOW)
    store, erased = MemoryErasureStore(now=lambda: NOW), ErasedAccounts(ERASURE_KEY)
    erasures = ErasureService(
        store,
        ErasureAnnouncer(producer, topic=names.events, mode=mode),
        erased,
        key=ERASURE_KEY,
        partitions=PARTITIONS,
    )
    handler = PostEventsHandler(
        keys=keyring,
        limiter=KeyRateLimiter(rate, clock=lambda: clock[0]),
        memory=memory,
        publisher=Publisher(producer, topic=names.events, partitions=PARTITIONS, mode=mode),
        names=event_names,
        metrics=metrics,
        bounds=replace(bounds, limits_age=mode is TimeMode.WALL),
        body_seconds=body_seconds,
        erased=erased,
        now=lambda: NOW,
    )
    readiness = Readiness(
        {"log": supervisor.not_ready_reason, "keys": keyring.not_ready_reason, "posts": handler.not_ready_reason}
    )
    routes = erasure_routes(erasures, keyring, retention_days=35, mode=mode)
    built = app.build(handler, routes, names=event_names, keys=keyring, readiness=readiness, registry=registry)
    bearer = {"authorization": f"Bearer {keys.create()}"}
    stop = asyncio.Event()
    supervising = asyncio.create_task(supervisor.run(stop))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(built), base_url="http://ingest", headers=bearer
    ) as http:
        yield Ingest(built, http, broker, keys, clock, erasures, store)
    stop.set()
    await supervising
