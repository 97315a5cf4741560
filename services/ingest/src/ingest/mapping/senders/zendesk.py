"""Zendesk: event webhooks of tickets and organizations, and triggers that send satisfaction ratings.

A message is {type, id, time, detail, event}: `detail` is the ticket or organization after the event, `event` what
changed. All ids are texts, and "0" is none.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace
from pydantic import Field

from common.documents.value_types import choice
from ingest.mapping.item import DraftEvent, IgnoredReason, IntakeItem, Link
from ingest.mapping.paths import find, identifier
from ingest.mapping.senders.drafting import Owner, refused_if_undated
from ingest.mapping.senders.signatures import Headers, ZendeskSignature
from ingest.mapping.senders.support import SupportSection, fact_paths, facts_in
from ingest.mapping.senders.trees import decode_object, hours_between, text_at, time_at, time_told

_PREFIX: Final = "zen:event-type:"
_TIME: Final = (("time",),)
_SEVERITY: Final = {"low": 1.0, "normal": 2.0, "high": 3.0, "urgent": 4.0}
_DONE: Final = frozenset(["solved", "closed"])
# A trigger sends the rating in the language of the Zendesk account; these are the words of the API and of English.
_RATINGS: Final = {"good": 5, "bad": 1, "good, i'm satisfied": 5, "bad, i'm unsatisfied": 1}
_FACTS: Final[dict[str, tuple[str, ...]]] = {"name": ("name",)}


class ZendeskSection(SupportSection):
    """Tickets, organizations and satisfaction ratings of Zendesk."""

    usual_account: ClassVar = ("account_external_id",)

    sender: Annotated[str, choice("zendesk")] = Field(description="Who sends the messages.")


class ZendeskSender:
    def __init__(self, webhook: str, section: ZendeskSection) -> None:
        self._section = section
        self._severity = {**_SEVERITY, **{name.lower(): value for name, value in section.severity.items()}}
        self._facts = fact_paths(_FACTS, section)

    signature: Final = ZendeskSignature()

    def read(self, body: bytes, headers: Headers, *, received_at: datetime) -> Sequence[IntakeItem]:
        tree = decode_object(body)
        kind = (text_at(tree, "type") or "").removeprefix(_PREFIX)
        told = time_told(tree, _TIME)
        time = told if isinstance(told, datetime) else received_at
        item = IntakeItem(raw=body, at=min(time, received_at), label=kind or "zendesk", message_id=text_at(tree, "id"))
        if kind.startswith("organization."):
            item = self._organization(tree, item, time)
        else:
            item = self._ticket(kind, tree, item, time)
        return [refused_if_undated(item, [told])]

    def _ticket(self, kind: str, tree: Any, item: IntakeItem, time: datetime) -> IntakeItem:
        drafts = self._events(kind, tree, time)
        if drafts is None:
            return replace(item, ignored=IgnoredReason.UNKNOWN_TYPE)
        if not drafts:
            return replace(item, ignored=IgnoredReason.NOTHING_TO_TELL)
        return replace(item, events=drafts)

    def _events(self, kind: str, tree: Any, time: datetime) -> tuple[DraftEvent, ...] | None:
        """None if we do not know the type."""
        number = identifier(find(tree, ("detail", "id")))
        ticket = None if number is None else _identity(number)
        owner = self._owner(tree, text_at(tree, "detail.organization_id"))
        message = _Message(tree, text_at(tree, "id"), time, ticket)
        match kind:
            case "ticket.created":
                return (self._opened("ticket.opened", message, owner),)
            case "ticket.status_changed":
                return self._status_changed(message, owner)
            case "ticket.satisfaction_rated":
                return self._rated(message, owner)
            case _:
                return None

    def _opened(self, name: str, message: "_Message", owner: Owner) -> DraftEvent:
        priority = text_at(message.tree, "detail.priority")
        properties = {
            "ticket": message.ticket,
            "severity": self._severity.get(priority.lower()) if priority else None,
            "subject": text_at(message.tree, "detail.subject"),
        }
        return owner.draft(name, event_id=message.id, time=message.time, properties=properties)

    def _status_changed(self, message: "_Message", owner: Owner) -> tuple[DraftEvent, ...]:
        """A ticket that is closed after it was solved was resolved when it was solved."""
        before, after = (_status(message.tree, one) for one in ("previous", "current"))
        if before in _DONE and after and after not in _DONE:
            return (self._opened("ticket.reopened", message, owner),)
        if after not in _DONE or before in _DONE:
            return ()
        hours = hours_between(time_at(message.tree, "detail.created_at"), message.time)
        properties = {"ticket": message.ticket, "hours": hours}
        return (owner.draft("ticket.resolved", event_id=message.id, time=message.time, properties=properties),)

    def _rated(self, message: "_Message", owner: Owner) -> tuple[DraftEvent, ...]:
        """`good` and `bad` are 5 and 1; a rating from 1 to 5 is taken as it is. An offered one is no answer."""
        rating = find(message.tree, ("event", "rating"))
        score = _RATINGS.get(rating.strip().lower(), rating) if isinstance(rating, str) else rating
        if score not in (1, 2, 3, 4, 5, "1", "2", "3", "4", "5"):
            return ()
        requester = identifier(find(message.tree, ("detail", "requester_id")))
        properties = {"score": int(score), "about": message.ticket, "comment": text_at(message.tree, "event.comment")}
        user = _identity(requester) if requester else None
        draft = owner.draft("csat.answered", user=user, event_id=message.id, time=message.time, properties=properties)
        return (draft,)

    def _organization(self, tree: Any, item: IntakeItem, time: datetime) -> IntakeItem:
        """Its external id is the account, and from now on tickets of the organization are known to be the account's."""
        organization = identifier(find(tree, ("detail", "id")))
        if organization is None:
            return replace(item, ignored=IgnoredReason.NOTHING_TO_TELL)
        account = text_at(tree, "detail.external_id") or self._section.account_in(tree)
        links = (Link(_identity(organization), account_id=account),) if account else ()
        facts = facts_in(find(tree, ("detail",)), self._facts)
        owner = self._owner(tree, organization, account=account)
        draft = owner.draft("account.updated", event_id=item.message_id, time=time, properties=facts)
        return replace(item, links=links, events=(draft,) if facts else ())

    def _owner(self, tree: Any, organization: str | None, *, account: str | None = None) -> Owner:
        named = account or self._section.account_in(tree)
        if organization in (None, "0"):
            return Owner(named)
        return Owner(named, (_identity(organization),), self._section.default_account_of(organization))


class _Message(Struct, frozen=True):
    tree: Any
    id: str | None
    time: datetime
    ticket: str | None


def _status(tree: Any, which: str) -> str:
    return (text_at(tree, f"event.{which}") or "").lower()


def _identity(named: str | None) -> str:
    """An id of Zendesk, apart from those of other programs: their tickets may have the same number."""
    return f"zendesk:{named}"
