"""Golden records of the contracts: those of every revision are read, today's are written byte for byte, ids stay."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import fields

from common.contracts import ids
from common.contracts.events import (
    EventsRecord,
    decode_events_record,
    encode_events_record,
    find_unknown_type,
)
from common.contracts.signals import (
    SignalsRecord,
    decode_signals_record,
    encode_signals_record,
)
from support.golden import CONTRACT, golden_records, newer, next_revision, plain_schema, revisions
from support.golden_today import EVENT, EVENTS, RECORDS, SIGNALS

CONTRACTS: dict[str, Any] = {EVENTS: EventsRecord, SIGNALS: SignalsRecord}


TODAY = [(topic, name) for topic, records in RECORDS.items() for name in records]
EVERY_FILE = [path for topic in CONTRACTS for path in golden_records(topic)]


def read(topic: str, body: bytes) -> EventsRecord | SignalsRecord:
    return decode_events_record(body) if topic == EVENTS else decode_signals_record(body)


def write(record: Any) -> bytes:
    return encode_events_record(record) if isinstance(record, EventsRecord) else encode_signals_record(record)


@pytest.mark.parametrize(("topic", "name"), TODAY)
def test_a_record_of_today_is_written_as_its_golden_bytes_and_read_from_them(topic: str, name: str) -> None:
    record, path = RECORDS[topic][name], revisions(topic)[-1] / f"{name}.json"
    assert path.exists(), f"{next_revision(topic)} It lacks {path.name}: {write(record).decode()}"
    assert write(record) == path.read_bytes(), next_revision(topic)
    assert read(topic, path.read_bytes()) == record


@pytest.mark.parametrize("topic", CONTRACTS)
def test_the_contract_is_the_one_that_its_newest_revision_describes(topic: str) -> None:
    """A field or name that was added, too, although the records of before look the same."""
    written = msgspec.json.decode((revisions(topic)[-1] / CONTRACT).read_bytes())
    assert plain_schema(CONTRACTS[topic]) == written, next_revision(topic)


@pytest.mark.parametrize("topic", CONTRACTS)
def test_the_golden_records_of_today_have_every_field_and_name_of_the_contract(topic: str) -> None:
    structs, names = set[type[Struct]](), set[StrEnum]()
    told = set[tuple[type[Struct], str]]()
    for value in _inside(tuple(RECORDS[topic].values())):
        if isinstance(value, Struct):
            structs.add(type(value))
            told |= {(type(value), one.name) for one in fields(value) if getattr(value, one.name) != one.default}
        elif isinstance(value, StrEnum):
            names.add(value)
    assert told >= {(struct, one.name) for struct in structs for one in fields(struct)}
    assert names == {name for kind in {type(name) for name in names} for name in kind}
    assert {type(record) for record in RECORDS[topic].values()} == set(CONTRACTS[topic].__args__)


def _inside(value: Any) -> Iterator[Any]:
    """This value and all those that it holds."""
    yield value
    if isinstance(value, Struct):
        value = tuple(getattr(value, one.name) for one in fields(value))
    if isinstance(value, tuple):
        for one in value:
            yield from _inside(one)


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_golden_record_of_every_revision_is_read_and_keeps_what_it_says(path: Path) -> None:
    written = path.read_bytes()
    record = read(path.parent.parent.name, written)
    assert _holds(msgspec.json.decode(write(record)), msgspec.json.decode(written))


def _holds(today: Any, before: Any) -> bool:
    """Whether `today` says all that was said before; later revisions may have added fields."""
    if isinstance(before, dict):
        return isinstance(today, dict) and all(key in today and _holds(today[key], before[key]) for key in before)
    if isinstance(before, list):
        return len(today) == len(before) and all(map(_holds, today, before))
    return bool(today == before)


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda path: "/".join(path.parts[-3:]))
def test_fields_that_a_later_version_adds_are_passed_over_at_every_depth(path: Path) -> None:
    topic, written = path.parent.parent.name, path.read_bytes()
    later = _with_more(msgspec.json.decode(written))
    assert read(topic, msgspec.json.encode(later)) == read(topic, written)


def _with_more(value: Any) -> Any:
    """Every object but an event's own properties, which are free, has a field that nobody knows."""
    if isinstance(value, list):
        return [_with_more(one) for one in value]
    if not isinstance(value, dict):
        return value
    more = {key: one if key == "properties" else _with_more(one) for key, one in value.items()}
    return more | {"added_later": {"by": ["a", "newer", "version"]}}


def test_an_event_with_fields_of_a_newer_version_is_the_event_that_it_was() -> None:
    assert decode_events_record(newer(EVENTS, "event")) == EVENT


@pytest.mark.parametrize("type_name", ["calendar.day", "rumour", ""])
def test_a_record_of_an_unknown_type_says_so(type_name: str) -> None:
    body = newer(EVENTS, "unknown_type").replace(b"calendar.day", type_name.encode())
    with pytest.raises(msgspec.ValidationError):
        decode_events_record(body)
    assert find_unknown_type(body) == type_name


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'"calendar.day"',
        b"\xff",
        b'{"type":"calendar.day"',  # cut off
        b'{"type":"calendar.day","name":"\xff"}',  # no UTF-8
        b'{"type":7}',
        b'{"type":null}',
        b'{"type":"event"}',  # a type that we know, with wrong fields
        b'{"type":"tick","type":"card.activated"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_record_at_all_is_a_decode_error_and_nothing_else(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_events_record(body)
    with pytest.raises(msgspec.DecodeError):
        decode_signals_record(body)
    assert find_unknown_type(body) is None


def test_ids_never_change() -> None:
    caused = ids.signal_id("acme", "d77b7b4c93798987", "band", "red", ("web", "e-7"))
    silent = ids.signal_id("acme", "d77b7b4c93798987", "flag", "gone_quiet", ids.silence(1_777_793_400))
    assert caused == "05273e99-0f73-5bc6-9442-bf201d9d2d66"
    assert silent == "db302fa2-5527-5e6e-9d1d-01dfa48356f1"
    assert ids.event_id("web", "order-7", 0) == "bf25d0e9-1369-5da7-9a49-7b8bca89182b"
