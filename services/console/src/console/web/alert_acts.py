"""What a person does with an alert, on whatever page: takes it in hand, or has it sent again."""

from enum import StrEnum

from msgspec import Struct

from console.access.roles import Act
from console.clients.alerts import AlertAcknowledgement, AlertsReader, OneAlert
from console.clients.scoring import ScoringReader
from console.errors import ApiRefused, Forbidden
from console.postgres.audit import ActOutcome, AuditTrail
from console.web.audited import ActResult, audited, audited_act
from console.web.visit import Visit

_MOST_NOTE = 2_000


class AlertActOutcome(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    TAKEN_BEFORE = "taken-before"
    SENT_AGAIN = "sent-again"
    NOTHING_FAILED = "nothing-failed"


class AlertAct(Struct, frozen=True):
    account_id: str
    outcome: AlertActOutcome


class AlertActs:
    """Raises `Forbidden`, `ApiUnavailable`, `ApiRefused` and `DatabaseUnavailable`."""

    def __init__(self, alerts: AlertsReader, scoring: ScoringReader, audit: AuditTrail) -> None:
        self._alerts = alerts
        self._scoring = scoring
        self._audit = audit

    async def acknowledge(self, visit: Visit, alert_id: str, *, note: str) -> AlertAct:
        """Says, too, whether somebody else was first: who takes an episode in hand first keeps it."""
        alert = await self._allowed(visit, Act.ACKNOWLEDGE, alert_id)
        by = visit.user.email
        said = note.replace("\0", "").strip()[:_MOST_NOTE] or None

        def result_of(taken: AlertAcknowledgement) -> ActResult:
            return ActResult(outcome=ActOutcome.DONE if taken.by == by else ActOutcome.REFUSED)

        act = await audited_act(
            self._audit,
            visit,
            Act.ACKNOWLEDGE,
            self._alerts.acknowledge(alert_id, by=by, note=said),
            subject=alert.account_id,
            details={"alert": alert_id} | ({} if said is None else {"note": said}),
            result_of=result_of,
        )
        mine = act.answer.by == by
        return AlertAct(alert.account_id, AlertActOutcome.ACKNOWLEDGED if mine else AlertActOutcome.TAKEN_BEFORE)

    async def send_again(self, visit: Visit, alert_id: str) -> AlertAct:
        alert = await self._allowed(visit, Act.RESEND, alert_id)
        asking = self._alerts.resend(alert_id, by=visit.user.email)
        try:
            await audited(self._audit, visit, Act.RESEND, asking, subject=alert.account_id, details={"alert": alert_id})
        except ApiRefused as error:
            if error.code != "nothing_failed":
                raise
            # Asked twice, or by two people: the messages are on their way already.
            return AlertAct(alert.account_id, AlertActOutcome.NOTHING_FAILED)
        return AlertAct(alert.account_id, AlertActOutcome.SENT_AGAIN)

    async def _allowed(self, visit: Visit, act: Act, alert_id: str) -> OneAlert:
        """The owner is whom the alert's own account has now, whatever a form or the alert says."""
        alert = await self._alerts.alert(alert_id)
        # Who leads may act while scoring is away.
        if visit.may(act):
            return alert
        try:
            owner = await self._scoring.owner_of(alert.account_id)
        except ApiRefused as error:
            raise Forbidden(f"scoring has no owner of {alert.account_id}: {error}") from error
        visit.require(act, owner=owner)
        return alert
