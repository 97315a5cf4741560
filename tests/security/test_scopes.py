"""Every route of every service, found by looking into its application: who may ask, and who is turned away."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import Route

from alerts.api import routes as alerts_routes
from common import health_endpoints
from common.erasures.receipts import receipt_routes
from common.exports.routes import export_routes
from common.health_endpoints import Readiness
from common.key_routes import key_routes
from common.keyring import Keyring
from common.keys import Scope
from common.memory_keys import MemoryKeys
from common.request_metrics import RequestMetrics
from ingest import app as ingest_app
from ingest.in_memory import in_memory
from ingest.mapping.load import load_mapping
from ingest.sdk.paths import SDK_PATHS
from ingest.sdk.side_paths import SIDE_PATHS
from scoring.api import routes as scoring_routes
from scoring.api.metrics import ApiMetrics

# Those who watch over processes hold no keys: whoever reaches the port may ask these. They tell of no customer.
OPEN = {"/healthz", "/readyz", "/metrics"}
DOCUMENT = {"/openapi.json"}
# What clients ask beside their events, such as PostHog's feature flags: the answer is always the same.
SIDE = {("POST", path) for path in SIDE_PATHS}
# Says whether there is a webhook of a name: its sender asks before it has signed anything.
PROBES = {("HEAD", "/v1/webhooks/{name}")}
# A webhook whose sender has a key. What the others take is what their senders signed: services/ingest/tests/webhooks.
WEBHOOK = "version: 1\nwebhooks: {crm: {sender: json, source: crm, events: [{name: account.updated}]}}"
# The same at every service that has keys.
KEYS = {
    ("GET", "/v1/keys"): Scope.ADMIN,
    ("POST", "/v1/keys"): Scope.ADMIN,
    ("POST", "/v1/keys/{key_id}/rotate"): Scope.ADMIN,
    ("DELETE", "/v1/keys/{key_id}"): Scope.ADMIN,
}
# By service, method and path: what a key must be good for. A new route has to be entered here.
ASKED: Mapping[str, Mapping[tuple[str, str], Scope]] = {
    "ingest": {
        **KEYS,
        ("POST", "/v1/events"): Scope.EVENTS,
        ("GET", "/v1/events/names"): Scope.READ,
        ("DELETE", "/v1/accounts/{account_id}"): Scope.ADMIN,
        ("DELETE", "/v1/users/{user_id}"): Scope.ADMIN,
        ("GET", "/v1/accounts/{account_id}/export"): Scope.ADMIN,
        ("GET", "/v1/erasures"): Scope.ADMIN,
        ("GET", "/v1/erasures/{erasure_id}"): Scope.ADMIN,
        ("POST", "/v1/erasures/{erasure_id}/lift"): Scope.ADMIN,
        ("GET", "/v1/dead-letters"): Scope.ADMIN,
        ("POST", "/v1/dead-letters/resend"): Scope.ADMIN,
        ("GET", "/v1/rejects"): Scope.READ,
        ("GET", "/v1/sources"): Scope.READ,
        ("GET", "/v1/sources/{source}"): Scope.READ,
        **{("POST", path): Scope.EVENTS for path in SDK_PATHS},
        # Mixpanel's client for Node has the message and the key in the address.
        **{("GET", path): Scope.EVENTS for path in ("/track", "/import", "/engage", "/groups")},
        ("POST", "/v1/webhooks/{name}"): Scope.WEBHOOKS,
    },
    "scoring api": {
        **KEYS,
        ("GET", "/v1/portfolio"): Scope.READ,
        ("GET", "/v1/accounts"): Scope.READ,
        ("GET", "/v1/accounts/{account_id}"): Scope.READ,
        ("GET", "/v1/accounts/{account_id}/people"): Scope.READ,
        ("GET", "/v1/accounts/{account_id}/entries"): Scope.READ,
        ("GET", "/v1/accounts/{account_id}/tickets"): Scope.READ,
        ("GET", "/v1/accounts/{account_id}/history"): Scope.READ,
        ("GET", "/v1/accounts/{account_id}/receipts"): Scope.READ,
        ("GET", "/v1/accounts/{account_id}/export"): Scope.ADMIN,
        ("GET", "/v1/events/names"): Scope.READ,
        ("GET", "/v1/kpis"): Scope.READ,
        ("GET", "/v1/kpis/definitions"): Scope.READ,
        ("POST", "/v1/announcements"): Scope.ADMIN,
        ("GET", "/v1/announcements"): Scope.ADMIN,
        ("GET", "/v1/erasures/{erasure_id}"): Scope.ADMIN,
    },
    "alerts": {
        **KEYS,
        ("GET", "/v1/alerts"): Scope.READ,
        ("GET", "/v1/alert-owners"): Scope.READ,
        ("GET", "/v1/alerts/{alert_id}"): Scope.READ,
        ("POST", "/v1/alerts/{alert_id}/ack"): Scope.WRITE,
        ("POST", "/v1/alerts/{alert_id}/resend"): Scope.WRITE,
        ("GET", "/v1/accounts/{account_id}/export"): Scope.ADMIN,
        ("GET", "/v1/erasures/{erasure_id}"): Scope.ADMIN,
    },
    "scoring worker": {},
}
# What a key has to have for it, beside the scope itself.
INCLUDED_IN = {Scope.EVENTS: {Scope.WRITE}, Scope.WEBHOOKS: {Scope.WRITE}}


class LetIn(Exception):
    pass


class Inside:
    """In the place of all that lies behind the door: who comes so far was let in."""

    def __getattr__(self, name: str) -> Any:
        raise LetIn


@asynccontextmanager
async def asking(service: str) -> AsyncIterator[tuple[httpx.AsyncClient, MemoryKeys, list[float]]]:
    """The last is the clock by which keys grow old, in seconds."""
    clock = [0.0]
    if service == "ingest":
        async with in_memory(rules=load_mapping(WEBHOOK, "mapping.yml")) as ingest:
            del ingest.http.headers["authorization"]
            yield ingest.http, ingest.keys, ingest.clock
        return
    keys = MemoryKeys()
    transport = httpx.ASGITransport(application(service, keys, clock), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http, keys, clock


def application(service: str, keys: MemoryKeys, clock: list[float]) -> FastAPI | Starlette:
    inside: Any = Inside()
    ring, ready, registry = Keyring(keys, miss_ttl=0, clock=lambda: clock[0]), Readiness({}), CollectorRegistry()
    if service == "ingest":
        # For its routes alone: how it answers is asked of the whole of it.
        return ingest_app.build(inside, names=inside, keys=ring, readiness=ready, registry=registry).app
    if service == "scoring api":
        metrics = ApiMetrics(registry)
        built = scoring_routes.build(
            inside,
            inside,
            inside,
            inside,
            inside,
            inside,
            keys=ring,
            metrics=metrics,
            readiness=ready,
            registry=registry,
        )
        built.include_router(receipt_routes(inside, ring))
        built.include_router(key_routes(inside, ring, service="one"))
        built.include_router(export_routes(inside, ring, row_schemas={}))
        return built
    if service == "alerts":
        counts = RequestMetrics(registry, name="churn_alerts_api")
        built = alerts_routes.build(inside, keys=ring, metrics=counts, readiness=ready, registry=registry)
        built.include_router(receipt_routes(inside, ring))
        built.include_router(key_routes(inside, ring, service="one"))
        built.include_router(export_routes(inside, ring, row_schemas={}))
        return built
    return Starlette(routes=health_endpoints.routes(ready, registry))


async def statuses(http: httpx.AsyncClient, method: str, path: str, keys: list[str]) -> list[int]:
    asked = path.format(
        account_id="acme", user_id="ann", alert_id="a-1", source="web", name="crm", erasure_id="e-1", key_id="0" * 12
    )
    params = {"data": "{}"} if method == "GET" and path in SDK_PATHS else {}
    found = []
    for key in keys:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        answer = await http.request(method, asked, params=params, json={"by": "dana"}, headers=headers)
        found.append(answer.status_code)
    return found


@pytest.mark.parametrize("service", ASKED)
async def test_every_route_asks_for_its_scope(service: str) -> None:
    async with asking(service) as (http, keys, clock):
        for (method, path), scope in ASKED[service].items():
            good, revoked = (keys.create(scopes=frozenset({scope})) for _ in range(2))
            enough = {scope, *INCLUDED_IN.get(scope, ())}
            wrong = [keys.create(scopes=frozenset({other})) for other in Scope if other not in enough]
            wrong.append(keys.create(scopes=frozenset(Scope) - enough))
            assert await statuses(http, method, path, ["", "nonsense", f"cs_{'0' * 12}_{'a' * 43}"]) == [401] * 3
            assert await statuses(http, method, path, [good[:-1] + "~", good[:-1], good + "a"]) == [401] * 3
            assert await statuses(http, method, path, wrong) == [403] * len(wrong), (service, path)
            keys.revoke(revoked)
            clock[0] += 60.0
            assert await statuses(http, method, path, [revoked]) == [401], (service, path)
            good_ones = [good, *(keys.create(scopes=frozenset({other})) for other in enough)]
            let_in = await statuses(http, method, path, good_ones)
            assert not {401, 403} & set(let_in), (service, path)


@pytest.mark.parametrize("service", ASKED)
async def test_no_route_is_forgotten_and_the_open_ones_are_known(service: str) -> None:
    async with asking(service) as (http, *_):
        answer = await http.get("/openapi.json")
        document = answer.json() if answer.status_code == 200 else {"paths": {}}
        asked = {(method.upper(), path) for path, found in document["paths"].items() for method in found}
        assert asked - SIDE - PROBES == ASKED[service].keys()
        for path in OPEN | (DOCUMENT if asked else set()):
            assert (await http.get(path)).status_code in (200, 503), "503 is how /readyz says no"
    built = application(service, MemoryKeys(), [0.0])
    plain = {route.path for route in built.routes if type(route) is Route}
    assert plain == OPEN | (DOCUMENT if asked else set()), "what is in no document is known here"
