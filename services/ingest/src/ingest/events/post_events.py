"""POST /v1/events from the first header to the answer. Answers 202 only after Kafka acknowledged every event."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol
from uuid import uuid4

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from common.auth import KeyVerifier, authorize
from common.contracts.events import Event
from common.keys import Key, Scope
from common.problems import Problem
from ingest.aliases.following import Aliases, follow_aliases
from ingest.aliases.merge import AliasesUnavailable
from ingest.errors import BodyRefused, FieldErrorReason
from ingest.events import answers
from ingest.events.answers import NOT_ACKNOWLEDGED
from ingest.events.batch import EventBatch, RequestContext, parse_items, with_followed
from ingest.events.body_items import BodyItem, body_format, split_body
from ingest.events.erased import NOBODY, ErasedLookup, refuse_erased
from ingest.metrics import IngestMetrics
from ingest.publishing.counted import EventPublisher
from ingest.publishing.publisher import NotAcknowledged
from ingest.receiving.bounds import Bounds
from ingest.receiving.post_request import PostRequest
from ingest.receiving.rate_limit import KeyRateLimiter
from ingest.receiving.request_body import BUSY, BodyMemory, BodyReservation, read_body

_KEY_CHARS = 255
# After a 503 the process is not ready for so many seconds, unless a request succeeds. Without requests it cannot know.
_UNREADY_AFTER_503 = 5.0


class RefusalCounts(Protocol):
    def refused(self, source: str, reasons: Iterable[FieldErrorReason]) -> None:
        """One reason for each refused item of one request."""


class PostEventsHandler:
    """Answers requests, and holds what they share. `body_seconds` bounds how long a client may take to send a body.

    Events of those in `erased` are refused.
    """

    def __init__(
        self,
        *,
        keys: KeyVerifier,
        limiter: KeyRateLimiter,
        memory: BodyMemory,
        aliases: Aliases,
        publisher: EventPublisher,
        refusals: RefusalCounts,
        metrics: IngestMetrics,
        bounds: Bounds,
        body_seconds: float,
        erased: ErasedLookup = NOBODY,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._keys = keys
        self._limiter = limiter
        self._memory = memory
        self._aliases = aliases
        self._publisher = publisher
        self._refusals = refusals
        self._metrics = metrics
        self._bounds = bounds
        self._body_seconds = body_seconds
        self._erased = erased
        self._now = now
        self._new_id = new_id
        self._last_503: tuple[float, str] | None = None
        # Bound once, so that `is_enabled_for` can be asked before the fields of a line are put together.
        self._log = structlog.get_logger().bind()

    def not_ready_reason(self) -> str | None:
        """For readiness: the last request was answered 503 for want of memory or of an acknowledgement, just now."""
        if self._last_503 is None or time.perf_counter() - self._last_503[0] > _UNREADY_AFTER_503:
            return None
        return f"the last post was answered 503: {self._last_503[1]}"

    async def __call__(self, request: PostRequest) -> Response:
        """Raises only for bugs, never for anything that a client sends."""
        fields: dict[str, object] = {}
        key: Key | None = None
        began = time.perf_counter()
        try:
            key = await authorize(request.header(b"authorization"), self._keys, Scope.EVENTS)
            response = await self._handle(request, key, fields)
        except Problem as problem:
            fields["reason"] = problem.code
            if problem.code in (BUSY, NOT_ACKNOWLEDGED):
                self._last_503 = (time.perf_counter(), problem.code)
            if problem.status >= 500:
                fields["error"] = str(problem.__cause__ or problem)
            response = problem.response()
        except ClientDisconnect:
            fields["reason"] = "client_gone"
            # Nobody reads this answer.
            response = Response(status_code=400)
        except Exception:
            # The caller answers and logs it.
            self._metrics.answered(500)
            raise
        if key is not None and (limit_headers := self._limiter.headers(key)) is not None:
            response.headers.update(limit_headers)
        self._metrics.answered(response.status_code)
        level = logging.WARNING if response.status_code >= 400 or fields.get("rejected") else logging.DEBUG
        if self._log.is_enabled_for(level):
            seconds = round(time.perf_counter() - began, 4)
            self._log.log(level, "events.received", status=response.status_code, seconds=seconds, **fields)
        return response

    async def _handle(self, request: PostRequest, key: Key, fields: dict[str, object]) -> Response:
        """`fields` collects what the request's log line says."""
        dry_run = request.boolean("dry_run")
        fields.update(key_id=key.id, source=key.source)
        # Before the body is read: a client over its limit costs no memory.
        self._limiter.check(key)
        with BodyReservation(self._memory) as reservation:
            batch = await self._parse(request, key, reservation, dry_run=dry_run)
            fields.update(taken=len(batch.accepted), rejected=len(batch.rejected), bytes=reservation.size)
            # Rejected items count too: checking them costs as much.
            self._limiter.charge(key, len(batch.accepted) + len(batch.rejected))
            if dry_run:
                fields.update(dry_run=True)
            else:
                self._metrics.refused([rejected.errors for rejected in batch.rejected])
                if batch.rejected:
                    self._refusals.refused(key.source, (item.errors[0].reason for item in batch.rejected))
            if not batch.accepted:
                raise answers.no_event_taken(answers.answer_for(batch))
            response = answers.accepted(answers.answer_for(batch))
            if not dry_run:
                events = [accepted.event for accepted in batch.accepted]
                # While it waits for Kafka it holds little, so that what other requests use stays in the caches.
                del batch
                # The reservation lasts until the acknowledgement, because the events hold the body's texts.
                await self._publish(events)
        return response

    async def _parse(
        self, request: PostRequest, key: Key, reservation: BodyReservation, *, dry_run: bool
    ) -> EventBatch:
        # Parameters first: a request that is refused for them need not send its body.
        history, idempotency_key = request.boolean("history"), _idempotency_key(request)
        try:
            form = body_format(request.header(b"content-type"))
            body = await read_body(request, reservation, bounds=self._bounds, seconds=self._body_seconds)
            items = split_body(body, form, self._bounds)
        except BodyRefused as refusal:
            raise answers.body_refused(refusal) from refusal
        context = RequestContext(
            source=key.source, received_at=self._now(), history=history, idempotency_key=idempotency_key
        )
        batch = parse_items(items, context, bounds=self._bounds, new_id=self._new_id)
        batch = await self._follow(refuse_erased(batch, items, self._erased), items, dry_run=dry_run)
        # An account may have been merged into one that was erased.
        return refuse_erased(batch, items, self._erased)

    async def _follow(self, batch: EventBatch, items: Sequence[BodyItem], *, dry_run: bool) -> EventBatch:
        """With events of merged accounts filed under those that they go on as."""
        events = [accepted.event for accepted in batch.accepted]
        try:
            followed = await follow_aliases(events, self._aliases, dry_run=dry_run)
        except AliasesUnavailable as error:
            raise answers.aliases_unavailable() from error
        if followed.events is events:
            return batch
        batch = with_followed(batch, followed, items)
        if not dry_run:
            self._metrics.followed(sum(accepted.merged_into is not None for accepted in batch.accepted))
        return batch

    async def _publish(self, events: list[Event]) -> None:
        try:
            await self._publisher.publish(events)
        except NotAcknowledged as error:
            raise answers.not_acknowledged() from error
        self._last_503 = None


def _idempotency_key(request: PostRequest) -> str | None:
    key = request.header(b"idempotency-key")
    if key is not None and not (0 < len(key) <= _KEY_CHARS and key.isascii() and key.isprintable()):
        raise Problem(400, "bad_idempotency_key", f"Idempotency-Key is 1 to {_KEY_CHARS} printable ASCII characters")
    return key
