"""The signatures by which senders of webhooks prove who they are. Pure: secrets and time are parameters.

Each is an HMAC over the raw body, keyed by a secret that sender and receiver share. The senders' own libraries are not
used, because they read a clock and decode the body first; tests compare this module with what they sign.
"""

import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha1, sha256
from typing import Final, Protocol

REPLAY_SECONDS: Final = 300.0
"""How far a signed time may be from ours; a recorded request is worth nothing afterwards."""
_SECRET_PREFIX: Final = "whsec_"


class SignatureFault(StrEnum):
    """Why a signature is not accepted."""

    MISSING = "missing"
    """A header that the sender always sends is not there."""
    MALFORMED = "malformed"
    WRONG = "wrong"
    """No secret gives this signature: another secret, or another body."""
    TOO_OLD = "too_old"
    IN_THE_FUTURE = "in_the_future"


class Headers(Protocol):
    def header(self, name: bytes) -> str | None:
        """`name` in lower case."""


class SignatureScheme(Protocol):
    """How one kind of sender signs."""

    def key(self, secret: str) -> bytes:
        """The key bytes of a secret. Raises `ValueError` with the expected form if the text is no secret."""

    def check(self, headers: Headers, body: bytes, *, keys: Sequence[bytes], now: datetime) -> SignatureFault | None:
        """None if one of the keys made the signature; during a rotation there are two keys."""


class StripeSignature:
    """`Stripe-Signature: t=SECONDS,v1=HEX`: the SHA-256 HMAC of "t.body". There may be several v1."""

    def key(self, secret: str) -> bytes:
        return _verbatim(secret)

    def check(self, headers: Headers, body: bytes, *, keys: Sequence[bytes], now: datetime) -> SignatureFault | None:
        header = headers.header(b"stripe-signature")
        if header is None:
            return SignatureFault.MISSING
        parts = [part.strip().partition("=") for part in header.split(",")]
        times = [value for name, _, value in parts if name == "t"]
        if len(times) != 1 or (time := _whole_number(times[0])) is None:
            return SignatureFault.MALFORMED
        given = [value.encode() for name, _, value in parts if name == "v1"]
        signed = times[0].encode() + b"." + body
        expected = (hmac.digest(key, signed, sha256).hex().encode() for key in keys)
        return _fault(given, expected, time, now)


class ZendeskSignature:
    """Base64 of the SHA-256 HMAC of the timestamp header's text and the body. The secret is not decoded."""

    def key(self, secret: str) -> bytes:
        return _verbatim(secret)

    def check(self, headers: Headers, body: bytes, *, keys: Sequence[bytes], now: datetime) -> SignatureFault | None:
        given = headers.header(b"x-zendesk-webhook-signature")
        timestamp = headers.header(b"x-zendesk-webhook-signature-timestamp")
        if given is None or timestamp is None:
            return SignatureFault.MISSING
        if (time := _iso_seconds(timestamp)) is None:
            return SignatureFault.MALFORMED
        signed = timestamp.encode("latin-1") + body
        expected = (b64encode(hmac.digest(key, signed, sha256)) for key in keys)
        return _fault([given.encode("latin-1")], expected, time, now)


class IntercomSignature:
    """`X-Hub-Signature: sha1=HEX`: the SHA-1 HMAC of the body. No time is signed beside the body."""

    def key(self, secret: str) -> bytes:
        return _verbatim(secret)

    def check(self, headers: Headers, body: bytes, *, keys: Sequence[bytes], now: datetime) -> SignatureFault | None:
        header = headers.header(b"x-hub-signature")
        if header is None:
            return SignatureFault.MISSING
        method, _, given = header.partition("=")
        if method != "sha1":
            return SignatureFault.MALFORMED
        expected = (hmac.digest(key, body, sha1).hex().encode() for key in keys)
        return _fault([given.encode("latin-1")], expected, now.timestamp(), now)


class HubSpotSignature:
    """`X-HubSpot-Signature-v3`: base64 of the SHA-256 HMAC of "POST", the address, the body, and the time in a header.

    `url` is the address that HubSpot posts to. Behind a proxy it is not the one that ingest sees.
    """

    def __init__(self, url: str) -> None:
        self._request = b"POST" + url.encode()

    def key(self, secret: str) -> bytes:
        return _verbatim(secret)

    def check(self, headers: Headers, body: bytes, *, keys: Sequence[bytes], now: datetime) -> SignatureFault | None:
        given = headers.header(b"x-hubspot-signature-v3")
        timestamp = headers.header(b"x-hubspot-request-timestamp")
        if given is None or timestamp is None:
            return SignatureFault.MISSING
        if (milliseconds := _whole_number(timestamp)) is None:
            return SignatureFault.MALFORMED
        signed = self._request + body + timestamp.encode()
        expected = (b64encode(hmac.digest(key, signed, sha256)) for key in keys)
        return _fault([given.encode("latin-1")], expected, milliseconds / 1000, now)


class StandardSignature:
    """Standard Webhooks: `webhook-signature: v1,BASE64 v1,BASE64` over "id.timestamp.body"."""

    def key(self, secret: str) -> bytes:
        try:
            key = b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
        except NotBase64:
            key = b""
        if not key:
            raise ValueError(f"expected {_SECRET_PREFIX} and base64")
        return key

    def check(self, headers: Headers, body: bytes, *, keys: Sequence[bytes], now: datetime) -> SignatureFault | None:
        message, timestamp = headers.header(b"webhook-id"), headers.header(b"webhook-timestamp")
        signatures = headers.header(b"webhook-signature")
        if message is None or timestamp is None or signatures is None:
            return SignatureFault.MISSING
        if (time := _whole_number(timestamp)) is None:
            return SignatureFault.MALFORMED
        pairs = [one.partition(",") for one in signatures.split(" ")]
        given = [value.encode("latin-1") for version, _, value in pairs if version == "v1"]
        signed = f"{message}.{timestamp}.".encode("latin-1") + body
        expected = (b64encode(hmac.digest(key, signed, sha256)) for key in keys)
        return _fault(given, expected, time, now)


def _fault(given: Sequence[bytes], expected: Iterable[bytes], time: float, now: datetime) -> SignatureFault | None:
    """Checks the signature before the time, so that a sender without the secret learns nothing about our clock."""
    if not given:
        return SignatureFault.MALFORMED
    # Compares all pairs in constant time, so that the time of an answer does not tell where they differ.
    matches = [hmac.compare_digest(one, other) for other in expected for one in given]
    if not any(matches):
        return SignatureFault.WRONG
    age = now.timestamp() - time
    if age > REPLAY_SECONDS:
        return SignatureFault.TOO_OLD
    return SignatureFault.IN_THE_FUTURE if age < -REPLAY_SECONDS else None


def _verbatim(secret: str) -> bytes:
    if not secret:
        raise ValueError("expected a text that is not empty")
    return secret.encode()


def _whole_number(text: str) -> float | None:
    """A time since 1970, without sign and blanks, at most as many digits as the year 9999 needs in milliseconds."""
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


def _iso_seconds(text: str) -> float | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
