"""Whatever JSON comes, in whatever format: nothing raises, and each message is an event, refused, or passed over."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import BodyRefused
from ingest.intake.checking import DraftChecker
from ingest.intake.resolve import resolve
from ingest.mapping.load import load_mapping
from ingest.receiving.bounds import BOUNDS
from ingest.sdk.captured import FORMAT_NAMES, FORMATS, format_of
from ingest.sdk.sdk_format import mapped
from ingest.sdk.trial import try_body

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SHIPPED = Path(__file__).parents[4] / "deploy" / "mapping.yml"
RULES = load_mapping(SHIPPED.read_text(encoding="utf-8"), "deploy/mapping.yml").of("web")

# The words that the formats listen to, so that values land where they are looked at.
_KEYS = """
    type event messageId userId anonymousId groupId previousId timestamp originalTimestamp sentAt traits properties
    context name distinct_id uuid offset $set $set_once $group_type $group_key $group_set $groups $is_identified
    api_key token event_type insert_id user_id device_id groups group_properties user_properties event_properties time
    $insert_id $identified_id $anon_id $device_id alias specversion id source subject data data_base64 accountid company
    account_id email arr seats"""
_TEXTS = """
    track page screen identify group alias $identify $groupidentify $create_alias $set $pageview $autocapture company
    acme u-1 1.0 2026-01-31T12:00:00Z com.example.report.exported account.updated user.updated"""
KEYS = st.sampled_from(_KEYS.split())
TEXTS = st.sampled_from(_TEXTS.split()) | st.text(max_size=20)
NUMBERS = st.integers() | st.floats() | st.integers(1_769_000_000, 1_770_000_000)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=8), inner, max_size=5),
    max_leaves=12,
)
MESSAGES = st.dictionaries(KEYS, VALUES, max_size=10) | VALUES
BATCHES = {"segment": "batch", "posthog": "batch", "amplitude": "events"}


class _Head:
    def header(self, name: bytes) -> str | None:
        return "application/cloudevents-batch+json" if name == b"content-type" else None

    def headers_with_prefix(self, prefix: bytes) -> dict[str, str]:
        return {}

    def parameter(self, name: str, default: str) -> str:
        return default


def body_of(name: str, messages: Sequence[Any]) -> bytes:
    # NaN and Infinity as Python writes them.
    return json.dumps({BATCHES[name]: list(messages)} if name in BATCHES else list(messages)).encode()


@settings(deadline=None)
@pytest.mark.parametrize("name", FORMAT_NAMES)
@given(messages=st.lists(MESSAGES, max_size=4))
def test_each_message_is_an_event_or_refused_or_passed_over(name: str, messages: list[Any]) -> None:
    read = FORMATS[name]().read(body_of(name, messages), _Head(), RULES, received_at=NOW)
    assert len(read) == len(messages)
    items = [mapped(one, RULES, received_at=NOW) for one in read]
    checker = DraftChecker(source="web", received_at=NOW, history=False, bounds=BOUNDS, new_id=lambda: "made")
    for one in resolve(items, {}).items:
        checked = checker.check(one)
        aliases = one.item.links and not one.item.events
        found = [bool(checked.events), bool(checked.errors), one.item.ignored is not None, bool(aliases)]
        assert sum(found) == 1, (one, checked)


BODIES = st.binary(max_size=60) | VALUES.map(lambda one: json.dumps(one).encode())


@settings(deadline=None)
@given(name=st.sampled_from(FORMAT_NAMES), body=BODIES)
def test_any_body_is_read_or_refused(name: str, body: bytes) -> None:
    with suppress(BodyRefused):
        FORMATS[name]().token_of_body(body)
    with suppress(BodyRefused):
        FORMATS[name]().read(body, _Head(), RULES, received_at=NOW)


@settings(deadline=None)
@given(name=st.sampled_from(FORMAT_NAMES), messages=st.lists(MESSAGES, max_size=3))
def test_a_captured_body_can_be_tried(name: str, messages: list[Any]) -> None:
    body = body_of(name, messages)
    format_of(body)
    assert len(try_body(body, name, RULES, source="web", received_at=NOW)) == len(messages)
