"""A request to erase an account or a person, as it is stored. Pure."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class AnotherErasureKey(Exception):
    """Somebody is erased by another ERASURE_KEY. Answer 409: scoring and alerts would stop at the record."""


class ErasureKind(StrEnum):
    """Whether an account or a person is erased. An account is in one partition of the log, a person in all.

    Accounts of all partitions may name an erased account.
    """

    ACCOUNT = "account"
    USER = "user"


class ErasureState(StrEnum):
    """How far a request is. `filed`: ingest refuses their events; Kafka has not acknowledged the record yet.

    `announced`: Kafka has. `lifting`: somebody asked to lift it; Kafka has not acknowledged that yet. `lifted`: ingest
    takes their events again.
    """

    FILED = "filed"
    ANNOUNCED = "announced"
    LIFTING = "lifting"
    LIFTED = "lifted"


class AskedErasure(Struct, frozen=True, kw_only=True):
    """A new request. `filed_by` is the id of an API key, or `command`.

    For an account `account_id` and `partition` are given, for a person `user_id` and `substitute`.
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
    """A request as it is stored. Once Kafka has the record, both ids are None and `removed` counts what ingest deleted.

    The substitute stays stored, so that all records of one request have the same.
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
