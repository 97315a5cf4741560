"""`next_cursor`: where a page of the list ended. It is opaque, so that no client depends on its content."""

import base64
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from scoring.kpis.entry_source import EntryPlace
from scoring.postgres.people import PersonPlace
from scoring.postgres.sort_orders import CursorPlace, Order, Sort

_MOST = 2**63 - 1
_KEYS: dict[Sort, Any] = {
    Sort.SCORE: float | None,
    Sort.ARR: float | None,
    Sort.RENEWAL: date | None,
    Sort.NAME: str | None,
    Sort.BAND: Annotated[int, Meta(ge=0, le=100)] | None,
}


class InvalidCursor(Exception):
    """The text is not a cursor that an answer gave."""


class Cursor(Struct, frozen=True):
    """The order of the walk, and the account that ended the page."""

    order: Order
    place: CursorPlace


class _EntryFields(Struct, frozen=True, array_like=True):
    seq: Annotated[int, Meta(ge=0, le=_MOST)]
    n: Annotated[int, Meta(ge=0, le=2**31 - 1)]


class _PersonFields(Struct, frozen=True, array_like=True):
    last_seen: date
    user_id: Annotated[str, Meta(min_length=1, max_length=128)]


class _CursorFields(Struct, frozen=True, array_like=True):
    sort: Sort
    ranking_id: Annotated[int, Meta(ge=0, le=_MOST)]
    key: Any
    account_id: Annotated[str, Meta(min_length=1, max_length=512)]


def encode_cursor(cursor: Cursor) -> str:
    order, place = cursor.order, cursor.place
    return _text(_CursorFields(order.sort, order.ranking_id, place.key, place.account_id))


def decode_cursor(text: str) -> Cursor:
    """Raises `InvalidCursor`."""
    try:
        fields = msgspec.json.decode(_body(text), type=_CursorFields)
        key = msgspec.convert(fields.key, _KEYS[fields.sort.by])
    except (ValueError, msgspec.MsgspecError) as error:  # binascii.Error and UnicodeError are ValueErrors
        raise InvalidCursor from error
    cursor = Cursor(Order(fields.sort, fields.ranking_id), CursorPlace(key, fields.account_id))
    if "\0" in f"{key}{fields.account_id}" or encode_cursor(cursor) != text:
        raise InvalidCursor
    return cursor


def encode_person_cursor(place: PersonPlace) -> str:
    return _text(_PersonFields(place.last_seen, place.user_id))


def decode_person_cursor(text: str) -> PersonPlace:
    """Raises `InvalidCursor`."""
    try:
        fields = msgspec.json.decode(_body(text), type=_PersonFields)
    except (ValueError, msgspec.MsgspecError) as error:  # see `decode_cursor`
        raise InvalidCursor from error
    place = PersonPlace(fields.last_seen, fields.user_id)
    if "\0" in fields.user_id or encode_person_cursor(place) != text:
        raise InvalidCursor
    return place


def encode_entry_cursor(place: EntryPlace) -> str:
    return _text(_EntryFields(*place))


def decode_entry_cursor(text: str) -> EntryPlace:
    """Raises `InvalidCursor`."""
    try:
        fields = msgspec.json.decode(_body(text), type=_EntryFields)
    except (ValueError, msgspec.MsgspecError) as error:  # see `decode_cursor`
        raise InvalidCursor from error
    place = (fields.seq, fields.n)
    if encode_entry_cursor(place) != text:
        raise InvalidCursor
    return place


def _text(fields: Struct) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(fields)).decode().rstrip("=")


def _body(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
