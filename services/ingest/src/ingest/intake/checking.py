"""Checks drafts by the rules of POST /v1/events, and makes events of them. Pure."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from common.contracts.events import Event
from ingest.errors import FieldError, FieldErrorReason
from ingest.events.incoming_event import CorrectedEvent, IncomingEvent, check_event
from ingest.events.validation import InvalidEvent
from ingest.intake.resolve import ResolvedItem
from ingest.mapping.item import DraftEvent
from ingest.receiving.bounds import AHEAD, Bounds

_PROPERTIES: Final = "properties."
_NO_ACCOUNT: Final = "no account is known by any of its ids: send a group message that names it, then send this again"
_NO_ID: Final = "expected the account: no path of mapping.yml has one, and the message has no user or anonymous id"


class CheckedItem(Struct, frozen=True, gc=False):
    """A checked message. With `errors` it is refused as a whole. `left_out` has the values that its events do not have.

    `erased`: its account or person is erased, so it has neither events nor errors.
    """

    events: tuple[Event, ...] = ()
    errors: tuple[FieldError, ...] = ()
    left_out: tuple[FieldError, ...] = ()
    clamped: bool = False
    erased: bool = False


class DraftChecker:
    """Checks the drafts of one request."""

    def __init__(
        self, *, source: str, received_at: datetime, history: bool, bounds: Bounds, new_id: Callable[[], str]
    ) -> None:
        self._source = source
        self._received_at = received_at
        self._latest = received_at + AHEAD
        self._history = history
        self._bounds = bounds
        self._new_id = new_id

    def check(self, resolved: ResolvedItem) -> CheckedItem:
        """All events of the item, or all its errors. A message is never taken with only some of its events."""
        if len(resolved.events) == 1 and not resolved.item.errors:
            # The usual case: one event.
            return self._check_draft(resolved.events[0])
        errors = list(resolved.item.errors)
        events: list[Event] = []
        left_out: list[FieldError] = []
        clamped = False
        for draft in resolved.events:
            checked = self._check_draft(draft)
            events += checked.events
            errors += checked.errors
            left_out += checked.left_out
            clamped = clamped or checked.clamped
        if errors:
            return CheckedItem(errors=tuple(errors))
        return CheckedItem(tuple(events), (), tuple(left_out), clamped)

    def _check_draft(self, draft: DraftEvent) -> CheckedItem:
        if draft.account_id is None:
            detail = _NO_ACCOUNT if draft.known_by else _NO_ID
            return CheckedItem(errors=(FieldError("account_id", FieldErrorReason.NO_ACCOUNT, detail),))
        # A refusal would not help: an SDK cannot correct its time.
        clamped = draft.time is not None and draft.time > self._latest
        event = IncomingEvent(
            account_id=draft.account_id,
            name=draft.name,
            event_id=draft.event_id,
            user_id=draft.user_id,
            time=self._received_at if clamped else draft.time,
            properties=draft.properties,
        )
        checked = self._check_event(event)
        left_out: tuple[FieldError, ...] = ()
        if isinstance(checked, InvalidEvent) and draft.lenient and _only_properties(checked.errors):
            left_out = checked.errors
            checked = self._check_event(replace(event, properties=_without(draft.properties, left_out)))
        if isinstance(checked, InvalidEvent):
            return CheckedItem(errors=checked.errors)
        incoming = checked.event if isinstance(checked, CorrectedEvent) else checked
        return CheckedItem((self._event(incoming),), (), left_out, clamped)

    def _check_event(self, event: IncomingEvent) -> IncomingEvent | CorrectedEvent | InvalidEvent:
        return check_event(event, now=self._received_at, bounds=self._bounds, history=self._history)

    def _event(self, incoming: IncomingEvent) -> Event:
        return Event(
            event_id=incoming.event_id or self._new_id(),
            account_id=incoming.account_id,
            user_id=incoming.user_id,
            name=incoming.name,
            time=incoming.time.astimezone(UTC) if incoming.time else self._received_at,
            properties=incoming.properties or {},
            source=self._source,
            received_at=self._received_at,
            history=self._history,
        )


def _only_properties(errors: Sequence[FieldError]) -> bool:
    return all(error.field.startswith(_PROPERTIES) for error in errors)


def _without(properties: dict[str, Any], errors: Sequence[FieldError]) -> dict[str, Any]:
    wrong = {error.field.removeprefix(_PROPERTIES).split(".")[0].split("[")[0] for error in errors}
    return {name: value for name, value in properties.items() if name not in wrong}
