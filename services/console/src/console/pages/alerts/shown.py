"""One alert as the page shows it: what was told, what waits, what failed, and why the rest was kept."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from common.contracts.signals import Band, Kind, Severity
from console.clients.alerts import AlertInList, AlertMessage
from console.languages.card_names import CardNames
from console.languages.formats import Formats
from console.pages.alerts.texts import AlertsTexts
from console.web.addresses import account_address

_MOST_LINES: Final = 12
_MOST_TEXT: Final = 300


class AlertLine(Struct, frozen=True):
    """`kind` is told, waits, failed or kept; `who` is the receiver, where there is one. `resent` says who had the
    message sent again.
    """

    kind: str
    words: str
    who: str | None
    why: str
    resent: str = ""


class ShownAlert(Struct, frozen=True, kw_only=True):
    id: str
    account_address: str
    name: str
    what: str
    why: str
    severity: Severity
    owner: str | None
    at: datetime
    lines: tuple[AlertLine, ...]
    more_lines: int
    taken_by: str | None
    taken_at: datetime | None
    note: str | None
    may_take: bool
    may_resend: bool


class AlertWords(Struct, frozen=True):
    """What is written with, in the page's language."""

    text: AlertsTexts
    names: CardNames
    formats: Formats


def shown_alert(alert: AlertInList, words: AlertWords, *, may: bool) -> ShownAlert:
    text, formats = words.text, words.formats
    lines = [*(_of_message(one, text, formats) for one in alert.notifications), *_without_message(alert, text)]
    taken = alert.acknowledgement if alert.acknowledged else None
    return ShownAlert(
        id=alert.id,
        account_address=account_address(alert.account_id),
        name=_cut(alert.name or alert.account_id),
        what=text.unreadable if alert.error else _cut(_what(alert, words)),
        why=_cut(", ".join(one for one in (alert.what, alert.why) if one)),
        severity=alert.severity,
        owner=alert.owner,
        at=alert.at,
        lines=tuple(lines[:_MOST_LINES]),
        more_lines=max(0, len(lines) - _MOST_LINES),
        taken_by=None if taken is None else taken.by,
        taken_at=None if taken is None else taken.at,
        note=None if taken is None or not taken.note else _cut(taken.note),
        may_take=may and not alert.acknowledged,
        may_resend=may and any(one.status == "failed" for one in alert.notifications),
    )


def _what(alert: AlertInList, words: AlertWords) -> str:
    """In the page's language; what scoring and alerts call it stands beside it, in English."""
    text = words.text
    kind = next((one for one in Kind if one == alert.kind), None)
    band = next((one for one in Band if one == alert.to), None)
    category = {Kind.MILESTONE_MISSED: "steps", Kind.VALUE_REACHED: "steps", Kind.OUTCOME: "outcomes"}
    to = words.names.of("flags" if kind is None else category.get(kind, "flags"), alert.to, words.formats.locale)
    if band is not None:
        to = text.bands[band]
    # A newer scoring may send kinds that this console does not know.
    return f"{alert.kind}: {to}" if kind is None else text.kinds[kind].format(to)


def _of_message(message: AlertMessage, text: AlertsTexts, formats: Formats) -> AlertLine:
    kind = {"sent": "told", "failed": "failed", "dropped": "kept"}.get(message.status, "waits")
    why = text.reasons.get(message.reason, message.reason)
    if message.status != "sent" and message.last_failure is not None:
        failure = message.last_failure
        why = text.failures.get(failure.outcome or "", failure.outcome or "")
        why = f"{why}: {_cut(failure.detail)}" if failure.detail else why
    words = text.statuses.get(message.status, message.status)
    moment = message.done or message.due
    # One that is to be decided at once is held until the beginning of time.
    if message.status == "held" and message.held_until is not None and message.held_until.timestamp() > 0:
        moment = message.held_until
    words = words if moment is None else f"{words}, {formats.moment(moment)}"
    return AlertLine(kind, words, message.receiver, why, _resent(message, text, formats))


def _resent(message: AlertMessage, text: AlertsTexts, formats: Formats) -> str:
    if message.resent is None:
        return ""
    by, moment = message.resent_by, formats.moment(message.resent)
    return text.resent_by.format(_cut(by), moment) if by else text.resent_on.format(moment)


def _without_message(alert: AlertInList, text: AlertsTexts) -> list[AlertLine]:
    """The newest decision for each receiver that has no message, with its named reason."""
    reached = {one.receiver for one in alert.notifications}
    newest = {one.receiver: one for one in alert.decisions if one.receiver not in reached}
    # A decision without a receiver is about all: it says nothing more once some are decided.
    if len(newest) > 1 or reached:
        newest.pop(None, None)
    return [
        AlertLine(
            "waits" if one.verdict == "wait" else "kept",
            text.verdicts.get(one.verdict, one.verdict),
            one.receiver,
            text.reasons.get(one.reason, one.reason),
        )
        for one in newest.values()
    ]


def _cut(words: str) -> str:
    return words if len(words) <= _MOST_TEXT else f"{words[:_MOST_TEXT]}…"
