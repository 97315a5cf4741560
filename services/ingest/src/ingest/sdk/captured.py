"""Reads stored messages of SDKs: a captured body, or one message from the dead topic. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.mapping.paths import find
from ingest.mapping.rules import SourceRules
from ingest.sdk.amplitude import AMPLITUDE, AmplitudeFormat
from ingest.sdk.cloudevents import CLOUDEVENTS, CloudEventsFormat
from ingest.sdk.json_body import decode_body
from ingest.sdk.mixpanel import MIXPANEL, MixpanelContent, MixpanelFormat
from ingest.sdk.posthog import POSTHOG, PostHogFormat
from ingest.sdk.segment import SEGMENT, SegmentFormat
from ingest.sdk.wire_format import ReadMessage, WireFormat

FORMATS: Final[Mapping[str, Callable[[], WireFormat]]] = {
    SEGMENT: SegmentFormat,
    POSTHOG: PostHogFormat,
    AMPLITUDE: AmplitudeFormat,
    MIXPANEL: MixpanelFormat,
    CLOUDEVENTS: CloudEventsFormat,
}
FORMAT_NAMES: Final = tuple(FORMATS)
# The keys under which batches have their messages.
_BATCHES: Final = {SEGMENT: "batch", AMPLITUDE: "events"}
_GROUP_KEY: Final = "$group_key"
_PERSON: Final = "$distinct_id"


class _CapturedHead(Struct, frozen=True):
    """The head of a request of which only the body is left."""

    content_type: str = ""

    def header(self, name: bytes) -> str | None:
        return self.content_type if name == b"content-type" else None

    def headers_with_prefix(self, prefix: bytes) -> Mapping[str, str]:
        return {}

    def parameter(self, name: str, default: str) -> str:
        return default


def format_of(body: bytes) -> str | None:
    """The name of the format that a body seems to have; None if it could be several. Raises `BodyRefused`."""
    found = decode_body(body, Any)
    first = found[0] if isinstance(found, list) and found else found
    if not isinstance(first, dict):
        return None
    if "specversion" in first:
        return CLOUDEVENTS
    if "events" in first:
        return AMPLITUDE
    if "api_key" in first or "distinct_id" in first:
        return POSTHOG
    if _PERSON in first or find(first, ("properties", "distinct_id")) is not None:
        return MIXPANEL
    return SEGMENT if "batch" in first or "type" in first else None


def read_captured(body: bytes, format_name: str, rules: SourceRules, *, received_at: datetime) -> Sequence[ReadMessage]:
    """The messages of a body, or one message as if it had come alone. Raises `BodyRefused`.

    A message that was part of a batch has lost the time of sending, so its time is not corrected again.
    """
    found = decode_body(body, Any)
    head, wire = _CapturedHead(), FORMATS[format_name]()
    if format_name == CLOUDEVENTS:
        batch = "-batch" if isinstance(found, list) else ""
        head = _CapturedHead(f"application/cloudevents{batch}+json")
    elif format_name == MIXPANEL:
        wire = MixpanelFormat(_content(found))
    elif (name := _BATCHES.get(format_name)) is not None and not (isinstance(found, dict) and name in found):
        body = msgspec.json.encode({name: found if isinstance(found, list) else [found]})
    return wire.read(body, head, rules, received_at=received_at)


def _content(found: Any) -> MixpanelContent:
    first = found[0] if isinstance(found, list) and found else found
    if isinstance(first, dict) and "event" not in first:
        if _GROUP_KEY in first:
            return MixpanelContent.GROUPS
        if _PERSON in first:
            return MixpanelContent.PEOPLE
    return MixpanelContent.EVENTS
