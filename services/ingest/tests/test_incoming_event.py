"""The schema of an event: for each rule an event that breaks it."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import FieldError, FieldErrorReason
from ingest.events import incoming_event
from ingest.events.incoming_event import CorrectedEvent, IncomingEvent
from ingest.events.validation import InvalidEvent
from ingest.receiving.bounds import BOUNDS
from support.examples import examples

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
NINE = "properties.2.3.4.5.6.7.8.9"
GOOD = {"account_id": "acme", "name": "report.opened"}


def read(text: bytes) -> IncomingEvent | CorrectedEvent | InvalidEvent:
    return incoming_event.parse_event(text, now=NOW, bounds=BOUNDS)


def faults(text: bytes) -> tuple[FieldError, ...]:
    found = read(text)
    assert isinstance(found, InvalidEvent)
    return found.errors


def event(**fields: Any) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


def test_two_fields_are_enough() -> None:
    assert read(event()) == IncomingEvent(account_id="acme", name="report.opened")


def test_a_null_says_as_much_as_an_absent_field() -> None:
    assert read(event(event_id=None, user_id=None, time=None, properties=None)) == read(event())


def test_everything_within_bounds_is_taken_as_it_is() -> None:
    properties = {
        "text": "x" * 8192,
        "numbers": [1e15, -1e15, 10**15, 5e-324, 0, True, None],
        "2": {"3": {"4": {"5": {"6": {"7": {"8": {}}}}}}},
        "k" * 128: {str(number): number for number in range(256)},
        "slash": "a\\u0000b",  # a backslash and five characters, no U+0000
    }
    text = event(event_id="i" * 128, user_id="u", time="2026-01-31T13:04:59+01:00", properties=properties)
    found = read(text)
    assert isinstance(found, IncomingEvent)
    assert found.properties == properties
    assert found.time == NOW + timedelta(seconds=299)


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        (b'{"name":"report.opened"}', "account_id", FieldErrorReason.MISSING),
        (event(account_id=None), "account_id", FieldErrorReason.MISSING),
        (event(account_id=""), "account_id", FieldErrorReason.EMPTY),
        (event(account_id=17), "account_id", FieldErrorReason.WRONG_TYPE),
        (event(account_id="a" * 129), "account_id", FieldErrorReason.TOO_LONG),
        (event(event_id=""), "event_id", FieldErrorReason.EMPTY),
        (event(event_id="a" * 129), "event_id", FieldErrorReason.TOO_LONG),
        (event(user_id=["u"]), "user_id", FieldErrorReason.WRONG_TYPE),
        (b'{"account_id":"acme"}', "name", FieldErrorReason.MISSING),
        (event(name="report"), "name", FieldErrorReason.BAD_NAME),
        (event(name="Report.Opened"), "name", FieldErrorReason.BAD_NAME),
        (event(name="report opened.now"), "name", FieldErrorReason.BAD_NAME),
        (event(name="report..opened"), "name", FieldErrorReason.BAD_NAME),
        (event(name="report.opened\n"), "name", FieldErrorReason.BAD_NAME),
        (event(name="a." + "b" * 99), "name", FieldErrorReason.TOO_LONG),
        (event(time="2026-01-31T12:00:00"), "time", FieldErrorReason.NO_ZONE),
        (event(time="yesterday"), "time", FieldErrorReason.BAD_TIME),
        (event(time="2026-01-31"), "time", FieldErrorReason.BAD_TIME),
        (event(time="2026-02-30T12:00:00Z"), "time", FieldErrorReason.BAD_TIME),
        (event(time=1769860800), "time", FieldErrorReason.WRONG_TYPE),
        (event(time="2026-01-31T12:05:01Z"), "time", FieldErrorReason.IN_THE_FUTURE),
        (event(time="9999-12-31T23:59:59-23:59"), "time", FieldErrorReason.IN_THE_FUTURE),
        (event(time="1969-12-31T23:59:59Z"), "time", FieldErrorReason.TOO_OLD),
        (event(time="0001-01-01T00:00:00+23:59"), "time", FieldErrorReason.TOO_OLD),
        (event(acount_id="acme"), "acount_id", FieldErrorReason.UNKNOWN_FIELD),  # a typo must not be lost silently
        (event(source="crm"), "source", FieldErrorReason.SET_BY_INGEST),
        (event(received_at="2026-01-31T12:00:00Z"), "received_at", FieldErrorReason.SET_BY_INGEST),
        (event(history=True), "history", FieldErrorReason.SET_BY_INGEST),
        (event(type="tick"), "type", FieldErrorReason.SET_BY_INGEST),
        (event(properties=[]), "properties", FieldErrorReason.WRONG_TYPE),
        (event(properties={"n": 1.1e15}), "properties.n", FieldErrorReason.OUT_OF_RANGE),
        (event(properties={"n": -(10**15) - 1}), "properties.n", FieldErrorReason.OUT_OF_RANGE),
        (event(properties={"n": [0, 10**40]}), "properties.n[1]", FieldErrorReason.OUT_OF_RANGE),
        (b'{"account_id":"a","name":"a.b","properties":{"n":1e999}}', "", FieldErrorReason.OUT_OF_RANGE),
        (b'{"account_id":"a","name":"a.b","properties":{"n":NaN}}', "", FieldErrorReason.MALFORMED),
        (event(properties={"s": "x" * 8193}), "properties.s", FieldErrorReason.TOO_LONG),
        (event(properties={"k" * 129: 1}), "properties", FieldErrorReason.TOO_LONG),
        (event(properties={str(n): n for n in range(257)}), "properties", FieldErrorReason.TOO_MANY_KEYS),
        (event(properties={"2": {"3": {"4": {"5": {"6": {"7": {"8": {"9": []}}}}}}}}), NINE, FieldErrorReason.TOO_DEEP),
        (event(properties={"a": [[[[[[[[]]]]]]]]}), "properties.a[0][0][0][0][0][0][0]", FieldErrorReason.TOO_DEEP),
        (b'{"properties":{"n":' + b"[" * 9000 + b"]" * 9000 + b"}}", "", FieldErrorReason.TOO_DEEP),
        (event(properties={"a": ["x\x00y"]}), "properties", FieldErrorReason.NUL),
        (event(properties={"\x00": 1}), "properties", FieldErrorReason.NUL),
        (event(account_id="ac\x00me"), "account_id", FieldErrorReason.NUL),
        (b'{"account_id":"\\ud800","name":"a.b"}', "", FieldErrorReason.BAD_UNICODE),
        (b'{"account_id":"a","name":"a.b","user_id":"\\ud83d"}', "", FieldErrorReason.BAD_UNICODE),  # half an emoji
        (b'{"account_id":"\xff","name":"a.b"}', "", FieldErrorReason.BAD_UNICODE),
        (b'{"account_id":"\xed\xa0\x80","name":"a.b"}', "", FieldErrorReason.BAD_UNICODE),
        (event(properties={str(n): "x" * 8000 for n in range(5)}), "", FieldErrorReason.TOO_LARGE),
        (b"17", "", FieldErrorReason.NOT_AN_OBJECT),
        (b"[]", "", FieldErrorReason.NOT_AN_OBJECT),
        (b'{"account_id":"a",', "", FieldErrorReason.MALFORMED),
        (b"", "", FieldErrorReason.MALFORMED),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_an_error_names_its_field(text: bytes, field: str, reason: FieldErrorReason) -> None:
    assert [(fault.field, fault.reason) for fault in faults(text)] == [(field, reason)]


def test_all_errors_of_an_event_are_reported_at_once() -> None:
    found = faults(event(account_id="", name="opened", time="now", properties={"n": 1e16}, plan="pro"))
    assert {(fault.field, fault.reason) for fault in found} == {
        ("account_id", FieldErrorReason.EMPTY),
        ("name", FieldErrorReason.BAD_NAME),
        ("time", FieldErrorReason.BAD_TIME),
        ("properties.n", FieldErrorReason.OUT_OF_RANGE),
        ("plan", FieldErrorReason.UNKNOWN_FIELD),
    }
    assert all(fault.detail for fault in found)


def test_at_most_twenty_errors_are_reported() -> None:
    assert len(faults(event(**{f"typo_{number}": 1 for number in range(100)}))) == 20


def test_an_invalid_event_is_reported_with_its_own_id() -> None:
    assert read(event(event_id="e-1", name="opened")) == InvalidEvent(
        (
            FieldError(
                "name", FieldErrorReason.BAD_NAME, "expected object.verbed in a-z, 0-9 and _, such as report.opened"
            ),
        ),
        "e-1",
    )


def test_an_accepted_event_can_be_encoded() -> None:
    found = read(event(properties={"emoji": "\U0001f600", "high": "\uffff"}))
    assert isinstance(found, IncomingEvent)
    assert msgspec.json.decode(msgspec.json.encode(found), type=IncomingEvent) == found


EDGES = ["", "a" * 128, "a" * 129, "a\x00b", 'a "b" \\u0000', "\U0001f600" * 128, "x" * 8193]
TEXTS = st.sampled_from(EDGES) | st.text(max_size=20)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([1e15, 10**15 + 1])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
CATALOGUE = st.sampled_from(["amount", "currency", "seats", "contract_end", "into", "name"])
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-9, minutes=-30))])
MOMENTS = st.datetimes(timezones=ZONES) | st.timedeltas(-timedelta(days=40), timedelta(minutes=10)).map(NOW.__add__)
MADE = st.builds(
    IncomingEvent,
    account_id=st.just("acme") | TEXTS,
    name=st.sampled_from(["report.opened", "invoice.paid", "account.updated", "account.merged"]) | TEXTS,
    event_id=st.none() | TEXTS,
    user_id=st.none() | TEXTS,
    time=st.none() | MOMENTS,
    properties=st.dictionaries(CATALOGUE | TEXTS, VALUES, max_size=5),
)


@settings(max_examples=examples(300), deadline=None)
@given(made=MADE, history=st.booleans())
def test_an_event_that_ingest_made_is_taken_or_refused_as_if_it_were_posted(made: IncomingEvent, history: bool) -> None:
    posted = incoming_event.parse_event(msgspec.json.encode(made), now=NOW, bounds=BOUNDS, history=history)
    assert incoming_event.check_event(made, now=NOW, bounds=BOUNDS, history=history) == posted


@pytest.mark.parametrize("field", ["account_id", "event_id", "user_id"])
@pytest.mark.parametrize("wrong", ["", "a" * 129, "a\x00b"])
def test_an_id_that_ingest_made_is_checked_too(field: str, wrong: str) -> None:
    made = msgspec.structs.replace(IncomingEvent(account_id="acme", name="report.opened"), **{field: wrong})
    found = incoming_event.check_event(made, now=NOW, bounds=BOUNDS)
    assert isinstance(found, InvalidEvent)
    assert [fault.field for fault in found.errors] == [field]
