"""What an account did, in the words of `POST /v1/events`."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field


class Happening(Struct, frozen=True, omit_defaults=True):
    event_id: str
    account_id: str
    name: str
    time: datetime
    user_id: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)


_encoder = msgspec.json.Encoder()


def ndjson(happenings: list[Happening]) -> bytes:
    return _encoder.encode_lines(happenings)
