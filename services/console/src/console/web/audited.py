"""An act on another service, with its two rows in the audit: before it is asked, and what it answered."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import structlog
from msgspec import Struct

from common.database_errors import DatabaseUnavailable
from console.access.roles import Act
from console.errors import ApiRefused
from console.postgres.audit import ActOutcome, AuditEntry, AuditTrail
from console.web.visit import Visit

_log = structlog.get_logger()
Answer = TypeVar("Answer")


class ActResult(Struct, frozen=True):
    """What an answer adds to the second row: a subject that only the answer names, and details. Never a secret.

    `outcome` is another than `DONE` if the answer says that somebody else was first.
    """

    subject: str | None = None
    details: dict[str, Any] = {}
    outcome: ActOutcome = ActOutcome.DONE


class AuditedAct(Struct, Generic[Answer], frozen=True):
    """`row` is the number of the second row; None if it could not be written."""

    answer: Answer
    row: int | None


async def audited(
    audit: AuditTrail,
    visit: Visit,
    act: Act,
    asked: Awaitable[Answer],
    *,
    subject: str,
    details: dict[str, Any],
) -> Answer:
    """Awaits `asked` after the first row is written. Raises what it raises, and `DatabaseUnavailable` before it."""
    return (await audited_act(audit, visit, act, asked, subject=subject, details=details)).answer


async def audited_act(
    audit: AuditTrail,
    visit: Visit,
    act: Act,
    asked: Awaitable[Answer],
    *,
    subject: str | None,
    details: dict[str, Any],
    result_of: Callable[[Answer], ActResult] = lambda answer: ActResult(),
) -> AuditedAct[Answer]:
    """As `audited`, for an act whose answer says more than that it is done."""

    def entry(outcome: ActOutcome, more: ActResult) -> AuditEntry:
        user = visit.user
        return AuditEntry(
            who=user.email,
            role=user.role,
            act=act,
            outcome=outcome,
            subject=more.subject or subject,
            details={**details, **more.details},
        )

    await audit.record(entry(ActOutcome.ASKED, ActResult()))
    outcome, more, row = ActOutcome.FAILED, ActResult(), None
    try:
        answer = await asked
        more = result_of(answer)
        outcome = more.outcome
    except ApiRefused:
        outcome = ActOutcome.REFUSED
        raise
    finally:
        try:
            row = await audit.record(entry(outcome, more))
        except DatabaseUnavailable as error:
            # The first row stays: it says that this was asked.
            missing = entry(outcome, more)
            _log.error("audit.outcome_missing", act=act, subject=missing.subject, outcome=outcome, error=str(error))
    return AuditedAct(answer, row)
