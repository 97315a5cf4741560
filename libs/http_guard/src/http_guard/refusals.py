"""Why the guard refuses or ends a connection, and the port by which the application hears of it and answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ConnectionEnd(StrEnum):
    """Why the guard refused or ended a connection. The first four are the reasons of a `Refusal`."""

    TOO_MANY = "too_many_connections"
    MALFORMED = "malformed_request"
    TOO_LARGE = "head_too_large"
    TOO_SLOW = "slow_request"
    UNREAD = "answer_not_read"
    IDLE = "idle"


@dataclass(frozen=True)
class Refusal:
    """A request that is not passed on. `detail` explains it to a person; `retry_after` is in seconds."""

    status: int
    reason: ConnectionEnd
    detail: str
    retry_after: int | None = None


@dataclass(frozen=True)
class RefusalAnswer:
    """What a refused client is sent below the status line. `headers` hold content-length and content-type.

    The guard adds `connection: close`.
    """

    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


class RefusalHandler(Protocol):
    """What the application makes of refusals. The guard calls it in the event loop; it must not block or raise."""

    def connection_ended(self, reason: ConnectionEnd, client: str | None) -> None:
        """Is called once for each connection that the guard refuses or ends. `client` is an IP address, if known."""

    def answer(self, refusal: Refusal) -> RefusalAnswer:
        """Is not called where an answer would be mistaken for that of an earlier request."""
