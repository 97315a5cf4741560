"""An act on another service, with its two rows in the audit: before it is asked, and what it answered."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog

from common.database_errors import DatabaseUnavailable
from console.access.roles import Act
from console.errors import ApiRefused, ApiUnavailable
from console.postgres.audit import ActOutcome, AuditEntry, AuditTrail
from console.web.visit import Visit

_log = structlog.get_logger()
Answer = TypeVar("Answer")


async def audited(
    audit: AuditTrail,
    visit: Visit,
    act: Act,
    asked: Awaitable[Answer],
    *,
    subject: str,
    details: dict[str, Any],
    outcome_of: Callable[[Answer], ActOutcome] = lambda answer: ActOutcome.DONE,
) -> Answer:
    """Awaits `asked` after the first row is written. Raises what it raises, and `DatabaseUnavailable` before it."""

    def entry(outcome: ActOutcome) -> AuditEntry:
        user = visit.user
        return AuditEntry(who=user.email, role=user.role, act=act, outcome=outcome, subject=subject, details=details)

    await audit.record(entry(ActOutcome.ASKED))
    outcome = ActOutcome.FAILED
    try:
        answer = await asked
        outcome = outcome_of(answer)
    except ApiRefused:
        outcome = ActOutcome.REFUSED
        raise
    except ApiUnavailable:
        raise
    finally:
        try:
            await audit.record(entry(outcome))
        except DatabaseUnavailable as error:
            # The first row stays: it says that this was asked.
            _log.error("audit.outcome_missing", act=act, subject=subject, outcome=outcome, error=str(error))
    return answer
