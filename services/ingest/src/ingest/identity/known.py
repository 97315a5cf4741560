"""What is known of an identity: a user or anonymous id."""

from datetime import datetime

from msgspec import Struct


class IdentitiesUnavailable(Exception):
    """The identities cannot be read or written: answer 503, never that an account is unknown."""


class KnownAccount(Struct, frozen=True):
    """The account of an identity, and when the message that said so happened."""

    account_id: str
    at: datetime
