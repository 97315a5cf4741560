"""The answers of GET /v1/rejects."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ingest.errors import FieldError


class RejectAnswer(Struct, frozen=True):
    """One message. `errors` say what is wrong with it, or with the values that were left out.

    `dead_letter` is where the dead topic has it (partition:offset): `python -m ingest dead resend` takes it again.
    It is null for a message that was taken in part. `label` is the name that the client gave the event.
    """

    received_at: datetime
    source: str
    key_id: str
    format: str
    label: str
    message_id: str | None
    reason: str
    errors: Sequence[FieldError]
    dead_letter: str | None


class RejectsAnswer(Struct, frozen=True):
    """`next` is the `before` of the next page, null on the last one."""

    rejects: Sequence[RejectAnswer]
    next: int | None
