"""What senders of webhooks send: messages, and their signatures by code that is none of ours."""

import hashlib
import hmac
import json
from asyncio import sleep
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx

from common.topics import Topics
from ingest.in_memory import NOW, Ingest

SECRET = "whsec_c2VjcmV0IG9mIGEgdGVzdA=="
SECONDS = int(NOW.timestamp())
HUBSPOT_URL = "https://events.example.com/v1/webhooks/companies"
MAPPING = """
version: 1
webhooks:
  billing: {sender: stripe, source: billing, currency: EUR, rates: {USD: 0.5, JPY: 0.01, KWD: 3}}
  desk: {sender: zendesk, source: support}
  chat: {sender: intercom, source: support, severity: {not_priority: 1}}
  companies:
    sender: hubspot
    source: crm
    url: https://events.example.com/v1/webhooks/companies
    facts: {arr: arr_of_deals, contract_end: renewal}
  hooks:
    sender: standard
    source: product
    events:
      - {when: {type: goal.done}, name: goal.reached, properties: {goal: [data.title]}}
  keyed:
    sender: standard
    source: product
    id: [key]
    events:
      - {when: {type: goal.done}, name: goal.reached, properties: {goal: [data.title]}}
  crm:
    sender: json
    source: crm
    id: [eventId]
    time: [occurredAt]
    account: [objectId]
    events:
      - {when: {subscriptionType: company.propertyChange, propertyName: [arr, annualrevenue]},
         name: account.updated, properties: {arr: [propertyValue]}}
      - {when: {subscriptionType: company.deletion}, name: contract.ended, user: [changedBy]}
"""
SECRETS = {name: [SECRET] for name in ("billing", "desk", "chat", "companies", "hooks", "keyed")}


def by_stripe(body: bytes, *, secret: str = SECRET, at: int = SECONDS) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={at},v1={digest}"}


def by_zendesk(body: bytes, *, secret: str = SECRET, at: datetime = NOW) -> dict[str, str]:
    time = at.isoformat().replace("+00:00", "Z")
    digest = hmac.new(secret.encode(), time.encode() + body, hashlib.sha256).digest()
    return {
        "x-zendesk-webhook-signature": b64encode(digest).decode(),
        "x-zendesk-webhook-signature-timestamp": time,
    }


def by_intercom(body: bytes, *, secret: str = SECRET) -> dict[str, str]:
    return {"x-hub-signature": "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()}


def by_hubspot(body: bytes, *, secret: str = SECRET, at: int = SECONDS) -> dict[str, str]:
    time = str(at * 1000)
    digest = hmac.new(secret.encode(), f"POST{HUBSPOT_URL}".encode() + body + time.encode(), hashlib.sha256).digest()
    return {"x-hubspot-signature-v3": b64encode(digest).decode(), "x-hubspot-request-timestamp": time}


def by_standard(body: bytes, *, secret: str = SECRET, at: int = SECONDS, message: str = "msg_1") -> dict[str, str]:
    key = b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message}.{at}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{b64encode(digest).decode()}"
    return {"webhook-id": message, "webhook-timestamp": str(at), "webhook-signature": signature}


SIGNED: dict[str, Callable[[bytes], dict[str, str]]] = {
    "billing": by_stripe,
    "desk": by_zendesk,
    "chat": by_intercom,
    "companies": by_hubspot,
    "hooks": by_standard,
    "keyed": by_standard,
}


async def topics_made(ingest: Ingest) -> None:
    """Before it a post is answered 503."""
    admin = ingest.broker.admin()
    for _ in range(100):
        if await admin.partitions(Topics("").dead) is not None:
            return
        await sleep(0)
    raise TimeoutError("no topics")


async def post_message(ingest: Ingest, webhook: str, message: Any) -> httpx.Response:
    """As the webhook's sender posts it: signed, or with the key of `Ingest.http`."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    headers = SIGNED[webhook](body) if webhook in SIGNED else {}
    return await ingest.http.post(f"/v1/webhooks/{webhook}", content=body, headers=headers)


def stripe_event(
    number: int, kind: str, tree: dict[str, Any], *, before: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The event `evt_NUMBER`, created so many seconds after an hour ago; `before` are the attributes that changed."""
    data = {"object": tree} if before is None else {"object": tree, "previous_attributes": before}
    return {"id": f"evt_{number}", "object": "event", "type": kind, "created": SECONDS - 3600 + number, "data": data}


def price(
    amount: Any, *, currency: str = "eur", interval: str = "month", count: int = 1, **more: Any
) -> dict[str, Any]:
    recurring = {"interval": interval, "interval_count": count, "usage_type": "licensed"}
    return {
        "id": "price_1",
        "product": "prod_1",
        "currency": currency,
        "unit_amount": amount,
        "recurring": recurring,
        **more,
    }


def subscription(name: str = "sub_1", *items: dict[str, Any], customer: str = "cus_1", **more: Any) -> dict[str, Any]:
    """Active since 2025, for ten euros a month, unless more is said."""
    listed = items or ({"price": price(1000), "quantity": 1},)
    return {
        "id": name,
        "object": "subscription",
        "customer": customer,
        "status": "active",
        "start_date": 1735689600,
        "cancel_at_period_end": False,
        "current_period_end": 1772323200,
        "items": {"object": "list", "data": list(listed)},
        "metadata": {"account_id": "acme"},
        **more,
    }
