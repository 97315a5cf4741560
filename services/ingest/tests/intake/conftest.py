"""Ingest with the smallest format there is: a JSON array of messages, with the key in the head."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
import pytest
from starlette.responses import Response

from common.auth import KeyVerifier, authorize
from common.keys import Key, Scope
from common.problems import Problem
from ingest.errors import BodyErrorReason, BodyRefused
from ingest.in_memory import Ingest, in_memory
from ingest.intake.report import IntakeReport
from ingest.mapping.apply import to_item
from ingest.mapping.item import IntakeItem
from ingest.mapping.load import load_mapping
from ingest.mapping.message import MessageKind, SourceMessage
from ingest.mapping.rules import MappingRules
from ingest.receiving.post_request import PostRequest

ORIGIN = "https://app.example.com"


class PlainFormat:
    """Each message has the fields of `SourceMessage`, under the same names."""

    name = "plain"

    def __init__(self, keys: KeyVerifier, rules: MappingRules) -> None:
        self._keys = keys
        self._rules = rules

    async def key_of_head(self, request: PostRequest) -> Key | None:
        return await authorize(request.header(b"authorization"), self._keys, Scope.WRITE)

    async def key_of_body(self, request: PostRequest, body: bytes) -> Key:
        raise AssertionError("the head says it")

    def history(self, request: PostRequest) -> bool:
        return request.parameter("history", "false") == "true"

    def read(self, body: bytes, request: PostRequest, *, source: str, received_at: datetime) -> Sequence[IntakeItem]:
        try:
            messages = msgspec.json.decode(body, type=list[dict[str, Any]])
        except msgspec.DecodeError as error:
            raise BodyRefused(BodyErrorReason.MALFORMED, str(error)) from error
        rules = self._rules.of(source)
        return [to_item(_message(one), rules, received_at=received_at) for one in messages]

    def answer(self, report: IntakeReport) -> Response:
        return Response(msgspec.json.encode({"events": len(report.events), "refused": len(report.refused)}))

    def problem(self, problem: Problem) -> Response:
        return Response(problem.code, problem.status, problem.headers)


def _message(fields: dict[str, Any]) -> SourceMessage:
    known = {name: value for name, value in fields.items() if name in SourceMessage.__struct_fields__}
    time = fields.get("time")
    known |= {"kind": MessageKind(fields["kind"]), "time": datetime.fromisoformat(time) if time else None}
    return SourceMessage(raw=msgspec.json.encode(fields), body=fields, **known)


MAPPING = """
version: 1
defaults:
  account: [group_id, properties.account_id]
  ignore: [Mouse Moved]
  names: {User Logged In: session.started}
  facts: {name: [name], arr: [arr], seats: [seats]}
  person: {name: [name], email: [email]}
"""


@pytest.fixture
async def ingest() -> AsyncIterator[Ingest]:
    """Its formats are one, at /plain."""
    rules = load_mapping(MAPPING, "mapping.yml")
    async with in_memory(
        rules=rules, formats=lambda keys, rules: {"/plain": lambda: PlainFormat(keys, rules)}, origins=[ORIGIN]
    ) as built:
        yield built
