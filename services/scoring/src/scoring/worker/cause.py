"""The cause of a signal: an event, or silence alone."""

from enum import StrEnum

import msgspec
from msgspec import Struct


class Cause(StrEnum):
    EVENT = "event"
    SILENCE = "silence"


class _Caused(Struct):
    cause: tuple[str, str] | str


_decoder = msgspec.json.Decoder(_Caused)


def cause_of(body: bytes | None) -> Cause | None:
    """The cause in an encoded signal; None if it cannot be read."""
    try:
        caused = _decoder.decode(body or b"")
    except msgspec.DecodeError:
        return None
    return Cause.SILENCE if isinstance(caused.cause, str) else Cause.EVENT
