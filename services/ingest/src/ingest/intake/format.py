"""The port of a format: how one kind of client writes a request, and which answer it expects."""

from collections.abc import Callable, Sequence
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
        """The messages in their order, or none. Raises `BodyRefused` if the body as a whole cannot be read."""

    def history(self, request: PostRequest) -> bool:
        """Whether the request is an import of what happened long ago."""

    def answer(self, report: IntakeReport) -> Response:
        """The answer when Kafka has everything that could be taken."""

    def problem(self, problem: Problem) -> Response:
        """The answer to a request of which nothing was taken, or of which nobody knows what was taken."""


FormatMaker = Callable[[], RequestFormat]
"""Makes the format of one request: some find out by the body whose it is."""
