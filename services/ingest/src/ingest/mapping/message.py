"""One message of a client that has a format of its own, as far as all these formats agree."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Raw, Struct, field


class MessageKind(StrEnum):
    """Segment's words, which the others use as well."""

    TRACK = "track"
    PAGE = "page"
    SCREEN = "screen"
    IDENTIFY = "identify"
    GROUP = "group"
    ALIAS = "alias"


class SourceMessage(Struct, frozen=True, kw_only=True, gc=False):
    """`body` is the message as it was decoded, in which mapping.yml looks up paths; `raw` are its bytes.

    `event` is the name as the client wrote it. `time` is by our clock: the format has corrected what it knows of the
    client's. `group_id` is the account that a group message names, `previous_id` what an alias message replaces.
    `member`: an account that any message names is that of its person, for the client has no group message of a person.
    """

    kind: MessageKind
    raw: bytes | Raw
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
