"""Tokens of API keys: `cs_<id>_<secret>`.

The id finds the key and is public: lists and logs show it. Only the SHA-256 of the secret is stored. Digests are
compared in constant time, so the time of an answer tells at most that an id exists.
"""

import re
import secrets
from datetime import datetime
from hashlib import sha256

from msgspec import Struct

_TOKEN = re.compile(r"cs_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_IN_TEXT = re.compile(r"(cs_[0-9a-f]{12}_)[A-Za-z0-9_-]+", re.ASCII)


class NewToken(Struct, frozen=True):
    id: str
    secret: str

    @property
    def text(self) -> str:
        return f"cs_{self.id}_{self.secret}"


class IssuedKey(Struct, frozen=True):
    """`token` is a secret. `replaced_until` is when the key ends that it was made for, None if it replaces none."""

    token: str
    expires_at: datetime | None
    replaced_until: datetime | None = None


def new_token() -> NewToken:
    return NewToken(secrets.token_hex(6), secrets.token_urlsafe(32))


def split_token(token: str) -> tuple[str, str] | None:
    """The id and the secret, or None if the text is not in the form of a token."""
    match = _TOKEN.fullmatch(token)
    return (match[1], match[2]) if match else None


def without_secrets(text: str) -> str:
    """The text without the secrets of the tokens in it, whole or cut; their ids stay."""
    return _IN_TEXT.sub(r"\1...", text)


def secret_digest(secret: str) -> bytes:
    # A slow password hash is for guessable secrets; this one has 256 random bits.
    return sha256(secret.encode()).digest()
