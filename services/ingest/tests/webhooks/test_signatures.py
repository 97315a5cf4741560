"""Signatures: what the senders' own libraries sign is taken, and nothing else is."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest
import standardwebhooks
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.in_memory import NOW
from ingest.mapping.senders.signatures import (
    HubSpotSignature,
    IntercomSignature,
    SignatureFault,
    SignatureScheme,
    StandardSignature,
    StripeSignature,
    ZendeskSignature,
)
from support.examples import examples
from support.webhooks import HUBSPOT_URL, SECONDS, SECRET, by_hubspot, by_intercom, by_standard, by_stripe, by_zendesk

BODY = '{"id": "evt_1", "text": "Zoë\u2028"}'.encode()
OTHER = "whsec_b3RoZXI="
STRIPE, ZENDESK, INTERCOM, STANDARD = StripeSignature(), ZendeskSignature(), IntercomSignature(), StandardSignature()
HUBSPOT = HubSpotSignature(HUBSPOT_URL)
SIGNERS: list[tuple[SignatureScheme, Callable[..., dict[str, str]]]] = [
    (STRIPE, by_stripe),
    (ZENDESK, by_zendesk),
    (INTERCOM, by_intercom),
    (HUBSPOT, by_hubspot),
    (STANDARD, by_standard),
]


class Sent:
    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def header(self, name: bytes) -> str | None:
        return self._headers.get(name.decode())


def fault(
    scheme: SignatureScheme,
    headers: Mapping[str, str],
    *,
    body: bytes = BODY,
    secrets: tuple[str, ...] = (SECRET,),
    now: datetime = NOW,
) -> SignatureFault | None:
    return scheme.check(Sent(headers), body, keys=[scheme.key(one) for one in secrets], now=now)


def test_what_stripes_library_signs_is_taken() -> None:
    signed = f"{SECONDS}.{BODY.decode()}"
    digest = stripe.WebhookSignature._compute_signature(signed, SECRET)
    assert fault(STRIPE, {"stripe-signature": f"t={SECONDS},v1={digest},v0=ignored"}) is None


def test_what_we_take_stripes_library_takes() -> None:
    headers = by_stripe(BODY, at=int(time.time()))
    assert stripe.WebhookSignature.verify_header(BODY.decode(), headers["stripe-signature"], SECRET, 300)


def test_what_the_library_of_standard_webhooks_signs_is_taken() -> None:
    signature = standardwebhooks.Webhook(SECRET).sign("msg_1", NOW, BODY.decode())
    sent = {"webhook-id": "msg_1", "webhook-timestamp": str(SECONDS), "webhook-signature": f"v1a,x {signature}"}
    assert fault(STANDARD, sent) is None


def test_what_we_take_the_library_of_standard_webhooks_takes() -> None:
    standardwebhooks.Webhook(SECRET).verify(BODY, by_standard(BODY, at=int(time.time())))


def test_what_hubspots_client_for_python_signs_is_taken() -> None:
    """By its release 12.0.0; `openssl dgst -sha256 -hmac` gives the first one, too."""
    sent = {"x-hubspot-request-timestamp": "1769860800000"}
    plain = b'[{"eventId":1,"subscriptionType":"company.propertyChange","objectId":4711}]'
    signature = {"x-hubspot-signature-v3": "ZOOL8n8/SbHcnUvuhdP6ZNSSkQDCE/6ZOb3dNgBnGRc="}
    assert fault(HUBSPOT, sent | signature, body=plain, secrets=("secret",)) is None
    wide = '[{"text": "Zoë\u2028"}]'.encode()
    signature = {"x-hubspot-signature-v3": "vuarTE3Wx5DSIWMGbLQxkP0PlXGBKnhbjFNv4HP/RkA="}
    assert fault(HUBSPOT, sent | signature, body=wide, secrets=("secret",)) is None


def test_vectors_that_were_made_by_openssl() -> None:
    """`openssl dgst -hmac SECRET`, so that no code of ours or of a library has both sides."""
    body = b'{"topic":"ping"}'
    sent = {"x-hub-signature": "sha1=07c1f97674ea1af81d933c17af167b9300d3ec6e"}
    assert fault(INTERCOM, sent, body=body, secrets=("secret",)) is None
    zendesk = {
        "x-zendesk-webhook-signature": "G0ncicL1ykKtu3GgBBezNqPbVIyCy5alSofMP+xHiVg=",
        "x-zendesk-webhook-signature-timestamp": "2026-01-31T12:00:00Z",
    }
    assert fault(ZENDESK, zendesk, body=body, secrets=("secret",)) is None


@pytest.mark.parametrize(("scheme", "sign"), SIGNERS)
def test_a_body_that_was_changed_by_one_byte_is_refused(
    scheme: SignatureScheme, sign: Callable[..., dict[str, str]]
) -> None:
    assert fault(scheme, sign(BODY)) is None
    assert fault(scheme, sign(BODY), body=BODY + b" ") is SignatureFault.WRONG


@pytest.mark.parametrize(("scheme", "sign"), SIGNERS)
def test_both_secrets_are_good_while_they_rotate_and_no_third_one(
    scheme: SignatureScheme, sign: Callable[..., dict[str, str]]
) -> None:
    new, old = "whsec_bmV3", "whsec_b2xk"
    assert fault(scheme, sign(BODY, secret=new), secrets=(new, old)) is None
    assert fault(scheme, sign(BODY, secret=old), secrets=(new, old)) is None
    assert fault(scheme, sign(BODY, secret=OTHER), secrets=(new, old)) is SignatureFault.WRONG


@pytest.mark.parametrize(
    ("apart", "expected"),
    [
        (timedelta(seconds=300), None),
        (timedelta(seconds=301), SignatureFault.TOO_OLD),
        (timedelta(days=2), SignatureFault.TOO_OLD),  # a recorded request
        (timedelta(seconds=-300), None),  # its clock is ahead of ours
        (timedelta(seconds=-301), SignatureFault.IN_THE_FUTURE),
    ],
)
def test_a_signature_is_good_for_five_minutes(apart: timedelta, expected: SignatureFault | None) -> None:
    now = NOW + apart
    assert fault(STRIPE, by_stripe(BODY), now=now) is expected
    assert fault(ZENDESK, by_zendesk(BODY), now=now) is expected
    assert fault(HUBSPOT, by_hubspot(BODY), now=now) is expected
    assert fault(STANDARD, by_standard(BODY), now=now) is expected


def test_the_time_cannot_be_moved_without_the_secret() -> None:
    late = NOW + timedelta(hours=1)
    moved = by_stripe(BODY)["stripe-signature"].replace(f"t={SECONDS}", f"t={SECONDS + 3600}")
    assert fault(STRIPE, {"stripe-signature": moved}, now=late) is SignatureFault.WRONG
    zendesk = by_zendesk(BODY) | {"x-zendesk-webhook-signature-timestamp": "2026-01-31T13:00:00Z"}
    assert fault(ZENDESK, zendesk, now=late) is SignatureFault.WRONG
    hubspot = by_hubspot(BODY) | {"x-hubspot-request-timestamp": str((SECONDS + 3600) * 1000)}
    assert fault(HUBSPOT, hubspot, now=late) is SignatureFault.WRONG
    standard = by_standard(BODY) | {"webhook-timestamp": str(SECONDS + 3600)}
    assert fault(STANDARD, standard, now=late) is SignatureFault.WRONG


def test_an_id_that_was_exchanged_is_refused() -> None:
    assert fault(STANDARD, by_standard(BODY) | {"webhook-id": "msg_2"}) is SignatureFault.WRONG


@pytest.mark.parametrize(
    ("scheme", "headers", "expected"),
    [
        (STRIPE, {}, SignatureFault.MISSING),
        (STRIPE, {"stripe-signature": ""}, SignatureFault.MALFORMED),
        (STRIPE, {"stripe-signature": "t=,v1=00"}, SignatureFault.MALFORMED),
        (STRIPE, {"stripe-signature": "t=1,t=2,v1=00"}, SignatureFault.MALFORMED),  # which one was signed?
        (STRIPE, {"stripe-signature": "t=-5,v1=00"}, SignatureFault.MALFORMED),
        (STRIPE, {"stripe-signature": f"t={SECONDS}"}, SignatureFault.MALFORMED),
        (STRIPE, {"stripe-signature": f"t={SECONDS},v0=00"}, SignatureFault.MALFORMED),  # v0 is for tests of theirs
        (STRIPE, {"stripe-signature": f"t={SECONDS},v1=ü"}, SignatureFault.WRONG),
        (ZENDESK, {"x-zendesk-webhook-signature": "AA=="}, SignatureFault.MISSING),
        (
            ZENDESK,
            {"x-zendesk-webhook-signature": "AA==", "x-zendesk-webhook-signature-timestamp": "yesterday"},
            SignatureFault.MALFORMED,
        ),
        (INTERCOM, {}, SignatureFault.MISSING),
        (INTERCOM, {"x-hub-signature": "sha256=00"}, SignatureFault.MALFORMED),
        (INTERCOM, {"x-hub-signature": "sha1="}, SignatureFault.WRONG),
        (HUBSPOT, {"x-hubspot-signature-v3": "AA=="}, SignatureFault.MISSING),
        (HUBSPOT, {"x-hubspot-request-timestamp": f"{SECONDS}000"}, SignatureFault.MISSING),
        (HUBSPOT, by_hubspot(BODY) | {"x-hubspot-request-timestamp": "now"}, SignatureFault.MALFORMED),
        (STANDARD, by_standard(BODY) | {"webhook-timestamp": "1e9"}, SignatureFault.MALFORMED),
        (STANDARD, by_standard(BODY) | {"webhook-signature": "v2,AA=="}, SignatureFault.MALFORMED),
    ],
)
def test_headers_that_are_not_the_senders_are_refused(
    scheme: SignatureScheme, headers: dict[str, str], expected: SignatureFault
) -> None:
    assert fault(scheme, headers) is expected


texts = st.text(st.characters(max_codepoint=255), max_size=40)
NAMES = ["stripe-signature", "x-hub-signature", "webhook-id", "webhook-timestamp", "webhook-signature"]
HEADERS = [
    *NAMES,
    "x-zendesk-webhook-signature",
    "x-zendesk-webhook-signature-timestamp",
    "x-hubspot-signature-v3",
    "x-hubspot-request-timestamp",
]
moments = st.datetimes().map(datetime.isoformat) | st.datetimes(timezones=st.timezones()).map(datetime.isoformat)


@settings(max_examples=examples(300), deadline=None)
@given(headers=st.dictionaries(st.sampled_from(HEADERS), texts | moments | st.just("t=1,v1=0")), body=st.binary())
def test_no_headers_are_taken_or_break_anything(headers: dict[str, str], body: bytes) -> None:
    for scheme, _ in SIGNERS:
        assert fault(scheme, headers, body=body) is not None


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_*", "no base64!"])
def test_a_secret_of_standard_webhooks_is_base64(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_ and base64"):
        STANDARD.key(secret)
