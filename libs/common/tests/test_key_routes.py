"""`/v1/keys` over a real table: secrets are shown once, no key gives more than it has, and none ends itself."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from common.database import engine
from common.health_endpoints import Readiness
from common.http_app import build_app
from common.key_routes import key_routes
from common.key_table import alter_api_key_2, alter_api_key_3, create_api_key_1
from common.keyring import Keyring
from common.keys import KeyStore, Scope
from common.problems import SCHEMA

ALL = frozenset({Scope.READ, Scope.WRITE, Scope.ADMIN})


class KeyedService:
    """A service with nothing but its keys. Keys are read anew by each request, unless `ttl` is longer."""

    def __init__(self, connected: AsyncEngine, *, ttl: float = 0.0) -> None:
        self.engine = connected
        self.store = KeyStore(connected, schema="keyed")
        self.keyring = Keyring(self.store, ttl=ttl, miss_ttl=0)
        self.app: FastAPI = build_app("keyed", readiness=Readiness({}), registry=CollectorRegistry())
        self.app.include_router(key_routes(self.store, self.keyring, service="keyed"))

    def asking(self, token: str) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {token}"}
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://keyed", headers=headers)


@pytest.fixture
async def keyed(database: str) -> AsyncIterator[KeyedService]:
    pool = engine(database)
    async with pool.begin() as connection:
        await connection.execute(text("CREATE SCHEMA keyed"))
        await connection.execute(text(create_api_key_1("keyed")))
        await connection.execute(text(alter_api_key_2("keyed")))
        await connection.execute(text(alter_api_key_3("keyed")))
    yield KeyedService(pool)
    await pool.dispose()


async def admin(keyed: KeyedService, scopes: frozenset[Scope] = ALL) -> httpx.AsyncClient:
    return keyed.asking(await keyed.store.create(source="console", scopes=scopes))


def id_of(token: str) -> str:
    return token.split("_")[1]


async def test_a_key_is_made_and_its_secret_is_in_that_answer_alone(keyed: KeyedService) -> None:
    with capture_logs() as logged:
        async with await admin(keyed) as http:
            body = {"source": "web", "scopes": ["events", "read"], "expires_days": 90}
            answer = await http.post("/v1/keys", json=body)
            assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
            token = answer.json()["token"]
            listed = await http.get("/v1/keys")
    key = await keyed.keyring.verify(token)
    assert key is not None
    assert (key.id, key.source, key.scopes) == (id_of(token), "web", frozenset({Scope.EVENTS, Scope.READ}))
    assert key.expires_at is not None
    assert answer.json()["id"] == key.id
    secret = token.split("_", 2)[2]
    assert secret not in listed.text
    assert secret not in str(logged)
    (line,) = [one for one in logged if one["event"] == "key.created"]
    assert (line["key"], line["source"], line["scopes"]) == (key.id, "web", ["events", "read"])
    own = listed.json()
    assert (own["service"], own["may_grant"]) == ("keyed", ["read", "write", "events", "webhooks", "admin"])
    assert [one["id"] for one in own["keys"]] == [own["asking"], key.id]
    assert (own["keys"][1]["revoked_at"], own["keys"][1]["last_used_at"]) == (None, None)


async def test_a_key_of_its_own_limit(keyed: KeyedService) -> None:
    async with await admin(keyed) as http:
        limited = {"source": "web", "scopes": ["events"], "events_per_second": 50, "burst_events": 100}
        assert (await http.post("/v1/keys", json=limited)).status_code == 201
        unlimited = {"source": "web", "scopes": ["events"], "events_per_second": 0}
        assert (await http.post("/v1/keys", json=unlimited)).status_code == 201
        found = (await http.get("/v1/keys")).json()["keys"][1:]
    assert [(one["events_per_second"], one["burst_events"]) for one in found] == [(50.0, 100), (0.0, None)]


@pytest.mark.parametrize(
    ("has", "asked"),
    [
        ({Scope.ADMIN}, ["read"]),
        ({Scope.ADMIN, Scope.READ}, ["read", "write"]),
        # `write` includes `events`, and not the other way round.
        ({Scope.ADMIN, Scope.EVENTS}, ["write"]),
    ],
)
async def test_no_key_gives_what_it_has_not(keyed: KeyedService, has: set[Scope], asked: list[str]) -> None:
    async with await admin(keyed, frozenset(has)) as http:
        refused = await http.post("/v1/keys", json={"source": "web", "scopes": asked})
        assert (refused.status_code, refused.json()["code"]) == (403, "may_not_grant")
        more = await keyed.store.create(source="web", scopes=frozenset(Scope(one) for one in asked))
        rotated = await http.post(f"/v1/keys/{id_of(more)}/rotate", json={})
        assert (rotated.status_code, rotated.json()["code"]) == (403, "may_not_grant")
    assert len(await keyed.store.list()) == 2
    assert await keyed.keyring.verify(more) is not None, "the refused rotation has not ended it"


async def test_what_write_includes_may_be_given_by_it(keyed: KeyedService) -> None:
    async with await admin(keyed, frozenset({Scope.ADMIN, Scope.WRITE})) as http:
        assert (await http.post("/v1/keys", json={"source": "web", "scopes": ["webhooks"]})).status_code == 201


async def test_a_key_is_rotated_and_both_hold_for_the_overlap(keyed: KeyedService) -> None:
    old = await keyed.store.create(source="web", scopes=frozenset({Scope.READ}))
    async with await admin(keyed) as http:
        answer = await http.post(f"/v1/keys/{id_of(old)}/rotate", json={"overlap_hours": 2})
        assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
        new = answer.json()
        assert new["replaces"] == id_of(old)
        found = {one["id"]: one for one in (await http.get("/v1/keys")).json()["keys"]}
    assert found[id_of(old)]["expires_at"] == new["replaced_until"]
    assert (found[new["id"]]["expires_at"], new["expires_at"]) == (None, None)
    for token in (old, new["token"]):
        key = await keyed.keyring.verify(token)
        assert key is not None
        assert key.source == "web"


async def test_a_rotated_key_lives_as_long_as_the_old_one_unless_another_lifetime_is_asked_for(
    keyed: KeyedService,
) -> None:
    async with await admin(keyed) as http:
        made = (await http.post("/v1/keys", json={"source": "web", "scopes": ["read"], "expires_days": 90})).json()
        rotate = f"/v1/keys/{made['id']}/rotate"
        same, null, other = [
            (await http.post(rotate, json=body)).json() for body in ({}, {"expires_days": None}, {"expires_days": 7})
        ]
        found = {one["id"]: one for one in (await http.get("/v1/keys")).json()["keys"]}
    for new, days in ((made, 90), (same, 90), (null, 90), (other, 7)):
        created = datetime.fromisoformat(found[new["id"]]["created_at"])
        assert datetime.fromisoformat(new["expires_at"]) == created + timedelta(days=days)
    assert found[same["id"]]["expires_at"] == same["expires_at"]


async def test_a_revoked_key_ends_and_cannot_be_revoked_or_rotated_again(keyed: KeyedService) -> None:
    other = await keyed.store.create(source="web", scopes=frozenset({Scope.READ}))
    async with await admin(keyed) as http:
        assert (await http.delete(f"/v1/keys/{id_of(other)}")).status_code == 204
        assert await keyed.keyring.verify(other) is None
        for answer in (
            await http.delete(f"/v1/keys/{id_of(other)}"),
            await http.post(f"/v1/keys/{id_of(other)}/rotate", json={}),
            await http.delete(f"/v1/keys/{'0' * 12}"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "key_not_found")


async def test_no_key_ends_itself(keyed: KeyedService) -> None:
    token = await keyed.store.create(source="console", scopes=ALL)
    async with keyed.asking(token) as http:
        for answer in (
            await http.delete(f"/v1/keys/{id_of(token)}"),
            await http.post(f"/v1/keys/{id_of(token)}/rotate", json={"overlap_hours": 0}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "own_key")
        assert (await http.post(f"/v1/keys/{id_of(token)}/rotate", json={})).status_code == 201
    assert await keyed.keyring.verify(token) is not None


async def test_a_revoked_key_that_is_still_in_memory_makes_no_successor(keyed: KeyedService) -> None:
    remembering = KeyedService(keyed.engine, ttl=60.0)
    token = await keyed.store.create(source="console", scopes=ALL)
    other = await keyed.store.create(source="web", scopes=frozenset({Scope.READ}))
    async with remembering.asking(token) as http:
        assert (await http.get("/v1/keys")).status_code == 200
        await keyed.store.revoke(id_of(token))
        assert (await http.get("/v1/keys")).status_code == 200, "it is in memory"
        for answer in (
            await http.post("/v1/keys", json={"source": "web", "scopes": ["read"]}),
            await http.post(f"/v1/keys/{id_of(other)}/rotate", json={}),
            await http.delete(f"/v1/keys/{id_of(other)}"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (401, "bad_key")
    assert len(await keyed.store.list()) == 2
    assert await keyed.keyring.verify(other) is not None


async def test_a_key_that_was_replaced_at_once_makes_no_successor_from_memory(keyed: KeyedService) -> None:
    remembering = KeyedService(keyed.engine, ttl=60.0)
    token = await keyed.store.create(source="console", scopes=ALL)
    other = await keyed.store.create(source="web", scopes=frozenset({Scope.READ}))
    async with remembering.asking(token) as http:
        assert (await http.get("/v1/keys")).status_code == 200
        async with await admin(keyed) as another:
            rotated = await another.post(f"/v1/keys/{id_of(token)}/rotate", json={"overlap_hours": 0})
            assert rotated.status_code == 201
        before = len(await keyed.store.list())
        for answer in (
            await http.post("/v1/keys", json={"source": "web", "scopes": ["read"]}),
            await http.post(f"/v1/keys/{id_of(other)}/rotate", json={}),
            await http.delete(f"/v1/keys/{id_of(other)}"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (401, "bad_key")
    assert len(await keyed.store.list()) == before
    assert await keyed.keyring.verify(other) is not None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"source": "web"},
        {"source": "web", "scopes": []},
        {"source": "web", "scopes": ["everything"]},
        {"source": "The Web", "scopes": ["read"]},
        {"source": "web\n", "scopes": ["read"]},
        {"source": "web", "scopes": ["read"], "expires_days": 0},
        {"source": "web", "scopes": ["read"], "expires_days": True},
        {"source": "web", "scopes": ["read"], "expires_days": "30"},
        {"source": "web", "scopes": ["read"], "events_per_second": 5},
        {"source": "web", "scopes": ["read"], "burst_events": 5},
        {"source": "web", "scopes": ["read"], "events_per_second": -1, "burst_events": 5},
        {"source": "web", "scopes": ["read"], "token": "mine"},
    ],
)
async def test_what_cannot_be_a_key_is_refused(keyed: KeyedService, body: dict[str, Any]) -> None:
    async with await admin(keyed) as http:
        answer = await http.post("/v1/keys", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_parameter")
    assert len(await keyed.store.list()) == 1


async def test_without_a_database_it_is_a_503(keyed: KeyedService) -> None:
    remembering = KeyedService(keyed.engine, ttl=60.0)
    token = await keyed.store.create(source="console", scopes=ALL)
    async with remembering.asking(token) as http:
        assert (await http.get("/v1/keys")).status_code == 200
        async with keyed.engine.begin() as connection:
            await connection.execute(text("ALTER TABLE keyed.api_key RENAME TO gone"))
        for answer in (
            await http.get("/v1/keys"),
            await http.post("/v1/keys", json={"source": "w", "scopes": ["read"]}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")


async def test_answers_and_bodies_are_of_the_documented_form(keyed: KeyedService) -> None:
    document = keyed.app.openapi()
    components = {"schemas": {"Problem": SCHEMA}}

    def described(path: str, method: str, status: str) -> Draft202012Validator:
        content = document["paths"][path][method]["responses"][status]["content"]
        (schema,) = [one["schema"] for one in content.values()]
        return Draft202012Validator({**schema, "components": components})

    async with await admin(keyed) as http:
        made = await http.post("/v1/keys", json={"source": "web", "scopes": ["read"]})
        described("/v1/keys", "post", "201").validate(made.json())
        described("/v1/keys", "get", "200").validate((await http.get("/v1/keys")).json())
        missing = await http.delete(f"/v1/keys/{'0' * 12}")
        described("/v1/keys/{key_id}", "delete", "404").validate(missing.json())
    body = document["paths"]["/v1/keys"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert Draft202012Validator(body).is_valid({"source": "web", "scopes": ["read"]})
    assert not Draft202012Validator(body).is_valid({"source": "web", "scopes": ["everything"]})
