"""From a sender's webhook to what somebody is told or shown. A Stripe of the test's own signs and sends."""

import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

import httpx
import pytest

from local.stack.processes import free_port
from support.alerting import Alerting, mood
from support.office import DESK
from support.system import System
from support.webhooks import by_intercom, by_zendesk

pytestmark = pytest.mark.servers

SECRET = "whsec_of_a_test"
SECRETS = json.dumps({"billing": ["whsec_of_before", SECRET], "desk": [SECRET], "chat": [SECRET]})
MAPPING = """
version: 1
webhooks:
  billing: {sender: stripe, source: billing, currency: EUR}
  desk: {sender: zendesk, source: support}
  chat: {sender: intercom, source: support}
"""
# What a person did last says how the account is; a notice makes it red, as in the card that ships.
CARD = """
version: 1
metrics:
  mood: {dimension: engagement, kind: gauge, event: mood.read, value: score, curve: [[0, 0], [100, 100]],
         hold: 1h, ttl: 1d}
flags:
  cancel_intent: {event: contract.cancel_requested, cap: 10, ttl: 180d, clear_on: contract.renewed}
  open_tickets: {event: [ticket.opened, ticket.reopened], key: ticket, ttl: 90d, clear_on: ticket.resolved, tell: false}
outcomes:
  churned: {event: contract.ended}
weights:
  default: {deployment: 0, engagement: 100, adoption: 0, roi: 0}
bands: {default: {red: 40, yellow: 70, hysteresis: 5, min_duration: 1s}}
"""
CREDIT_CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2040", "cvc": "123"}
WORDS = "We hire nobody this year"


class Stripe:
    """localstripe: a process with the API of Stripe, which sends its webhooks a second later."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def send_to(self, url: str, secret: str) -> None:
        answer = await self._http.post("/_config/webhooks/test", json={"url": url, "secret": secret})
        answer.raise_for_status()

    async def create(self, what: str, **fields: str) -> str:
        """Its id. Of field names the part behind two underscores stands in brackets."""
        answer = await self._http.post(f"/v1/{what}", data=_form(fields))
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    async def delete(self, what: str) -> None:
        (await self._http.delete(f"/v1/{what}")).raise_for_status()


def _form(fields: dict[str, str]) -> dict[str, str]:
    named = {}
    for name, value in fields.items():
        first, *inner = name.split("__")
        named[first + "".join(f"[{one}]" for one in inner)] = value
    return named


@pytest.fixture
def localstripe(tmp_path: Path) -> Iterator[str]:
    """Its address."""
    port = free_port()
    words = [sys.executable, "-m", "localstripe", "--from-scratch", "--port", str(port)]
    process = Popen(words, cwd=tmp_path, stdout=DEVNULL, stderr=DEVNULL)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


@pytest.fixture
def card() -> str:
    return CARD


async def test_a_cancelled_subscription_is_a_red_account_and_one_message_with_the_customers_words(
    own: System, alerting: Alerting, http: httpx.AsyncClient, localstripe: str, tmp_path: Path
) -> None:
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(MAPPING)
    await own.up("ingest", INGEST_MAPPING=str(mapping), INGEST_WEBHOOK_SECRETS=SECRETS)
    await own.up("worker")
    await alerting.up()
    await own.until("Stripe answers", lambda: _answers(http, localstripe))
    async with httpx.AsyncClient(base_url=localstripe, auth=("sk_test", ""), timeout=30) as api:
        stripe = Stripe(api)
        await stripe.send_to(f"{own.ingest_url}/v1/webhooks/billing", SECRET)
        token = await stripe.create("tokens", **{f"card__{name}": value for name, value in CREDIT_CARD.items()})
        await stripe.create("plans", id="team", amount="4900", currency="eur", interval="month", product__name="Team")
        customer = await stripe.create("customers", name="Larch Tools", source=token, metadata__account_id="larch")
        await alerting.holds("SELECT name FROM scoring.account WHERE account_id = 'larch'", [("Larch Tools",)])
        # This Stripe takes no metadata later, and has no field for the words that go with a cancellation.
        ordered = {"items__0__plan": "team", "items__0__quantity": "12", "metadata__cancellation_reason": WORDS}
        subscription = await stripe.create("subscriptions", customer=customer, **ordered)
        facts = "SELECT arr, seats, band FROM scoring.account WHERE account_id = 'larch'"
        await alerting.client.posted(mood("larch", 90))
        await alerting.holds(facts, [(12 * 49 * 12, 12, "green")])

        await stripe.delete(f"subscriptions/{subscription}")
        await alerting.holds(facts, [(12 * 49 * 12, 12, "red")])
    await alerting.told(1)
    await own.scored()
    await own.told()
    await alerting.quiet()

    [post] = alerting.office.slack.posts.all
    assert (post.to, WORDS in str(post.blocks), "Larch Tools" in post.text) == (DESK, True, True)


async def test_a_ticket_of_zendesk_and_one_of_intercom_with_the_same_number_are_two(
    own: System, alerting: Alerting, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(MAPPING)
    await own.up("ingest", INGEST_MAPPING=str(mapping), INGEST_WEBHOOK_SECRETS=SECRETS)
    await own.up("worker", "api")

    async def sent(webhook: str, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        by_chat = by_intercom(body, secret=SECRET)
        signed = by_zendesk(body, secret=SECRET, at=datetime.now(UTC)) if webhook == "desk" else by_chat
        answer = await http.post(f"{own.ingest_url}/v1/webhooks/{webhook}", content=body, headers=signed)
        assert (answer.status_code, answer.json()["events"]) == (200, 1), answer.text

    async def shown() -> tuple[dict[str, bool], int | None]:
        """Which tickets are open on the page, and how many the score knows of."""
        await own.scored()
        found = (await alerting.client.ask("/v1/accounts/larch/tickets")).json()["tickets"]
        flags = (await alerting.client.ask("/v1/accounts/larch")).json()["flags"]
        counted = [flag["count"] for flag in flags if flag["name"] == "open_tickets"]
        return {one["ticket"]: one["open"] for one in found}, counted[0] if counted else None

    await sent("desk", _zendesk("ticket.created"))
    await sent("chat", _intercom("conversation.user.created"))
    assert await shown() == ({"zendesk:17": True, "intercom:17": True}, 2)
    await sent("desk", _zendesk("ticket.status_changed", previous="OPEN", current="SOLVED"))
    assert await shown() == ({"zendesk:17": False, "intercom:17": True}, 1)
    await sent("chat", _intercom("conversation.admin.closed"))
    assert await shown() == ({"zendesk:17": False, "intercom:17": False}, None)


def _zendesk(kind: str, **event: str) -> dict[str, Any]:
    """As Zendesk sends it of ticket 17."""
    now = datetime.now(UTC).isoformat()
    detail = {"id": "17", "priority": "HIGH", "subject": "Export fails", "created_at": now}
    return {
        "type": f"zen:event-type:{kind}",
        "id": f"z-{kind}",
        "time": now,
        "account_external_id": "larch",
        "detail": detail,
        "event": event,
    }


def _intercom(topic: str) -> dict[str, Any]:
    """As Intercom sends it of conversation 17."""
    now = int(time.time())
    item = {"id": "17", "created_at": now, "company": {"company_id": "larch"}, "source": {"subject": "Login"}}
    return {"topic": topic, "id": f"i-{topic}", "created_at": now, "first_sent_at": now, "data": {"item": item}}


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/v1/customers", auth=("sk_test", ""))).is_success
    except httpx.TransportError:
        return False
