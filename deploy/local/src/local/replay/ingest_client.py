"""A client of `POST /v1/events` that retries with backoff, each time with the same event ids."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import httpx
import msgspec
from msgspec import Struct, field

# Seconds: what to wait where the answer names nothing, and when to give up.
PAUSE = 0.2
LONGEST_PAUSE = 5.0
PATIENCE = 60.0
BUSY = (429, 503)


class PostingError(Exception):
    pass


class Refused(PostingError):
    """Ingest will not take this, now or later."""


class GaveUp(PostingError):
    """Ingest could not be reached, or was busy, for too long."""


class ClientEvent(Struct, frozen=True, omit_defaults=True):
    """What an account did, in the fields of the body of `POST /v1/events`."""

    event_id: str
    account_id: str
    name: str
    time: datetime
    user_id: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)


_encoder = msgspec.json.Encoder()


def ndjson(events: list[ClientEvent]) -> bytes:
    return _encoder.encode_lines(events)


class IngestAnswer(Struct, frozen=True):
    accepted: int = 0
    rejected: int = 0


_answer: msgspec.json.Decoder[IngestAnswer] = msgspec.json.Decoder(IngestAnswer)


class IngestClient:
    """`waits` counts how often it had to hold back."""

    def __init__(self, http: httpx.AsyncClient, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._http = http
        self._sleep = sleep
        self.waits = 0

    async def post(self, events: Sequence[ClientEvent], *, history: bool = False) -> None:
        """Returns when all of them are accepted. Raises `Refused`, `GaveUp`."""
        body = ndjson(list(events))
        waited = 0.0
        pause = PAUSE
        while True:
            answer = await self._send(body, history=history)
            if answer is not None and answer.status_code not in BUSY:
                _check(answer, len(events))
                return
            if waited >= PATIENCE:
                told = "no answer" if answer is None else f"{answer.status_code} {answer.text[:200]}"
                raise GaveUp(f"ingest would not take events for {PATIENCE:.0f} s: {told}")
            rest = _retry_after(answer) or pause
            self.waits += 1
            await self._sleep(rest)
            waited += rest
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _send(self, body: bytes, *, history: bool) -> httpx.Response | None:
        try:
            return await self._http.post(
                "/v1/events",
                content=body,
                params={"history": "true"} if history else None,
                headers={"content-type": "application/x-ndjson"},
            )
        except httpx.TransportError:
            return None


def _check(answer: httpx.Response, count: int) -> None:
    if answer.status_code != httpx.codes.ACCEPTED:
        raise Refused(f"ingest answered {answer.status_code}: {answer.text[:500]}")
    if _answer.decode(answer.content).accepted != count:
        raise Refused(f"ingest took only a part of {count} events: {answer.text[:500]}")


def _retry_after(answer: httpx.Response | None) -> float | None:
    value = answer.headers.get("retry-after", "") if answer is not None else ""
    return float(value) if value.isdigit() else None
