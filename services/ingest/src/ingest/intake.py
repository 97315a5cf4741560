"""POST /v1/events: from the first header to the answer. 2xx only after every event was acknowledged."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol
from uuid import uuid4

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from common.access import Verifier, bearer
from common.contracts.events import Event
from common.keys import Key, Scope
from common.problems import Problem
from ingest import answers, batch, items, upload
from ingest.answers import NOT_ACKNOWLEDGED
from ingest.batch import Arrival, Batch
from ingest.bounds import Bounds
from ingest.faults import BodyRefused
from ingest.limiter import Limiter
from ingest.metrics import IngestMetrics
from ingest.posted import Posted
from ingest.publisher import NotAcknowledged
from ingest.upload import BUSY

_SWITCH = {"true": True, "1": True, "false": False, "0": False}
_KEY_CHARS = 255
# For so long after a post was refused for want of room or of an acknowledgement readiness speaks of it: whoever sends
# posts elsewhere meanwhile has to try again to know.
_REMEMBERED = 5.0


class Publishing(Protocol):
    async def publish(self, events: list[Event]) -> None:
        """Raises `NotAcknowledged`."""


class Intake:
    """Takes one request; holds what all share. `body_seconds` is how long a body may take to come."""

    def __init__(
        self,
        *,
        keys: Verifier,
        limiter: Limiter,
        memory: upload.Memory,
        publisher: Publishing,
        metrics: IngestMetrics,
        bounds: Bounds,
        body_seconds: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._keys = keys
        self._limiter = limiter
        self._memory = memory
        self._publisher = publisher
        self._metrics = metrics
        self._bounds = bounds
        self._body_seconds = body_seconds
        self._now = now
        self._new_id = new_id
        self._refused: tuple[float, str] | None = None
        self._log = structlog.get_logger().bind()  # to ask it what is heard costs less than telling it

    def trouble(self) -> str | None:
        """For readiness: why the last post that had to do with the log was answered 503, if that was just now."""
        if self._refused is None or time.perf_counter() - self._refused[0] > _REMEMBERED:
            return None
        return f"the last post was answered 503: {self._refused[1]}"

    async def __call__(self, posted: Posted) -> Response:
        """Never raises what a client could cause."""
        line: dict[str, object] = {}
        began = time.perf_counter()
        try:
            response = await self._take(posted, line)
        except Problem as problem:
            line["reason"] = problem.code
            if problem.code in (BUSY, NOT_ACKNOWLEDGED):
                self._refused = (time.perf_counter(), problem.code)
            if problem.status >= 500:
                line["error"] = str(problem.__cause__ or problem)
            response = problem.response()
        except ClientDisconnect:
            line["reason"] = "client_gone"
            response = Response(status_code=400)  # nobody reads it
        except Exception:
            self._metrics.answered(500)  # so the caller answers, and logs it
            raise
        self._metrics.answered(response.status_code)
        level = logging.WARNING if response.status_code >= 400 or line.get("rejected") else logging.DEBUG
        if self._log.is_enabled_for(level):
            seconds = round(time.perf_counter() - began, 4)
            self._log.log(level, "events.received", status=response.status_code, seconds=seconds, **line)
        return response

    async def _take(self, posted: Posted, line: dict[str, object]) -> Response:
        key = await bearer(posted.header(b"authorization"), self._keys, Scope.WRITE)
        line.update(key_id=key.id, source=key.source)
        self._limiter.check(key)
        with self._memory.share() as share:
            found = await self._read(posted, key, share)
            line.update(taken=len(found.taken), rejected=len(found.rejected), bytes=share.size)
            self._limiter.charge(key, len(found.taken) + len(found.rejected))
            self._metrics.read(found)
            if not found.taken:
                raise answers.none_taken(answers.of(found))
            await self._publish([taken.event for taken in found.taken])
        return answers.accepted(answers.of(found))

    async def _read(self, posted: Posted, key: Key, share: upload.Share) -> Batch:
        history, idempotency_key = _history(posted), _idempotency_key(posted)
        try:
            form = items.form_of(posted.header(b"content-type"))
            body = await upload.read(posted, share, bounds=self._bounds, seconds=self._body_seconds)
            cut = items.cut(body, form, self._bounds)
        except BodyRefused as refusal:
            raise answers.refused(refusal) from refusal
        arrival = Arrival(source=key.source, received_at=self._now(), history=history, idempotency_key=idempotency_key)
        return batch.read(cut, arrival, bounds=self._bounds, new_id=self._new_id)

    async def _publish(self, events: list[Event]) -> None:
        began = time.perf_counter()
        try:
            await self._publisher.publish(events)
        except NotAcknowledged as error:
            self._metrics.lost_sight_of(len(events))
            raise answers.unknown() from error
        finally:
            self._metrics.published(time.perf_counter() - began)
        self._metrics.acknowledged(len(events))
        self._refused = None


def _history(posted: Posted) -> bool:
    said = posted.parameter("history", "false")
    switch = _SWITCH.get(said.lower())
    if switch is None:
        raise Problem(400, "bad_parameter", f"history is true or false, not {said[:40]!r}")
    return switch


def _idempotency_key(posted: Posted) -> str | None:
    said = posted.header(b"idempotency-key")
    if said is not None and not (0 < len(said) <= _KEY_CHARS and said.isascii() and said.isprintable()):
        raise Problem(400, "bad_idempotency_key", f"Idempotency-Key is 1 to {_KEY_CHARS} printable ASCII characters")
    return said
