"""The port of a format: how one kind of client writes a request, and what it needs as an answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from starlette.responses import Response

from common.keys import Key
from common.problems import Problem
from ingest.intake.report import IntakeReport
from ingest.mapping.item import IntakeItem
from ingest.receiving.post_request import PostRequest


class RequestFormat(Protocol):
    """Everything about a request that depends on who sends it. `name` is its label in metrics, logs and rejects."""

    @property
    def name(self) -> str: ...

    async def key_of_head(self, request: PostRequest) -> Key | None:
        """The sender by the headers or the path; None if only the body can tell. Raises `Problem`: 401, 403, 503."""

    async def key_of_body(self, request: PostRequest, body: bytes) -> Key:
        """The sender by the body, asked if `key_of_head` does not know it. Raises `Problem`."""

    def read(self, body: bytes, request: PostRequest, *, source: str, received_at: datetime) -> Sequence[IntakeItem]:
        """The messages in their order; none is fine. Raises `BodyRefused` if nothing can be read of the body."""

    def history(self, request: PostRequest) -> bool:
        """Whether the request is an import of what happened long ago."""

    def answer(self, report: IntakeReport) -> Response:
        """When everything that could be taken is on the log."""

    def problem(self, problem: Problem) -> Response:
        """The answer to a request of which nothing was taken, or it is not known what was."""
