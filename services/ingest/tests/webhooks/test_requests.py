"""Requests to webhooks: who is refused, and how that is told."""

import json

import pytest

from ingest.in_memory import Ingest, in_memory
from ingest.mapping.load import load_mapping
from ingest.webhooks.routes import MOST_BYTES
from ingest.webhooks.signing_keys import UnusableSecrets
from support.webhooks import MAPPING, SECONDS, SECRET, SECRETS, by_stripe, post_message, stripe_event

PING = stripe_event(1, "ping", {})
REFUSED = 'churn_ingest_webhooks_refused_total{{reason="{}",webhook="{}"}}'


async def test_a_webhook_that_nobody_has_named_is_counted_without_its_name(hooked: Ingest) -> None:
    answer = await hooked.http.post("/v1/webhooks/made-up", json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_webhook")
    assert (await hooked.http.head("/v1/webhooks/made-up")).status_code == 404
    assert await hooked.metric(REFUSED.format("unknown_webhook", "")) == 2


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "missing"),
        ({"stripe-signature": "v1=00"}, "malformed"),
        (by_stripe(b"another body"), "wrong"),
        (by_stripe(json.dumps(PING).encode(), secret="whsec_b3RoZXI="), "wrong"),
        (by_stripe(json.dumps(PING).encode(), at=SECONDS - 301), "too_old"),
        (by_stripe(json.dumps(PING).encode(), at=SECONDS + 301), "in_the_future"),
    ],
)
async def test_what_its_sender_did_not_sign_is_refused_and_counted(
    hooked: Ingest, headers: dict[str, str], reason: str
) -> None:
    answer = await hooked.http.post("/v1/webhooks/billing", content=json.dumps(PING).encode(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, f"signature_{reason}")
    assert await hooked.metric(REFUSED.format(reason, "billing")) == 1
    assert hooked.events() == []


async def test_the_example_of_the_document_is_taken(hooked: Ingest) -> None:
    document = (await hooked.http.get("/openapi.json")).json()
    content = document["paths"]["/v1/webhooks/{name}"]["post"]["requestBody"]["content"]["application/json"]
    [example] = content["examples"].values()
    answer = (await post_message(hooked, "billing", example["value"])).json()
    assert (answer["events"], answer["refused"]) == (1, [])
    assert hooked.events()[0].properties == {"invoice": "in_1", "amount": 4200, "currency": "EUR"}


async def test_an_api_key_opens_no_webhook_that_is_signed(hooked: Ingest) -> None:
    """The client sends a key with the scope write with each request."""
    assert "authorization" in hooked.http.headers
    assert (await hooked.http.post("/v1/webhooks/billing", json=PING)).status_code == 401


async def test_a_secret_of_one_webhook_opens_no_other() -> None:
    secrets = {**SECRETS, "billing": ["whsec_b3RoZXI="]}
    async with in_memory(rules=load_mapping(MAPPING, "mapping.yml"), webhook_secrets=secrets) as ingest:
        assert (await post_message(ingest, "billing", PING)).status_code == 401
        body = json.dumps(PING).encode()
        answer = await ingest.http.post(
            "/v1/webhooks/billing", content=body, headers=by_stripe(body, secret="whsec_b3RoZXI=")
        )
        assert answer.status_code == 200


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'"text"', b"\xff", b'{"a":' * 5000 + b"1" + b"}" * 5000])
async def test_a_signed_body_that_is_no_message_is_answered(hooked: Ingest, body: bytes) -> None:
    answer = await post_message(hooked, "billing", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")


async def test_a_body_is_bounded_before_its_signature_is_looked_at(hooked: Ingest) -> None:
    answer = await post_message(hooked, "billing", b" " * (MOST_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("secrets", "told"),
    [
        ({}, r'billing: its messages are signed, and no secret is given: \{"NAME": \["SECRET"\]\}; desk: '),
        ({**SECRETS, "billing": []}, "billing: its messages are signed, and no secret is given"),
        ({**SECRETS, "billing": [""]}, "billing: expected a text that is not empty"),
        ({**SECRETS, "hooks": ["whsec_*"]}, "hooks: expected whsec_ and base64"),
        ({**SECRETS, "crm": [SECRET]}, "crm: nothing signs it, so it has no secret: it needs an API key"),
        ({**SECRETS, "biling": [SECRET]}, "biling: mapping.yml has no such webhook"),
    ],
)
async def test_ingest_does_not_start_with_secrets_that_cannot_be_used(secrets: dict[str, list[str]], told: str) -> None:
    with pytest.raises(UnusableSecrets, match=f"INGEST_WEBHOOK_SECRETS: {told}") as raised:
        async with in_memory(rules=load_mapping(MAPPING, "mapping.yml"), webhook_secrets=secrets):
            pass
    assert SECRET not in str(raised.value)
