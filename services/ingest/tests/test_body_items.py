from dataclasses import replace

import pytest

from ingest.body_items import BodyFormat, body_format, split_body
from ingest.bounds import BOUNDS
from ingest.errors import BodyErrorReason, BodyRefused


@pytest.mark.parametrize(
    ("content_type", "form"),
    [
        ("application/json", BodyFormat.JSON),
        ("Application/JSON; charset=utf-8", BodyFormat.JSON),
        ('application/json; charset="UTF-8"', BodyFormat.JSON),
        ("application/x-ndjson", BodyFormat.LINES),
        ("application/jsonl", BodyFormat.LINES),
    ],
)
def test_the_content_type_selects_the_body_format(content_type: str, form: BodyFormat) -> None:
    assert body_format(content_type) is form


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",  # what curl -d says by itself
        "application/json; charset=latin-1",
        "application/cloudevents+json",  # another shape of event
    ],
)
def test_other_content_types_are_refused(content_type: str | None) -> None:
    with pytest.raises(BodyRefused) as refused:
        body_format(content_type)
    assert refused.value.reason is BodyErrorReason.UNKNOWN_TYPE


@pytest.mark.parametrize(
    ("body", "form", "expected"),
    [
        (b' {"a":1}\n', BodyFormat.JSON, [b'{"a":1}']),
        (b'\n[{"a":1}, 2,"x"]', BodyFormat.JSON, [b'{"a":1}', b"2", b'"x"']),
        (b'{"a":1}\r\n\n  \n{"b":2}', BodyFormat.LINES, [b'{"a":1}', b'{"b":2}']),
        (b'{"a":1}\nbroken\n', BodyFormat.LINES, [b'{"a":1}', b"broken"]),  # only that line will be rejected
    ],
)
def test_a_body_is_split_into_items(body: bytes, form: BodyFormat, expected: list[bytes]) -> None:
    assert [bytes(item.text).strip() for item in split_body(body, form, BOUNDS)] == expected


def test_an_item_of_ndjson_has_its_line_number() -> None:
    assert [item.line for item in split_body(b'\n{"a":1}\n\n{"b":2}', BodyFormat.LINES, BOUNDS)] == [2, 4]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"hello", "byte 0"),
        (b"  hello", "byte 2"),
        (b"17", "byte 0"),
        (b"\xef\xbb\xbf{}", "byte 0"),  # a byte order mark
        (b"[1, 2 3]", "byte 6"),
        (b'[{"a":1}', "byte 8"),
        (b'{"a":tru}', r"byte \d"),
        (b"{} {}", "byte 4"),
        (b"[" * 500_000, "nested too deeply"),
        (b'{"a":' + b"[" * 500_000, "nested too deeply"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_not_json_is_refused_with_the_place(body: bytes, detail: str) -> None:
    with pytest.raises(BodyRefused, match=detail) as refused:
        split_body(body, BodyFormat.JSON, BOUNDS)
    assert refused.value.reason is BodyErrorReason.MALFORMED


@pytest.mark.parametrize(
    ("body", "form"),
    [(b"", BodyFormat.JSON), (b" \n", BodyFormat.JSON), (b"[]", BodyFormat.JSON), (b"\n \n", BodyFormat.LINES)],
)
def test_a_body_without_events_is_refused(body: bytes, form: BodyFormat) -> None:
    with pytest.raises(BodyRefused) as refused:
        split_body(body, form, BOUNDS)
    assert refused.value.reason is BodyErrorReason.EMPTY


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"[{},{},{},{}]", BodyFormat.JSON),
        (b"{}\n{}\n{}\n{}", BodyFormat.LINES),
        (b"\n" * 7, BodyFormat.LINES),  # empty lines take memory too
        (b"[1,2,3,4,5,6,7,8]", BodyFormat.JSON),  # so many values that they are not even cut
    ],
)
def test_more_items_than_the_bound_are_refused(body: bytes, form: BodyFormat) -> None:
    assert len(split_body(b"[{},{},{}]", BodyFormat.JSON, replace(BOUNDS, items=3, commas=5))) == 3
    with pytest.raises(BodyRefused, match="at most 3 events") as refused:
        split_body(body, form, replace(BOUNDS, items=3, commas=5))
    assert refused.value.reason is BodyErrorReason.TOO_MANY_ITEMS
