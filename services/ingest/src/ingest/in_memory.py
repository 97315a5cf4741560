"""Ingest without sockets, on a log and keys in memory, for tests. It needs httpx."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from common.bus.memory import MemoryBroker
from common.bus.ports import Record
from common.contracts.events import Event, decode_events_record
from common.database import engine
from common.erasures.erasure_key import ErasureKey
from common.exports.account_exports import AccountExports
from common.health_endpoints import Readiness
from common.keyring import Keyring
from common.keys import KeyStore
from common.memory_keys import MemoryKeys
from common.stopping import Task
from common.token_bucket import RateLimit
from common.topics import TimeMode, Topics, TopicSettings
from ingest.aliases.merge import MOST_ALIASES, Alias, AliasesUnavailable, DecidedMerges, Merge, decide_merges
from ingest.aliases.store import AliasesVersion, StoredAliases
from ingest.assembly import assemble
from ingest.erasures.memory_store import MemoryErasureStore
from ingest.identity.known import IdentitiesUnavailable, KnownAccount
from ingest.mapping.load import load_mapping
from ingest.mapping.rules import MappingRules
from ingest.parts import Formats, IngestOptions, IngestParts
from ingest.privacy.pseudonyms import KeptPseudonyms, Pseudonyms
from ingest.receiving.bounds import BOUNDS, Bounds
from ingest.receiving.rate_limit import KeyRateLimiter
from ingest.receiving.request_body import BodyMemory
from ingest.rejects.rejected import Rejected
from ingest.rejects.store import ListedReject, RejectFilter
from ingest.sdk.paths import sdk_formats
from ingest.sources.outbox import AnnouncementOutbox
from ingest.sources.store import SourceStore
from ingest.sources.volumes import SourceVolumes
from ingest.webhooks.memory_records import MemoryStripeRecords

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
PARTITIONS = 4
NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:1/none"
ERASURE_KEY = ErasureKey("a key of thirty-two characters, at least")


@dataclass
class Ingest:
    """`app` is the ASGI application. `http` asks it, with a key of the source "web" unless a request has another."""

    app: ASGIApp
    http: httpx.AsyncClient
    broker: MemoryBroker
    keys: MemoryKeys
    clock: list[float]
    rejects: "MemoryRejects"
    stripe: MemoryStripeRecords
    identities: "MemoryIdentities"
    volumes: SourceVolumes
    erasures: MemoryErasureStore
    readiness: Readiness
    aliases: "MemoryAliases"

    async def post(
        self, body: bytes | list[Any] | dict[str, Any] | AsyncIterator[bytes], url: str = "/v1/events", **headers: str
    ) -> httpx.Response:
        """Header names have underscores instead of hyphens."""
        content = json.dumps(body).encode() if isinstance(body, list | dict) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(url, content=content, headers={"content-type": "application/json", **named})

    def records(self, topic: str = Topics("").events) -> list[Record]:
        return [record for number in range(PARTITIONS) for record in self.broker.records(topic, number)]

    def events(self) -> list[Event]:
        found = [decode_events_record(record.value or b"") for record in self.records()]
        return [event for event in found if isinstance(event, Event)]

    async def metric(self, line: str) -> float:
        """The value of a line of /metrics, given its name and labels."""
        shown = (await self.http.get("/metrics")).text.splitlines()
        return next(float(text.removeprefix(f"{line} ")) for text in shown if text.startswith(f"{line} "))


class MemoryIdentities:
    """Identities as `IdentityStore` keeps them; `away` makes every call fail."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], KnownAccount] = {}
        self.away = False

    async def read(self, space: str, ids: Collection[str]) -> Mapping[str, KnownAccount]:
        self._check()
        return {one: self._known[space, one] for one in ids if (space, one) in self._known}

    async def write(self, space: str, learned: Mapping[str, KnownAccount]) -> None:
        self._check()
        for identity, known in learned.items():
            before = self._known.get((space, identity))
            if before is None or known.at >= before.at:
                self._known[space, identity] = known

    def _check(self) -> None:
        if self.away:
            raise IdentitiesUnavailable("away")


class MemoryAliases:
    """Aliases as `AliasStore` keeps them; `away` makes every call fail."""

    def __init__(self) -> None:
        self.stored: dict[str, Alias] = {}
        self.away = False
        self._changes = 0

    async def read(self, known: AliasesVersion | None) -> StoredAliases | None:
        self._check()
        version = AliasesVersion(len(self.stored), NOW + timedelta(seconds=self._changes))
        return None if version == known else StoredAliases(version, dict(self.stored))

    async def merge(self, merges: Sequence[Merge]) -> DecidedMerges:
        self._check()
        decided = decide_merges(self.stored, merges, room=MOST_ALIASES - len(self.stored))
        self.stored |= {name: merge.alias for name, merge in decided.written.items()}
        self._changes += len(decided.written)
        return decided

    def _check(self) -> None:
        if self.away:
            raise AliasesUnavailable("away")


