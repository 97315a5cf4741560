"""The API of alerts for tests: in this process, over tables that the test fills row by row."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from alerts.api import routes
from alerts.api.database import AlertsDatabase
from alerts.api.export import alerts_exports, row_schemas
from alerts.api.service import AlertsService
from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from alerts.postgres import schema
from alerts.routing.destination import Target
from common import database as databases
from common.contracts.signals import Signal
from common.erasures.erasure_key import ErasureKey
from common.exports.routes import export_routes
from common.health_endpoints import Readiness
from common.keyring import Keyring
from common.keys import KeyStore, Scope
from common.request_metrics import RequestMetrics

ERASURE_KEY = ErasureKey("a key of thirty-two characters, at least")
DESK = Target(Channel.EMAIL, "desk@example.com")


class Rows:
    """Writes what the reader and the senders of alerts would have written."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def record(self, signal: Signal, *, waiting: bool = False) -> Signal:
        at = signal.at.timestamp()
        row = {
            "signal_id": signal.signal_id,
            "partition": 0,
            "account_id": signal.account_id,
            "episode": signal.episode,
            "kind": signal.kind.value,
            "to": signal.to,
            "severity": signal.severity.value,
            "stage": signal.after.stage,
            "tier": signal.facts.tier,
            "owner": signal.facts.owner,
            "at": at,
            "recorded": at + 1,
            "history": signal.history,
            "waiting": waiting,
            "body": msgspec.to_builtins(signal),
        }
        await self._insert(schema.alert, row)
        return signal

    async def decide(
        self,
        signal: Signal,
        reason: DecisionReason,
        *,
        receiver: str | None = "cs-desk",
        target: Target | None = DESK,
        message: str | None = None,
    ) -> None:
        row = {
            "signal_id": signal.signal_id,
            "at": signal.at.timestamp() + 2,
            "reason": reason.value,
            "receiver": receiver,
            "address_key": target.address_key if target and receiver else None,
            "path": ["root", f"to {receiver}"] if receiver else [],
            "notification_id": message,
        }
        await self._insert(schema.decision, row)

    async def message(
        self,
        name: str,
        signals: Sequence[Signal],
        *,
        receiver: str = "cs-desk",
        ways: Sequence[Target] = (DESK,),
        status: str = "sent",
        reason: DecisionReason = DecisionReason.NEW,
        **fields: Any,
    ) -> str:
        head = signals[0]
        row = {
            "notification_id": name,
            "partition": 0,
            "account_id": head.account_id,
            "episode": head.episode,
            "receiver": receiver,
            "address_key": ways[0].address_key,
            "ways": msgspec.to_builtins(ways),
            "path": ["root"],
            "repeat_interval": 86_400.0,
            "reason": reason.value,
            "rank": 0,
            "signals": [signal.signal_id for signal in signals],
            "decided": head.at.timestamp() + 2,
            "status": status,
            "maybe_told": False,
            "attempts": 1 if status == "sent" else 0,
            "due": head.at.timestamp() + 2,
            "done": None if status == "pending" else head.at.timestamp() + 3,
        }
        await self._insert(schema.notification, {**row, **fields})
        return name

    async def tell(self, signal: Signal, name: str, *, receiver: str = "cs-desk", target: Target = DESK) -> None:
        """One message with one signal, decided and sent."""
        await self.message(name, [signal], receiver=receiver, ways=[target])
        await self.decide(signal, DecisionReason.NEW, receiver=receiver, target=target, message=name)

    async def attempt(
        self, name: str, n: int, outcome: str | None, *, detail: str | None = None, started: float = 0.0
    ) -> None:
        ended = None if outcome is None else started + 0.5
        row = {"notification_id": name, "n": n, "started": started, "ended": ended}
        await self._insert(schema.attempt, {**row, "outcome": outcome, "detail": detail})

    async def execute(self, statement: str, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), values)

    async def scalar(self, statement: str) -> Any:
        async with self.engine.connect() as connection:
            return (await connection.execute(text(statement))).scalar_one()

    async def _insert(self, table: Any, row: dict[str, Any]) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(insert(table).values(row))


class AlertsApi:
    """Asks with a key that may read and write."""

    def __init__(
        self, rows: Rows, app: FastAPI, *, store: KeyStore, registry: CollectorRegistry, token: str, admin: str
    ) -> None:
        self.rows = rows
        self.app = app
        self.store = store
        self.token = token
        self._registry = registry
        self._admin = {"authorization": f"Bearer {admin}"}
        headers = {"authorization": f"Bearer {token}"}
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", headers=headers)

    async def get(self, path: str, **query: Any) -> Any:
        """What a good question is answered with."""
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def list(self, **query: Any) -> list[Any]:
        found: list[Any] = (await self.get("/v1/alerts", **query))["alerts"]
        return found

    async def export(self, account_id: str, **query: str) -> httpx.Response:
        """As an operator asks."""
        return await self.http.get(f"/v1/accounts/{account_id}/export", params=query, headers=self._admin)

    async def one(self, signal: Signal) -> Any:
        return await self.get(f"/v1/alerts/{signal.signal_id}")

    async def acknowledge(self, signal: Signal, by: str, note: str | None = None) -> Any:
        answer = await self.http.post(f"/v1/alerts/{signal.signal_id}/ack", json={"by": by, "note": note})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def count(self, name: str, **labels: str) -> float:
        return self._registry.get_sample_value(f"churn_alerts_api_{name}", labels) or 0.0


@asynccontextmanager
async def alerts_rows(database: str) -> AsyncIterator[Rows]:
    """On empty tables of alerts."""
    engine = databases.engine(database)
    try:
        yield Rows(engine)
    finally:
        await engine.dispose()


@asynccontextmanager
async def alerts_api(rows: Rows) -> AsyncIterator[AlertsApi]:
    store = KeyStore(rows.engine, schema="alerts")
    token = await store.create(source="crm", scopes=frozenset({Scope.READ, Scope.WRITE}))
    registry = CollectorRegistry()
    admin = await store.create(source="operations", scopes=frozenset({Scope.ADMIN}))
    keys = Keyring(store)
    app = routes.build(
        AlertsService(AlertsDatabase(rows.engine, patience=30.0)),
        keys=keys,
        metrics=RequestMetrics(registry, name="churn_alerts_api"),
        readiness=Readiness({}),
        registry=registry,
    )
    exports = alerts_exports(rows.engine, key=ERASURE_KEY, patience=30.0)
    app.include_router(export_routes(exports, keys, row_schemas=row_schemas()))
    api = AlertsApi(rows, app, store=store, registry=registry, token=token, admin=admin)
    async with api.http:
        yield api
