"""The account of an identity, which is a user or anonymous id."""

from datetime import datetime

from msgspec import Struct


class IdentitiesUnavailable(Exception):
    """The identities cannot be read or written: answer 503, and not that an account is unknown."""


class KnownAccount(Struct, frozen=True):
    """The account of an identity; `at` is the time of the message that said so."""

    account_id: str
    at: datetime
