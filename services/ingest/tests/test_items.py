from dataclasses import replace

import pytest

from ingest.bounds import BOUNDS
from ingest.faults import BodyRefused, Refusal
from ingest.items import Form, cut, form_of


@pytest.mark.parametrize(
    ("content_type", "form"),
    [
        ("application/json", Form.JSON),
        ("Application/JSON; charset=utf-8", Form.JSON),
        ('application/json; charset="UTF-8"', Form.JSON),
        ("application/x-ndjson", Form.LINES),
        ("application/jsonl", Form.LINES),
    ],
)
def test_the_content_type_says_how_the_body_is_cut(content_type: str, form: Form) -> None:
    assert form_of(content_type) is form


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
        form_of(content_type)
    assert refused.value.reason is Refusal.UNKNOWN_TYPE


@pytest.mark.parametrize(
    ("body", "form", "expected"),
    [
        (b' {"a":1}\n', Form.JSON, [b'{"a":1}']),
        (b'\n[{"a":1}, 2,"x"]', Form.JSON, [b'{"a":1}', b"2", b'"x"']),
        (b'{"a":1}\r\n\n  \n{"b":2}', Form.LINES, [b'{"a":1}', b'{"b":2}']),
        (b'{"a":1}\nbroken\n', Form.LINES, [b'{"a":1}', b"broken"]),  # only that line will be rejected
    ],
)
def test_a_body_is_cut_into_items(body: bytes, form: Form, expected: list[bytes]) -> None:
    assert [bytes(item.text).strip() for item in cut(body, form, BOUNDS)] == expected


def test_a_line_knows_its_number_in_the_body() -> None:
    assert [item.line for item in cut(b'\n{"a":1}\n\n{"b":2}', Form.LINES, BOUNDS)] == [2, 4]


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
        cut(body, Form.JSON, BOUNDS)
    assert refused.value.reason is Refusal.MALFORMED


@pytest.mark.parametrize(
    ("body", "form"), [(b"", Form.JSON), (b" \n", Form.JSON), (b"[]", Form.JSON), (b"\n \n", Form.LINES)]
)
def test_a_body_without_events_is_refused(body: bytes, form: Form) -> None:
    with pytest.raises(BodyRefused) as refused:
        cut(body, form, BOUNDS)
    assert refused.value.reason is Refusal.EMPTY


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"[{},{},{},{}]", Form.JSON),
        (b"{}\n{}\n{}\n{}", Form.LINES),
        (b"\n" * 7, Form.LINES),  # empty lines take memory too
        (b"[1,2,3,4,5,6,7,8]", Form.JSON),  # so many values that they are not even cut
    ],
)
def test_more_items_than_the_bound_are_refused(body: bytes, form: Form) -> None:
    assert len(cut(b"[{},{},{}]", Form.JSON, replace(BOUNDS, items=3, commas=5))) == 3
    with pytest.raises(BodyRefused, match="at most 3 events") as refused:
        cut(body, form, replace(BOUNDS, items=3, commas=5))
    assert refused.value.reason is Refusal.TOO_MANY_ITEMS
