"""A person sets the band of an account, or ends what was set. Each has rows in the audit."""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any, Final

from msgspec import Struct

from common.contracts.signals import Band, Override
from console.access.roles import Act
from console.clients.account import AccountClient, AccountNow
from console.clients.events import EventClient
from console.errors import ApiRefused, Forbidden
from console.pages.account.view import Did
from console.postgres.audit import AuditTrail
from console.web.audited import audited
from console.web.visit import Visit

_MOST_REASON: Final = 300
_BANDS: Final = (Band.RED, Band.YELLOW, Band.GREEN)


class PostedOverride(Struct, frozen=True, kw_only=True):
    """`to` is None to end the override that holds. `seen` is the state that the form showed, `nonce` names the form."""

    account_id: str
    to: Band | None
    until: date | None
    reason: str | None
    seen: str
    nonce: str


def posted_override(form: Mapping[str, str]) -> PostedOverride | None:
    """None if the band, the date or the reason is missing or cannot be read."""
    common = {name: form.get(name, "") for name in ("account_id", "seen", "nonce")}
    reason = form.get("reason", "").strip()[:_MOST_REASON]
    if "end" in form:
        return PostedOverride(**common, to=None, until=None, reason=None)
    try:
        band, until = Band(form.get("to", "")), date.fromisoformat(form.get("until", ""))
    except ValueError:
        return None
    return PostedOverride(**common, to=band, until=until, reason=reason) if reason and band in _BANDS else None


def override_state(override: Override | None) -> str:
    """Names what holds, so that a form tells whether somebody has changed it since."""
    if override is None:
        return ""
    said = f"{override.to} {override.until.isoformat()} {override.by} {override.reason}"
    return sha256(said.encode()).hexdigest()[:16]


class BandOverrides:
    """Raises `Forbidden`, `ApiUnavailable`, `ApiRefused` and `DatabaseUnavailable`."""

    def __init__(self, accounts: AccountClient, events: EventClient, audit: AuditTrail) -> None:
        self._accounts = accounts
        self._events = events
        self._audit = audit

    async def set(self, visit: Visit, asked: PostedOverride) -> Did | None:
        """None if ingest does not take it."""
        now = await self._accounts.account(asked.account_id)
        visit.require(Act.OVERRIDE, owner=now.facts.owner)
        if now.merged_into is not None:
            # Ingest would file the override under the other account, which may have another owner.
            raise Forbidden(f"{asked.account_id} goes on as {now.merged_into.account_id}")
        if override_state(now.override) != asked.seen:
            # The form's own post came before, or another person's.
            return Did.OVERRIDDEN if _is_as_asked(now, asked, visit) else Did.CHANGED_BEFORE
        said = _said(asked, by=visit.user.email)
        posting = self._events.post(
            event_id=_event_id(asked, visit), account_id=asked.account_id, name="health.overridden", properties=said
        )
        try:
            await audited(self._audit, visit, Act.OVERRIDE, posting, subject=asked.account_id, details=said)
        except ApiRefused:
            return None
        return Did.ENDED if asked.to is None else Did.OVERRIDDEN


def _said(asked: PostedOverride, *, by: str) -> dict[str, Any]:
    if asked.to is None or asked.until is None:
        return {"to": None, "by": by}
    return {"to": asked.to.value, "until": asked.until.isoformat(), "reason": asked.reason, "by": by}


def _event_id(asked: PostedOverride, visit: Visit) -> str:
    """The same for the same form with the same content, so that a second post of it counts once."""
    said = "\0".join(map(str, (asked.nonce, asked.account_id, visit.user.email, asked.to, asked.until, asked.reason)))
    return f"console-{sha256(said.encode()).hexdigest()[:32]}"


def _is_as_asked(now: AccountNow, asked: PostedOverride, visit: Visit) -> bool:
    held = now.override
    if held is None or asked.to is None:
        return held is None and asked.to is None
    return (held.to, held.by, held.reason) == (asked.to, visit.user.email, asked.reason)
