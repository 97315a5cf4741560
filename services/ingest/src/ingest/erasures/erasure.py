"""A request to erase an account, as it is stored. Pure."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class ErasureState(StrEnum):
    """`filed`: ingest refuses the account already, and the log does not know of it yet. `announced`: the log does.

    `lifting`: somebody asked to lift it, and the log does not know that yet. `lifted`: the account is taken again.
    """

    FILED = "filed"
    ANNOUNCED = "announced"
    LIFTING = "lifting"
    LIFTED = "lifted"


class AskedErasure(Struct, frozen=True):
    """As it is filed. `filed_by` is the id of an API key, or `command`."""

    erasure_id: str
    pseudonym: bytes
    fingerprint: str
    partition: int
    account_id: str
    filed_by: str


class StoredErasure(Struct, frozen=True):
    """`account_id` is None once the log has the announcement; then `removed` counts what ingest deleted of it."""

    erasure_id: str
    pseudonym: bytes
    fingerprint: str
    partition: int
    account_id: str | None
    filed_at: datetime
    filed_by: str
    announced_at: datetime | None = None
    lift_asked_at: datetime | None = None
    lift_asked_by: str | None = None
    lifted_at: datetime | None = None
    removed: dict[str, int] | None = None

    @property
    def state(self) -> ErasureState:
        if self.lifted_at is not None:
            return ErasureState.LIFTED
        if self.announced_at is None:
            return ErasureState.FILED
        return ErasureState.ANNOUNCED if self.lift_asked_at is None else ErasureState.LIFTING
