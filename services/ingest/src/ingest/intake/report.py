"""What became of the messages of one request."""

from collections.abc import Sequence

from msgspec import Struct

from common.contracts.events import Event
from ingest.errors import FieldError
from ingest.mapping.item import IgnoredReason, IntakeItem


class RefusedMessage(Struct, frozen=True):
    """A message of which at least one event could not be taken; `errors` say why."""

    index: int
    item: IntakeItem
    errors: tuple[FieldError, ...]


class PartlyTaken(Struct, frozen=True):
    """A message that was taken without some of its values; `left_out` says which and why."""

    index: int
    item: IntakeItem
    left_out: tuple[FieldError, ...]


class IntakeReport(Struct, frozen=True):
    """`messages` counts all of them; `events` are on the log. `clamped` counts times ahead of ours that became ours."""

    messages: int
    events: Sequence[Event]
    refused: Sequence[RefusedMessage] = ()
    partly: Sequence[PartlyTaken] = ()
    ignored: Sequence[IgnoredReason] = ()
    clamped: int = 0
