"""Reads one record of the dead topic, whatever its bytes are. Pure."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct

from common.bus.ports import Record
from common.contracts import dead_letters
from common.contracts.dead_letters import attempt_of

_POSITION = re.compile(r"([0-9]{1,5}):([0-9]{1,18})", re.ASCII)
# Any program may write headers and values, so what is kept of them is bounded. An account id has 2,000 at most.
_HEADER_CHARS = 1_000
_TEXT_CHARS = 2_000
# In stream mode any program gives its records their time. A day is left for whoever adds some time to the last one.
_LAST_MOMENT = round(datetime(9999, 12, 30, tzinfo=UTC).timestamp() * 1000)


class LetterPosition(NamedTuple):
    """Where a letter is in the dead topic, as text `partition:offset`."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"


def parse_position(text: str) -> LetterPosition:
    """Reads `partition:offset`. Raises `ValueError`."""
    match = _POSITION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no position: partition:offset, as `dead list` shows it")
    return LetterPosition(int(match[1]), int(match[2]))


class DeadLetter(Struct, frozen=True):
    """`source`, `account`, `event` and `event_id` are None where the record does not say them."""

    position: LetterPosition
    timestamp: int  # milliseconds
    reason: str
    origin: str
    attempt: int
    truncated: bool
    source: str | None
    account: str | None
    event: str | None
    event_id: str | None
    record: Record

    @property
    def at(self) -> datetime:
        """The nearest moment that a date can have."""
        return datetime.fromtimestamp(min(max(0, self.timestamp), _LAST_MOMENT) / 1000, UTC)


class _Named(Struct):
    """The fields that a JSON object of any kind may have; a value that is no text counts as missing."""

    account_id: object = None
    source: object = None
    name: object = None
    event_id: object = None


_decoder = msgspec.json.Decoder(_Named)


def read_letter(record: Record) -> DeadLetter:
    """The letter in a record. Raises nothing: fields that cannot be read are None."""
    headers = {name: header_text(value) for name, value in record.headers}
    named = _named(record.value)
    return DeadLetter(
        position=LetterPosition(record.partition, record.offset),
        timestamp=record.timestamp,
        reason=headers.get(dead_letters.REASON) or "unknown",
        origin=headers.get(dead_letters.ORIGIN) or "scoring",
        attempt=attempt_of(record.headers),
        truncated=dead_letters.TRUNCATED in headers,
        source=headers.get(dead_letters.SOURCE) or _text(named.source),
        account=_text(named.account_id) or _key_text(record.key),
        event=_text(named.name),
        event_id=_text(named.event_id),
        record=record,
    )


def header_text(value: bytes | None) -> str:
    return (value or b"")[:_HEADER_CHARS].decode(errors="backslashreplace")


def _named(value: bytes | None) -> _Named:
    try:
        return _decoder.decode(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Named()


def _text(value: object) -> str | None:
    return value[:_TEXT_CHARS] if isinstance(value, str) and value else None


def _key_text(key: bytes | None) -> str | None:
    return key[:_TEXT_CHARS].decode(errors="backslashreplace") if key else None
