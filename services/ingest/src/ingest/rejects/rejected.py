"""A message in the list of rejects."""

from datetime import datetime

from msgspec import Struct

from ingest.errors import FieldError

LEFT_OUT = "left_out"
"""The reason of a message that was taken without some of its values."""


class Rejected(Struct, frozen=True, kw_only=True):
    """`dead_letter` is its position on the dead topic, `partition:offset`; None if the message was taken in part.

    `label` is the name that the client gave the event, or the type of the message.
    """

    at: datetime
    source: str
    key_id: str
    format: str
    label: str
    reason: str
    errors: tuple[FieldError, ...]
    message_id: str | None = None
    dead_letter: str | None = None
