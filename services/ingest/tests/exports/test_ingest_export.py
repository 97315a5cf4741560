"""GET /v1/accounts/{id}/export: all that ingest keeps of an account, and nothing of another."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import engine
from common.exports.routes import export_routes
from common.health_endpoints import Readiness
from common.http_app import build_app
from common.keyring import Keyring
from common.keys import Scope
from common.memory_keys import MemoryKeys
from ingest import schema
from ingest.exports.account_rows import ingest_exports, row_schemas
from ingest.in_memory import ERASURE_KEY, NOW
from ingest.mapping.senders.stripe.snapshot import account_key
from ingest.mapping.senders.stripe.subscription import SubscriptionState
from support.exports import check_export


class Exports:
    """Asks for exports as an operator, over tables that the test fills."""

    def __init__(self, tables: AsyncEngine, http: httpx.AsyncClient) -> None:
        self.tables = tables
        self.http = http

    async def insert(self, table: Any, *rows: dict[str, Any]) -> None:
        async with self.tables.begin() as connection:
            await connection.execute(insert(table), list(rows))

    async def ask(self, account_id: str, **query: str) -> httpx.Response:
        return await self.http.get(f"/v1/accounts/{account_id}/export", params=query)


@pytest.fixture
async def exports(database: str) -> AsyncIterator[Exports]:
    tables, keys = engine(database), MemoryKeys()
    app = build_app("exports", readiness=Readiness({}), registry=CollectorRegistry())
    made = ingest_exports(tables, key=ERASURE_KEY)
    app.include_router(export_routes(made, Keyring(keys), row_schemas=row_schemas()))
    bearer = {"authorization": f"Bearer {keys.create(scopes=frozenset({Scope.ADMIN}))}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ingest", headers=bearer) as http:
        yield Exports(tables, http)
    await tables.dispose()


def reject(said: str, message_id: str | None = None) -> dict[str, Any]:
    return {
        "at": NOW, "source": "web", "key_id": "k-1", "format": "segment", "message_id": message_id, "label": "track",
        "reason": "left_out", "errors": [{"field": "account_id", "reason": "bad", "detail": said}],
    }  # fmt: skip


def customer(account: str | None, name: str) -> dict[str, Any]:
    return {"webhook": "billing", "id": name, "account_id": account, "created": 1, "stage": 0}


def subscription(account: str | None, name: str, of: str) -> dict[str, Any]:
    state = SubscriptionState(
        id=name, customer=of, live=True, trialing=False, paying=True, leaving=False, currency="eur", yearly=None
    )
    body = msgspec.json.encode(state)
    return {**customer(account, name), "customer": of, "body": body}


def delivery(name: str, *accounts: str) -> dict[str, Any]:
    body = json.dumps({"customers": list(accounts)}).encode()
    return {"webhook": "billing", "message_id": name, "account_ids": list(accounts), "body": body}


async def busy(exports: Exports, account: str) -> None:
    """It has rows in every table that knows accounts."""
    people = [
        {"space": "web", "id": f"{name} of {account}", "account_id": account, "at": NOW} for name in ("ann", "bo")
    ]
    await exports.insert(schema.identity, *people)
    merged = {"account_id": f"{account} old", "into_id": account, "at": NOW, "source": "crm", "event_id": "e-1"}
    await exports.insert(schema.alias, merged)
    said = [f"the account {account!r} is closed", f"ann of {account} is unknown"]
    await exports.insert(schema.reject, *map(reject, said))
    await exports.insert(schema.stripe_customer, customer(account, f"cus_{account}"))
    # Of one of them nobody has named the account: its customer tells.
    subscriptions = [subscription(of, f"sub_{account}_{of}", f"cus_{account}") for of in (account, None)]
    await exports.insert(schema.stripe_subscription, *subscriptions)
    keys = [account_key(account, ""), account_key(None, f"cus_{account}")]
    await exports.insert(schema.stripe_told, *({"webhook": "billing", "key": key, "at": NOW} for key in keys))
    await exports.insert(schema.stripe_delivery, delivery(f"evt_{account}", account))


async def test_an_export_has_every_table_and_nothing_of_another_account(exports: Exports) -> None:
    for account in ("acme", "birch", "acme-2", "my.acme"):
        await busy(exports, account)
    await exports.insert(schema.stripe_delivery, delivery("evt_moved", "acme", "birch"))
    answer = await exports.ask("acme")
    for other in ("birch", "acme-2", "my.acme"):
        assert other not in answer.text
    found = answer.json()
    check_export(found, (await _document(exports)))
    sections = found["sections"]
    assert [one["id"] for one in sections["identity"]] == ["ann of acme", "bo of acme"]
    assert [one["account_id"] for one in sections["alias"]] == ["acme old"]
    assert [one["errors"][0]["detail"] for one in sections["reject"]] == [
        "the account 'acme' is closed",
        "ann of acme is unknown",
    ]
    assert [one["id"] for one in sections["stripe_customer"]] == ["cus_acme"]
    assert [one["body"]["id"] for one in sections["stripe_subscription"]] == ["sub_acme_None", "sub_acme_acme"]
    assert [one["key"] for one in sections["stripe_told"]] == ["account acme", "customer cus_acme"]
    deliveries = {one["message_id"]: (one["account_ids"], one["body"]) for one in sections["stripe_delivery"]}
    assert deliveries == {
        "evt_acme": (["acme"], {"customers": ["acme"]}),
        "evt_moved": (["acme"], None),  # what it says is of another account too
    }


async def test_rejects_are_found_by_an_id_that_they_quote_as_json(exports: Exports) -> None:
    person = 'o"brien\\tab'
    quoting = [f"not {json.dumps(text)}" for text in (person, f"to\n{person}", ["bob", person])]
    await exports.insert(schema.identity, {"space": "web", "id": person, "account_id": "acme", "at": NOW})
    others = [f"not {json.dumps(text)}" for text in (f"x{person}", "brien", f"{person}-2")]
    await exports.insert(schema.reject, *(reject(f"acme: {text}") for text in [*quoting, *others]))
    sections = (await exports.ask("acme", user=person)).json()["sections"]
    assert [one["errors"][0]["detail"] for one in sections["reject"]] == [f"acme: {text}" for text in quoting]


async def test_one_person_is_exported_without_the_others(exports: Exports) -> None:
    await busy(exports, "acme")
    answer = await exports.ask("acme", user="ann of acme")
    assert "bo of" not in answer.text
    sections = answer.json()["sections"]
    assert sections.keys() == {"identity", "reject"}
    assert [one["id"] for one in sections["identity"]] == ["ann of acme"]
    assert [one["errors"][0]["detail"] for one in sections["reject"]] == ["ann of acme is unknown"]
    unknown = await exports.ask("acme", user="an")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_user")


async def test_merged_erased_and_unknown_accounts_are_told_apart(exports: Exports) -> None:
    await busy(exports, "acme")
    merged = (await exports.ask("acme old")).json()
    assert (merged["merged_into"], [one["into_id"] for one in merged["sections"]["alias"]]) == ("acme", ["acme"])
    unknown = await exports.ask("nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_account")
    asked = {
        "erasure_id": "r-1", "pseudonym": ERASURE_KEY.pseudonym("gone"), "fingerprint": ERASURE_KEY.fingerprint,
        "partition": 0, "filed_by": "k-1", "announced_at": NOW,
    }  # fmt: skip
    await exports.insert(schema.erasure, asked)
    erased = await exports.ask("gone")
    assert (erased.status_code, erased.json()["code"], erased.json()["erasure_id"]) == (410, "erased", "r-1")
    await exports.insert(schema.erasure, {**asked, "pseudonym": ERASURE_KEY.pseudonym("back"), "erasure_id": "r-2"})
    async with exports.tables.begin() as connection:
        await connection.execute(schema.erasure.update().values(lifted_at=NOW))
    back = (await exports.ask("back")).json()
    assert [one["erasure_id"] for one in back["sections"]["erasure"]] == ["r-2"]


@pytest.mark.parametrize("path", ["%00", "%ff", "a" * 513], ids=["U+0000", "no UTF-8", "too long"])
async def test_an_id_that_no_account_has_is_a_422(exports: Exports, path: str) -> None:
    answer = await exports.ask(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_account_id")


@pytest.mark.parametrize("account", ["acme/eu", "acme/export", 'ac"me\\', "a.*", "jürgen & söhne"])
async def test_whatever_the_id_its_own_rows_are_found(exports: Exports, account: str) -> None:
    await busy(exports, account)
    await busy(exports, "acme")
    found = (await exports.ask(quote(account, safe=""))).json()
    assert found["account_id"] == account
    sections = found["sections"]
    assert [len(sections[name]) for name in ("identity", "reject", "stripe_told")] == [2, 2, 2]


async def _document(exports: Exports) -> Any:
    document = (await exports.http.get("/openapi.json")).json()
    return {**document, "components": document.get("components", {})}
