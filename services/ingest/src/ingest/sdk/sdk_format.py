"""Makes a `RequestFormat` of a `WireFormat`: adds API keys, mapping.yml, and HTTP answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from starlette.responses import Response

from common.auth import KeyVerifier, authorize_sdk, authorize_token
from common.keys import Key, Scope
from common.problems import Problem
from ingest.errors import BodyRefused
from ingest.events import answers
from ingest.intake.report import IntakeReport
from ingest.mapping.apply import to_item
from ingest.mapping.item import IntakeItem
from ingest.mapping.message import SourceMessage
from ingest.mapping.rules import MappingRules, SourceRules
from ingest.receiving.post_request import PostRequest
from ingest.sdk.wire_format import MalformedMessage, PassedOverMessage, ReadMessage, WireFormat

# If a large batch is refused whole, all its errors would be larger than the batch.
_MOST_TOLD: Final = 20


class SdkFormat:
    """The key is in the Authorization header, as Basic user name or Bearer token, or where the format has it.

    `key_parameter` is the parameter of the address that may have it, too.
    """

    def __init__(
        self, wire: WireFormat, *, keys: KeyVerifier, rules: MappingRules, key_parameter: str | None = None
    ) -> None:
        self._wire = wire
        self._keys = keys
        self._rules = rules
        self._key_parameter = key_parameter

    @property
    def name(self) -> str:
        return self._wire.name

    async def key_of_head(self, request: PostRequest) -> Key | None:
        authorization = request.header(b"authorization")
        if authorization is not None:
            return await authorize_sdk(authorization, self._keys, Scope.EVENTS)
        token = self._key_parameter and request.parameter(self._key_parameter, "")
        return await authorize_token(token, self._keys, Scope.EVENTS) if token else None

    async def key_of_body(self, request: PostRequest, body: bytes) -> Key:
        try:
            token = self._wire.token_of_body(body)
        except BodyRefused as refusal:
            raise answers.body_refused(refusal) from refusal
        if token is None:
            return await authorize_sdk(None, self._keys, Scope.EVENTS)
        return await authorize_token(token, self._keys, Scope.EVENTS)

    def read(self, body: bytes, request: PostRequest, *, source: str, received_at: datetime) -> Sequence[IntakeItem]:
        rules = self._rules.of(source)
        messages = self._wire.read(body, request, rules, received_at=received_at)
        return [mapped(one, rules, received_at=received_at) for one in messages]

    def history(self, request: PostRequest) -> bool:
        return request.boolean("history", default=self._wire.history)

    def answer(self, report: IntakeReport) -> Response:
        """200 and nothing else: some clients send a batch again for 202 or 204."""
        return _json(200, self._wire.success(_counts(report)))

    def problem(self, problem: Problem) -> Response:
        content = self._wire.failure(problem.status, problem.code, problem.detail)
        return _json(problem.status, content, problem.headers)


def mapped(message: ReadMessage, rules: SourceRules, *, received_at: datetime) -> IntakeItem:
    """The item for the intake, by mapping.yml."""
    match message:
        case SourceMessage():
            return to_item(message, rules, received_at=received_at)
        case MalformedMessage():
            return IntakeItem(
                raw=message.raw,
                at=received_at,
                label=message.label,
                message_id=message.message_id,
                errors=message.errors,
            )
        case PassedOverMessage():
            return IntakeItem(
                raw=message.raw,
                at=received_at,
                label=message.label,
                message_id=message.message_id,
                ignored=message.reason,
            )


def _counts(report: IntakeReport) -> dict[str, Any]:
    refused = [{"index": one.index, "errors": one.errors} for one in report.refused[:_MOST_TOLD]]
    return {
        "messages": report.messages,
        "events": len(report.events),
        "ignored": len(report.ignored),
        "rejected": len(report.refused),
        "errors": refused,
    }


def _json(status: int, content: Mapping[str, Any] | int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, dict(headers or {}), media_type="application/json")
