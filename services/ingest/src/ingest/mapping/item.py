"""What formats make of their messages, before accounts are looked up and events are checked."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from ingest.errors import FieldError
from ingest.mapping.message_text import MessageText


class IgnoredReason(StrEnum):
    """Why a message makes no event though nothing is wrong with it."""

    BY_MAPPING = "by_mapping"
    """mapping.yml lists its name under `ignore`."""
    UNKNOWN_TYPE = "unknown_type"
    """The sender has more types of messages than we know."""
    NOTHING_TO_TELL = "nothing_to_tell"
    """It holds nothing that an account's health could depend on."""
    DUPLICATE = "duplicate"
    """It came before, and what it became then is on the log."""
    ERASED = "erased"
    """Its account or its person was erased."""


class Link(Struct, frozen=True, gc=False):
    """What a message teaches of one identity: its account, or another identity that has the same account."""

    identity: str
    account_id: str | None = None
    same_as: str | None = None


class DraftEvent(Struct, frozen=True, kw_only=True, gc=False):
    """An event before its check. Without `account_id` it gets the account of the first identity in `known_by` with one.

    `default_account` is the account if no identity has one, not even by a later message of the request.
    `lenient`: properties that the event catalogue refuses are left out and listed; otherwise the event is refused.
    `event_id` None: ingest makes one. `time` None: the time at which the message was received.
    """

    name: str
    event_id: str | None = None
    time: datetime | None = None
    account_id: str | None = None
    known_by: tuple[str, ...] = ()
    default_account: str | None = None
    user_id: str | None = None
    properties: dict[str, Any]
    lenient: bool = False


class IntakeItem(Struct, frozen=True, kw_only=True, gc=False):
    """One message of a request. `raw` is what goes to the dead topic if an event of it is refused.

    `links` apply in the order of the messages, before the item's own events. `at` is when the message happened: of two
    links of one identity the later one holds. `errors` refuse the message whole. `label` is its name in lists.
    """

    raw: MessageText
    at: datetime
    label: str = ""
    message_id: str | None = None
    links: tuple[Link, ...] = ()
    events: tuple[DraftEvent, ...] = ()
    errors: tuple[FieldError, ...] = ()
    ignored: IgnoredReason | None = None
