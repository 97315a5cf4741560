"""Records of the topic `account.events.v1.dead`: the bytes of a record that was set aside, with headers that say why.

`attempt` counts how often a record was on the events topic; a letter without it was there once. `origin` is the service
that wrote the letter; without it that was scoring. A marker is a record of the same topic and says which letters were
sent again.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

REASON: Final = "reason"
TRUNCATED: Final = "truncated"
ORIGIN: Final = "origin"
SOURCE: Final = "source"
ATTEMPT: Final = "attempt"
"""Also on a record of the events topic that was sent again."""

RESENT_FROM: Final = "resent_from"
"""On a record of the events topic: `partition:offset` of its dead letter."""

RESENT: Final = "resent"
"""A record of the dead topic with this header is a marker."""

_MOST_ATTEMPTS: Final = 30_000


class DeadReason(StrEnum):
    """Why scoring wrote a dead letter. Header, log line and metric label have the same text."""

    UNREADABLE = "unreadable"
    WRONG_PARTITION = "wrong_partition"
    CARD_CHANGE = "card_change_not_supported"
    CORE_FAILED = "core_failed"
    UNKNOWN_TYPE = "unknown_type"  # by an operator's decision alone


class ResentMarker(Struct, frozen=True):
    """The value of a marker: the offsets of letters, in the marker's partition, that were sent again."""

    offsets: tuple[int, ...]


def attempt_of(headers: Iterable[tuple[str, bytes]]) -> int:
    """How often this record was on the events topic: 1, or what a good `attempt` header says."""
    for name, value in headers:
        # A client library may give None for an empty value.
        if name == ATTEMPT and (value or b"").isdigit() and len(value) <= len(str(_MOST_ATTEMPTS)):
            return min(max(1, int(value)), _MOST_ATTEMPTS)
    return 1


def encode_marker(offsets: Iterable[int]) -> bytes:
    return msgspec.json.encode(ResentMarker(tuple(offsets)))


def decode_marker(body: bytes) -> ResentMarker:
    """Raises `msgspec.DecodeError`."""
    return msgspec.json.decode(body, type=ResentMarker)
