"""The port of an SDK's format: how it writes messages and which answers it expects, without keys and the log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from ingest.errors import FieldError
from ingest.mapping.item import IgnoredReason
from ingest.mapping.message import SourceMessage
from ingest.mapping.message_text import MessageText
from ingest.mapping.rules import SourceRules


class RequestHead(Protocol):
    """Headers and query of a request."""

    def header(self, name: bytes) -> str | None:
        """`name` in lower case."""

    def headers_with_prefix(self, prefix: bytes) -> Mapping[str, str]:
        """By their names in lower case without the prefix."""

    def parameter(self, name: str, default: str) -> str: ...


class MalformedMessage(Struct, frozen=True):
    """A message that is refused before the mapping sees it."""

    raw: MessageText
    errors: tuple[FieldError, ...]
    message_id: str | None = None
    label: str = ""


class PassedOverMessage(Struct, frozen=True):
    """A message that makes no event, whatever mapping.yml says."""

    raw: MessageText
    reason: IgnoredReason
    message_id: str | None = None
    label: str = ""


ReadMessage = SourceMessage | MalformedMessage | PassedOverMessage


class WireFormat(Protocol):
    """`name` is the label of metrics and lists."""

    @property
    def name(self) -> str: ...

    @property
    def history(self) -> bool:
        """Whether the request is an import unless its parameter `history` says otherwise; asked after `read`."""

    def token_of_body(self, body: bytes) -> str | None:
        """The API key in the body of a request without an Authorization header. Raises `BodyRefused`."""

    def read(
        self, body: bytes, head: RequestHead, rules: SourceRules, *, received_at: datetime
    ) -> Sequence[ReadMessage]:
        """The messages in their order. Raises `BodyRefused` if the body as a whole cannot be read."""

    def success(self, counts: Mapping[str, Any]) -> Mapping[str, Any] | int:
        """The body of a 200, asked for after `read`; `counts` has the number of messages by outcome."""

    def failure(self, status: int, code: str, message: str) -> Mapping[str, Any]:
        """The body of an error. By the status the client repeats the request or gives up."""
