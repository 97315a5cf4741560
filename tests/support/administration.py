"""The services behind the pages of administrators: their own routes, over real tables and a log in memory."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import httpx
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from common.bus.ports import Outgoing
from common.database import engine
from common.erasures.receipts import ErasureReceipts, receipt_routes
from common.health_endpoints import Readiness
from common.http_app import build_app
from common.key_routes import key_routes
from common.keyring import Keyring
from common.keys import KeyStore, Scope
from common.topics import TimeMode, Topics
from ingest.in_memory import Ingest, in_memory

_SCOPES: Final[Mapping[str, frozenset[Scope]]] = {
    "ingest": frozenset({Scope.READ, Scope.WRITE, Scope.ADMIN}),
    "scoring": frozenset({Scope.READ, Scope.ADMIN}),
    "alerts": frozenset({Scope.READ, Scope.WRITE, Scope.ADMIN}),
}
_RECEIPT: Final = """
INSERT INTO scoring.erased (partition, pseudonym, erased_at, cluster_id, fingerprint, erasure_id, at, removed)
VALUES (0, decode(md5(:id), 'hex'), 10, 'cluster', 'key', :id, 1769860800, '{"states": 1, "people": 2}')
"""


class AdministeredServices:
    """`transports` and `keys` are by service: what the console asks, and with which key."""

    def __init__(self, connected: AsyncEngine, ingest: Ingest) -> None:
        self.engine = connected
        self.ingest = ingest
        self.transports: dict[str, httpx.AsyncBaseTransport] = {}
        self.keys: dict[str, str] = {}

    def store(self, service: str) -> KeyStore:
        return KeyStore(self.engine, schema=service)

    async def set_aside(
        self, value: bytes, *, reason: str = "core_failed", partition: int = 0, attempt: int = 1
    ) -> str:
        """The position of a dead letter of scoring."""
        headers = (("reason", reason.encode()), ("attempt", str(attempt).encode()))
        record = Outgoing(partition, b"acme", value, headers)
        (ack,) = await self.ingest.broker.producer().send(Topics("").dead, [record])
        return f"{ack.partition}:{ack.offset}"

    async def scoring_reads(self, erasure_id: str) -> None:
        """What a worker of scoring writes when it has read an erasure."""
        async with self.engine.begin() as connection:
            await connection.execute(text(_RECEIPT), {"id": erasure_id})


@asynccontextmanager
async def administered(database: str) -> AsyncIterator[AdministeredServices]:
    """Keys, erasures and receipts are stored in the database; events and dead letters are in memory."""
    connected = engine(database, pool_size=5)
    async with AsyncExitStack() as closing:
        closing.push_async_callback(connected.dispose)
        async with connected.begin() as connection:
            for service in _SCOPES:
                await connection.execute(text(f"TRUNCATE {service}.api_key"))
            await connection.execute(text("TRUNCATE scoring.erased, alerts.erased"))
        stores = {service: KeyStore(connected, schema=service) for service in _SCOPES}
        ingest = await closing.enter_async_context(in_memory(stored_keys=stores["ingest"]))
        services = AdministeredServices(connected, ingest)
        services.transports["ingest"] = httpx.ASGITransport(ingest.app)
        for service in ("scoring", "alerts"):
            app = build_app(service, readiness=Readiness({}), registry=CollectorRegistry())
            ring = Keyring(stores[service], ttl=0, miss_ttl=0)
            receipts = ErasureReceipts(connected, schema=service, retention_days=35, mode=TimeMode.WALL)
            app.include_router(receipt_routes(receipts, ring))
            app.include_router(key_routes(stores[service], ring, service=service))
            services.transports[service] = httpx.ASGITransport(app)
        for service, scopes in _SCOPES.items():
            services.keys[service] = await stores[service].create(source="console", scopes=scopes)
        yield services


class AdministrationBeside(httpx.AsyncBaseTransport):
    """Sends what administrators do to `administered`, and all else to `api`."""

    def __init__(self, administered: httpx.AsyncBaseTransport, api: httpx.AsyncBaseTransport) -> None:
        self._administered = administered
        self._api = api

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        of_administrators = path.startswith(("/v1/keys", "/v1/erasures", "/v1/dead-letters"))
        asked = self._administered if of_administrators or request.method == "DELETE" else self._api
        return await asked.handle_async_request(request)
