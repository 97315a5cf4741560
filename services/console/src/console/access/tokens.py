"""Secrets that a browser holds: sessions, sign-in links, and the tokens of forms. Only digests of them are stored."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256


def new_token() -> str:
    """256 random bits, as text that may stand in a cookie or an address."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    # A slow password hash is for guessable secrets.
    return sha256(token.encode()).digest()


def form_token(cookie: str) -> str:
    """The token of the forms that are shown to the browser with this cookie.

    A page of another origin can neither read the cookie nor the form, so it cannot post this.
    """
    return urlsafe_b64encode(hmac.digest(cookie.encode(), b"form", "sha256")).decode().rstrip("=")


def is_form_token(token: str, cookie: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(token.encode(), form_token(cookie).encode())
