import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import BodyErrorReason, BodyRefused
from ingest.events.body_items import BodyFormat, body_format, split_body
from ingest.events.damaged_array import split_array
from ingest.receiving.bounds import BOUNDS


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
        (b'\xef\xbb\xbf{"a":1}', BodyFormat.JSON, [b'{"a":1}']),  # Windows tools begin a file with this mark
        (b'\xef\xbb\xbf[{"a":1}]', BodyFormat.JSON, [b'{"a":1}']),
        (b'\xef\xbb\xbf{"a":1}\n{"b":2}', BodyFormat.LINES, [b'{"a":1}', b'{"b":2}']),
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
        (b"\xef\xbb\xbfhello", "byte 0"),
        (b"{1, 2 3}", "byte 1"),
        (b"[{}] {}", r"byte \d"),
        (b'[{"a":"b"c"},{}]', "byte 9"),  # from the unescaped quote on nobody knows what is text
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


GOOD = b'{"account_id":"acme","name":"report.opened"}'


@pytest.mark.parametrize(
    "bad",
    [
        b'{"a":"\\ud83d"}',  # half an emoji
        b'{"a":NaN}',
        b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}",
        b'{"a":' * 1000 + b"1" + b"}" * 1000,
        b'{"a":tru}',
        b'{"a":"\t"}',
        b'{"a":"\\x41"}',
        b'{"a" 1}',
        b'{"a":[1,2 3],"b":"]}"}',
        b"2 3",
        b"",
    ],
    ids=lambda bad: repr(bad)[:30],
)
@pytest.mark.parametrize("at", [0, 250, 499])
def test_a_malformed_item_is_cut_out_of_its_array(bad: bytes, at: int) -> None:
    expected = [GOOD] * 500
    expected[at] = bad
    body = b" [" + b" , ".join(expected) + b" ]\n"
    assert [bytes(item.text).strip() for item in split_body(body, BodyFormat.JSON, BOUNDS)] == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab,"\\[]{}é ', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='a,"]}', max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(found=st.lists(json_values, min_size=1, max_size=6), indent=st.none() | st.integers(0, 2), escaped=st.booleans())
def test_an_array_is_cut_by_its_brackets_where_it_is_cut_by_decoding(
    found: list[Any], indent: int | None, escaped: bool
) -> None:
    body = json.dumps(found, indent=indent, ensure_ascii=escaped).encode()
    cut = split_array(body, 0, most_items=10)
    assert cut is not None
    assert [json.loads(item) for item in cut] == found


@given(body=st.text(alphabet='[]{},"\\a ', max_size=30).map(str.encode))
def test_a_cut_loses_nothing_of_the_array(body: bytes) -> None:
    cut = split_array(b"[" + body, 0, most_items=100)
    assert cut is None or (b"[" + body).rstrip(b" \t\r\n") == b"[" + b",".join(cut) + b"]"


def test_a_body_of_nothing_but_brackets_holds_nobody_up() -> None:
    assert split_array(b"[" + b"{}[" * 200_000 + b"]" * 200_001, 0, most_items=10) is None


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
        (b"[{},{},{},tru]", BodyFormat.JSON),
    ],
)
def test_more_items_than_the_bound_are_refused(body: bytes, form: BodyFormat) -> None:
    assert len(split_body(b"[{},{},{}]", BodyFormat.JSON, replace(BOUNDS, items=3, commas=5))) == 3
    with pytest.raises(BodyRefused, match="at most 3 events") as refused:
        split_body(body, form, replace(BOUNDS, items=3, commas=5))
    assert refused.value.reason is BodyErrorReason.TOO_MANY_ITEMS
