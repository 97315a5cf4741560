"""A request to erase an account or a person, as it is stored. Pure."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class AnotherErasureKey(Exception):
    """Somebody is erased by another key: nothing was filed, or readers of the log would stop at the record."""


class ErasureKind(StrEnum):
    """Who is erased. An account is in one partition of the log, a person in all."""

    ACCOUNT = "account"
    USER = "user"


class ErasureState(StrEnum):
    """`filed`: ingest refuses them already, and the log does not know of it yet. `announced`: the log does.

    `lifting`: somebody asked to lift it, and the log does not know that yet. `lifted`: they are taken again.
    """

    FILED = "filed"
    ANNOUNCED = "announced"
    LIFTING = "lifting"
    LIFTED = "lifted"


class AskedErasure(Struct, frozen=True, kw_only=True):
    """As it is filed. `filed_by` is the id of an API key, or `command`.

    An account has its `account_id` and `partition`, a person their `user_id` and a `substitute`.
    """

    erasure_id: str
    pseudonym: bytes
    fingerprint: str
    filed_by: str
    partition: int | None = None
    account_id: str | None = None
    user_id: str | None = None
    substitute: str | None = None


class StoredErasure(Struct, frozen=True, kw_only=True):
    """Both ids are None once the log has the announcement; then `removed` counts what ingest deleted.

    The substitute stays: each record of one request has to say the same.
    """

    erasure_id: str
    pseudonym: bytes
    fingerprint: str
    filed_at: datetime
    filed_by: str
    partition: int | None = None
    account_id: str | None = None
    user_id: str | None = None
    substitute: str | None = None
    announced_at: datetime | None = None
    lift_asked_at: datetime | None = None
    lift_asked_by: str | None = None
    lifted_at: datetime | None = None
    removed: dict[str, int] | None = None

    @property
    def kind(self) -> ErasureKind:
        return ErasureKind.ACCOUNT if self.substitute is None else ErasureKind.USER

    @property
    def state(self) -> ErasureState:
        if self.lifted_at is not None:
            return ErasureState.LIFTED
        if self.announced_at is None:
            return ErasureState.FILED
        return ErasureState.ANNOUNCED if self.lift_asked_at is None else ErasureState.LIFTING
