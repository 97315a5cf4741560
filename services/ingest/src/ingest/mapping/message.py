"""One message of an SDK, with the fields that all these formats have in common."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from ingest.mapping.message_text import MessageText


class MessageKind(StrEnum):
    """Kinds of messages, in Segment's words; the other formats have the same kinds."""

    TRACK = "track"
    PAGE = "page"
    SCREEN = "screen"
    IDENTIFY = "identify"
    GROUP = "group"
    ALIAS = "alias"


class SourceMessage(Struct, frozen=True, kw_only=True, gc=False):
    """`body` is the message as it was decoded, in which mapping.yml looks up paths; `raw` is its text.

    `event` is the name as the client wrote it. `time` is by our clock: the format has corrected the client's clock.
    `group_id` is the account that a group message names, `previous_id` the id that an alias message replaces. `member`:
    the account of any message is also that of its person, because the client sends no group messages for a person.
    """

    kind: MessageKind
    raw: MessageText
    body: dict[str, Any]
    message_id: str | None = None
    event: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    group_id: str | None = None
    previous_id: str | None = None
    time: datetime | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)
    member: bool = False