class MemoryRejects:
    """Rejects as `RejectStore` keeps them."""

    def __init__(self) -> None:
        self._listed: list[ListedReject] = []
        self._last = 0

    async def insert(self, rejected: Sequence[Rejected]) -> None:
        for one in rejected:
            self._last += 1
            self._listed.append(ListedReject(self._last, one))

    async def prune(self, keep: int) -> None:
        self._listed = [one for one in self._listed if one.id > self._last - keep]

    async def page(self, wanted: RejectFilter, *, limit: int) -> list[ListedReject]:
        found = [one for one in reversed(self._listed) if _matches(one, wanted)]
        return found[:limit]


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
    rules: MappingRules | None = None,
    database_url: str = NOWHERE,
    formats: Formats = sdk_formats,
    origins: Collection[str] = (),
    webhook_secrets: Mapping[str, Sequence[str]] | None = None,
    stripe: MemoryStripeRecords | None = None,
    aliases: "MemoryAliases | None" = None,
    stored_keys: KeyStore | None = None,
) -> AsyncIterator[Ingest]:
    """Ingest and its log take the time to be `NOW`. `Ingest.clock` is the clock of the rate limit and the keys.

    The answers about sources are read from `database_url`; by default nobody is there. What is counted of them stays in
    `Ingest.volumes`. Two that have the same `aliases` are two processes with one database. With `stored_keys` keys are
    checked and changed there, instead of `Ingest.keys`.
    """
    broker, keys, clock = MemoryBroker(clock=NOW.timestamp), MemoryKeys(), [0.0]
    rejects, identities, volumes = MemoryRejects(), MemoryIdentities(), SourceVolumes(now=lambda: NOW)
    pool = engine(database_url, pool_size=1)
    stripe = stripe or MemoryStripeRecords()
    erasures = MemoryErasureStore(now=lambda: NOW)
    aliases = aliases or MemoryAliases()
    parts = IngestParts(
        admin=broker.admin(),
        producer=broker.producer(deadline=ack_seconds, max_pending_bytes=unacked_bytes),
        key_table=stored_keys or KeyStore(pool, schema="ingest"),
        keys=Keyring(stored_keys or keys, miss_ttl=0, clock=lambda: clock[0]),
        identities=identities,
        aliases=aliases,
        rejects=rejects,
        sources=SourceStore(pool, announces=False),
        volumes=volumes,
        outbox=AnnouncementOutbox(pool),
        scoring=None,
        stripe=stripe,
        limiter=KeyRateLimiter(rate, clock=lambda: clock[0]),
        memory=BodyMemory(memory_bytes),
        pseudonyms=Pseudonyms(rules.privacy, b"k" * 32) if rules and rules.privacy.any else None,
        kept_pseudonyms=KeptPseudonyms(rules.privacy, b"k" * 32) if rules and rules.privacy.any else None,
        rules=rules or load_mapping("version: 1", "none"),
        registry=CollectorRegistry(),
        erasures=erasures,
        exports=AccountExports("ingest", (), lookup=None, key=None, now=lambda: NOW),
    )
    options = IngestOptions(
        topics=Topics(""),
        topic_settings=TopicSettings(mode=mode, partitions=PARTITIONS, replication=1, retention_days=35),
        body_seconds=body_seconds,
        rejects_kept=1_000,
        identity_ttl=30.0,
        erasures_seconds=5.0,
        sources_seconds=10.0,
        sources_settle=0.0,
        origins=origins,
        webhook_secrets=webhook_secrets or {},
        erasure_key=ERASURE_KEY,
        alias_ttl=0.02,
        bounds=bounds,
        now=lambda: NOW,
    )
    assembled = assemble(parts, options, formats=formats)
    bearer = {"authorization": f"Bearer {keys.create()}"}
    stop = asyncio.Event()
    running = [asyncio.create_task(_run(task, stop)) for name, task in assembled.tasks.items() if name != "sources"]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(assembled.http), base_url="http://ingest", headers=bearer
    ) as http:
        yield Ingest(
            assembled.http,
            http,
            broker,
            keys,
            clock,
            rejects,
            stripe,
            identities,
            volumes,
            erasures,
            assembled.readiness,
            aliases,
        )
    stop.set()
    await asyncio.gather(*running)
    await pool.dispose()


async def _run(task: Task, stop: asyncio.Event) -> None:
    await task(stop)


def _matches(listed: ListedReject, wanted: RejectFilter) -> bool:
    """Whether the query of `RejectStore.page` would find it."""
    one = listed.rejected
    return (
        wanted.source in (None, one.source)
        and wanted.reason in (None, one.reason)
        and wanted.format in (None, one.format)
        and (wanted.since is None or one.at >= wanted.since)
        and (wanted.before is None or listed.id < wanted.before)
    )
