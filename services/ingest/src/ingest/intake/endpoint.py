"""A POST in a format other than our own, from its first header to its answer."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, Protocol

import structlog
from msgspec import Struct
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from common.keys import Key
from common.problems import Problem, internal_error, unavailable
from ingest.aliases.merge import AliasesUnavailable
from ingest.errors import BodyRefused
from ingest.events import answers
from ingest.events.post_events import RefusalCounts
from ingest.identity.known import IdentitiesUnavailable
from ingest.intake.format import RequestFormat
from ingest.intake.intake import IntakeContext
from ingest.intake.metrics import IntakeMetrics
from ingest.intake.report import IntakeReport
from ingest.mapping.item import IntakeItem
from ingest.mapping.rules import MappingRules
from ingest.metrics import IngestMetrics
from ingest.publishing.publisher import NotAcknowledged
from ingest.receiving.bounds import Bounds
from ingest.receiving.post_request import PostRequest
from ingest.receiving.rate_limit import KeyRateLimiter
from ingest.receiving.request_body import BodyMemory, BodyReservation, read_body

_IDENTITIES: Final = "identities_unavailable"


class Intake(Protocol):
    async def take(self, items: Sequence[IntakeItem], context: IntakeContext) -> IntakeReport:
        """Raises `IdentitiesUnavailable`, `AliasesUnavailable` and `NotAcknowledged`."""


class Received(Struct):
    """A request whose sender is known and whose messages were read."""

    items: Sequence[IntakeItem]
    context: IntakeContext

    def hand_over(self) -> Sequence[IntakeItem]:
        """The messages, which are not held here any longer."""
        items, self.items = self.items, ()
        return items


class IntakeEndpoint:
    """Answers requests of any format. `body_seconds` bounds how long a client may take to send a body."""

    def __init__(
        self,
        *,
        intake: Intake,
        rules: MappingRules,
        limiter: KeyRateLimiter,
        memory: BodyMemory,
        refusals: RefusalCounts,
        metrics: IngestMetrics,
        intake_metrics: IntakeMetrics,
        bounds: Bounds,
        body_seconds: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._intake = intake
        self._rules = rules
        self._limiter = limiter
        self._memory = memory
        self._refusals = refusals
        self._metrics = metrics
        self._intake_metrics = intake_metrics
        self._bounds = bounds
        self._body_seconds = body_seconds
        self._now = now
        self._log = structlog.get_logger().bind()

    async def handle(self, request: PostRequest, form: RequestFormat) -> Response:
        """Raises nothing: an unexpected error is logged, and answered in the form of the client's format."""
        fields: dict[str, object] = {"format": form.name}
        began = time.perf_counter()
        try:
            response = await self._handle(request, form, fields)
        except Problem as problem:
            fields["reason"] = problem.code
            if problem.status >= 500:
                fields["error"] = str(problem.__cause__ or problem)
            response = form.problem(problem)
        except ClientDisconnect:
            fields["reason"] = "client_gone"
            # Nobody reads this answer.
            response = Response(status_code=400)
        except Exception:
            self._log.exception("request.crashed", format=form.name)
            response = form.problem(internal_error())
        self._metrics.answered(response.status_code)
        level = logging.WARNING if response.status_code >= 400 or fields.get("rejected") else logging.DEBUG
        if self._log.is_enabled_for(level):
            seconds = round(time.perf_counter() - began, 4)
            self._log.log(level, "messages.received", status=response.status_code, seconds=seconds, **fields)
        return response

    async def _handle(self, request: PostRequest, form: RequestFormat, fields: dict[str, object]) -> Response:
        """`fields` collects the fields of the request's log line."""
        key = await form.key_of_head(request)
        if key is not None:
            # Before the body is read: a client over its limit costs no memory.
            self._limiter.check(key)
        with BodyReservation(self._memory) as reservation:
            received = await self._receive(request, form, key, reservation)
            fields.update(key_id=received.context.key.id, source=received.context.source, bytes=reservation.size)
            # The reservation lasts until the acknowledgement, because the events hold the body's texts.
            report = await self._take(received)
        fields.update(taken=len(report.events), rejected=len(report.refused))
        return form.answer(report)

    async def _receive(
        self, request: PostRequest, form: RequestFormat, key: Key | None, reservation: BodyReservation
    ) -> Received:
        with _refusals():
            body = await read_body(request, reservation, bounds=self._bounds, seconds=self._body_seconds)
        if key is None:
            key = await form.key_of_body(request, body)
            self._limiter.check(key)
        received_at = self._now()
        with _refusals():
            items = form.read(body, request, source=key.source, received_at=received_at)
        self._limiter.charge(key, len(items))
        context = IntakeContext(
            key=key,
            format=form.name,
            identities=self._rules.of(key.source).identities,
            received_at=received_at,
            history=form.history(request),
            browser=request.header(b"origin") is not None,
        )
        return Received(items, context)

    async def _take(self, received: Received) -> IntakeReport:
        messages = len(received.items)
        try:
            report = await self._intake.take(received.hand_over(), received.context)
        except IdentitiesUnavailable as error:
            self._intake_metrics.unknown(messages, received.context)
            detail = "the accounts of its users cannot be looked up now: send all of it again with the same ids"
            raise unavailable(_IDENTITIES, detail) from error
        except AliasesUnavailable as error:
            self._intake_metrics.unknown(messages, received.context)
            raise answers.aliases_unavailable() from error
        except NotAcknowledged as error:
            self._intake_metrics.unknown(messages, received.context)
            raise answers.not_acknowledged() from error
        self._metrics.refused([refused.errors for refused in report.refused])
        if report.refused:
            source = received.context.source
            self._refusals.refused(source, (refused.errors[0].reason for refused in report.refused))
        self._intake_metrics.taken(report, received.context)
        return report


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except BodyRefused as refusal:
        raise answers.body_refused(refusal) from refusal
