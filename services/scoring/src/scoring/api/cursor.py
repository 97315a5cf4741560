"""Where a walk through the list has come, as `next_cursor` has it: opaque, so that nobody counts on what is in it."""

import base64
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from scoring.postgres.orders import CursorPlace, Order, Sort

_MOST = 2**63 - 1
_KEYS: dict[Sort, Any] = {
    Sort.SCORE: float | None,
    Sort.ARR: float | None,
    Sort.RENEWAL: date | None,
    Sort.NAME: str | None,
    Sort.BAND: Annotated[int, Meta(ge=0, le=100)] | None,
}


class NoCursor(Exception):
    """The text is no cursor that an answer ever gave."""


class Cursor(Struct, frozen=True):
    """The order that the walk keeps to, and the account that ended the page."""

    order: Order
    place: CursorPlace


class _Written(Struct, frozen=True, array_like=True):
    sort: Sort
    ranking_id: Annotated[int, Meta(ge=0, le=_MOST)]
    key: Any
    account_id: Annotated[str, Meta(min_length=1, max_length=512)]


def encode_cursor(cursor: Cursor) -> str:
    order, place = cursor.order, cursor.place
    body = msgspec.json.encode(_Written(order.sort, order.ranking_id, place.key, place.account_id))
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """Raises `NoCursor`."""
    try:
        written = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Written)
        key = msgspec.convert(written.key, _KEYS[written.sort.by])
    except (ValueError, msgspec.MsgspecError) as error:  # binascii.Error and UnicodeError are ValueErrors
        raise NoCursor from error
    cursor = Cursor(Order(written.sort, written.ranking_id), CursorPlace(key, written.account_id))
    if "\0" in f"{key}{written.account_id}" or encode_cursor(cursor) != text:
        raise NoCursor
    return cursor
