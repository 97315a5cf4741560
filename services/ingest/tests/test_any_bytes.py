"""No body causes a 500, and every accepted event is on the log."""

import gzip
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.in_memory import Ingest
from support.examples import examples

QUICK = settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HEADERS = st.fixed_dictionaries(
    {"content_type": st.sampled_from(["application/json", "application/x-ndjson"])},
    optional={"content_encoding": st.sampled_from(["gzip", "identity"])},
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
names = st.sampled_from(["report.opened", "a.b_c.d1"]) | st.text(max_size=12)
moments = st.datetimes().map(lambda moment: moment.isoformat() + "Z") | st.text(max_size=30)
almost_events = st.fixed_dictionaries(
    {"account_id": st.text(max_size=130), "name": names},
    optional={
        "event_id": st.text(max_size=130),
        "user_id": values,
        "time": moments,
        "properties": st.dictionaries(st.text(max_size=10), values, max_size=5) | values,
        "source": st.text(max_size=5),
    },
)


async def check(ingest: Ingest, body: bytes, headers: dict[str, str]) -> None:
    before = len(ingest.events())
    answer = await ingest.post(body, **headers)
    assert answer.status_code < 500
    accepted = answer.json()["accepted"] if answer.status_code in (202, 422) else 0
    assert len(ingest.events()) - before == accepted
    assert (accepted > 0) == (answer.status_code == 202)


@QUICK
@given(body=st.binary(max_size=200), headers=HEADERS)
async def test_any_bytes_are_answered(ingest: Ingest, body: bytes, headers: dict[str, str]) -> None:
    await check(ingest, body, headers)


@QUICK
@given(found=values | st.lists(almost_events, min_size=1, max_size=5), headers=HEADERS, escaped=st.booleans())
async def test_any_json_is_answered(ingest: Ingest, found: Any, headers: dict[str, str], escaped: bool) -> None:
    text = json.dumps(found, ensure_ascii=escaped).encode(errors="surrogatepass")
    packed = gzip.compress(text) if headers.get("content_encoding") == "gzip" else text
    await check(ingest, packed, headers)


@QUICK
@given(event=almost_events, at=st.integers(min_value=0), byte=st.integers(0, 255))
async def test_an_event_with_one_byte_changed_is_answered(
    ingest: Ingest, event: dict[str, Any], at: int, byte: int
) -> None:
    text = bytearray(json.dumps({**event, "name": "report.opened"}, ensure_ascii=False).encode(errors="surrogatepass"))
    text[at % len(text)] = byte
    await check(ingest, bytes(text), {"content_type": "application/json"})
