"""The path that batches of PostHog and of Amplitude share: the body decides which format it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Raw, Struct

from ingest.errors import BodyRefused
from ingest.mapping.rules import SourceRules
from ingest.sdk.amplitude import AmplitudeFormat
from ingest.sdk.json_body import decode_body
from ingest.sdk.posthog import PostHogFormat
from ingest.sdk.wire_format import ReadMessage, RequestHead, WireFormat


class _Kind(Struct):
    """The fields by which the formats differ, undecoded; empty if absent."""

    events: Raw = Raw()
    batch: Raw = Raw()


class PostHogOrAmplitude:
    """One for each request. Until the body has come it acts as PostHog's, whose clients use the path by default."""

    def __init__(self) -> None:
        self._found: WireFormat = PostHogFormat()

    @property
    def name(self) -> str:
        return self._found.name

    @property
    def history(self) -> bool:
        return self._found.history

    def token_of_body(self, body: bytes) -> str | None:
        self._find(body)
        return self._found.token_of_body(body)

    def read(
        self, body: bytes, head: RequestHead, rules: SourceRules, *, received_at: datetime
    ) -> Sequence[ReadMessage]:
        self._find(body)
        return self._found.read(body, head, rules, received_at=received_at)

    def success(self, counts: Mapping[str, Any]) -> Mapping[str, Any] | int:
        return self._found.success(counts)

    def failure(self, status: int, code: str, message: str) -> Mapping[str, Any]:
        return self._found.failure(status, code, message)

    def _find(self, body: bytes) -> None:
        try:
            kind = decode_body(body, _Kind)
        except BodyRefused:
            return  # An array or a form is PostHog's; what is neither is refused when it is read.
        if kind.events and not kind.batch:
            self._found = AmplitudeFormat()
