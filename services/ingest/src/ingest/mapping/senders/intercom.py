"""Intercom: topics of conversations, tickets and companies.

A notification is {topic, id, created_at, first_sent_at, data: {item}}. Times of conversations are seconds, those of
companies are texts. Intercom signs no time apart from the body, so the time in the body decides whether a notification
is too old to take. Scoring remembers ids for a day; ingest refuses a notification older than half a day.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Final

from msgspec.structs import replace
from pydantic import Field

from common.documents.value_types import choice
from ingest.errors import FieldError, FieldErrorReason
from ingest.mapping.item import DraftEvent, IgnoredReason, IntakeItem, Link
from ingest.mapping.paths import Path, find, identifier, parse_path
from ingest.mapping.senders.drafting import Owner, refused_if_undated
from ingest.mapping.senders.signatures import Headers, IntercomSignature
from ingest.mapping.senders.support import SupportSection, fact_paths, facts_in
from ingest.mapping.senders.trees import decode_object, hours_between, number_at, text_at, time_at, time_told

_SEVERITY: Final = {"priority": 3.0}
_FACTS: Final[dict[str, tuple[str, ...]]] = {"name": ("name",)}
_CREATED: Final = (("created_at",),)
_SENT: Final = (("first_sent_at",), *_CREATED)
# Intercom repeats a notification once, after a minute.
_WORTH: Final = timedelta(hours=12)
_OPENED: Final = frozenset(["conversation.user.created", "ticket.created"])
_RESOLVED: Final = frozenset(["conversation.admin.closed", "ticket.closed"])
_STATE: Final = "ticket.state.updated"
_REOPENED: Final = frozenset(["conversation.admin.opened"])
_RATED: Final = frozenset(["conversation.rating.added", "conversation.rating.remarked"])
_COMPANY: Final = frozenset(["company.created", "company.updated"])


class IntercomSection(SupportSection):
    """Conversations, tickets, ratings and companies of Intercom."""

    usual_account: ClassVar = (
        "data.item.company_id",
        "data.item.company.company_id",
        "data.item.custom_attributes.account_id",
    )

    sender: Annotated[str, choice("intercom")] = Field(description="Who sends the messages.")

    def user_paths(self) -> Sequence[Path]:
        return [("contacts", "external_id")]


class IntercomSender:
    def __init__(self, webhook: str, section: IntercomSection) -> None:
        self._section = section
        self._severity = {**_SEVERITY, **section.severity}
        self._facts = fact_paths(_FACTS, section)

    signature: Final = IntercomSignature()

    def read(self, body: bytes, headers: Headers, *, received_at: datetime) -> Sequence[IntakeItem]:
        tree = decode_object(body)
        topic = text_at(tree, "topic") or ""
        # A ping has no id.
        item = IntakeItem(raw=body, at=received_at, label=topic or "intercom", message_id=text_at(tree, "id"))
        created, sent = time_told(tree, _CREATED), time_told(tree, _SENT)
        if isinstance(sent, datetime) and received_at - sent > _WORTH:
            hours = _WORTH.total_seconds() / 3600
            error = FieldError("first_sent_at", FieldErrorReason.TOO_OLD, f"sent more than {hours:g} hours ago")
            return [replace(item, errors=(error,))]
        time = created if isinstance(created, datetime) else received_at
        item = replace(item, at=min(time, received_at))
        item = self._company(tree, item, time) if topic in _COMPANY else self._ticket(topic, tree, item, time)
        return [refused_if_undated(item, dict.fromkeys([sent, created]))]

    def _ticket(self, topic: str, tree: Any, item: IntakeItem, time: datetime) -> IntakeItem:
        draft = self._event(topic, tree, item, time)
        if draft is None:
            known = topic == _STATE or topic in _RATED
            ignored = IgnoredReason.NOTHING_TO_TELL if known else IgnoredReason.UNKNOWN_TYPE
            return replace(item, ignored=ignored)
        return replace(item, events=(draft,))

    def _event(self, topic: str, tree: Any, item: IntakeItem, time: datetime) -> DraftEvent | None:
        number = identifier(find(tree, parse_path("data.item.id")))
        ticket = None if number is None else _identity(number)
        if topic in _OPENED or topic in _REOPENED:
            name = "ticket.opened" if topic in _OPENED else "ticket.reopened"
            properties = {"ticket": ticket, "severity": self._severity_of(tree), "subject": _subject(tree)}
        elif topic in _RESOLVED or (topic == _STATE and _ticket_state(tree) == "resolved"):
            name = "ticket.resolved"
            hours = hours_between(time_at(tree, "data.item.created_at"), time)
            properties = {"ticket": ticket, "hours": hours}
        elif topic in _RATED and (score := number_at(tree, "data.item.conversation_rating.rating")) is not None:
            name = "csat.answered"
            remark = text_at(tree, "data.item.conversation_rating.remark")
            properties = {"score": score, "about": ticket, "comment": remark}
        else:
            return None
        contacts = _contacts(tree)
        user = contacts[0] if topic in _RATED and contacts else None
        owner = self._owner(tree, contacts)
        return owner.draft(name, user=user, event_id=item.message_id, time=time, properties=properties)

    def _severity_of(self, tree: Any) -> float | None:
        priority = find(tree, parse_path("data.item.priority"))
        # Conversations say `priority` or `not_priority`, older versions true or false.
        named = "priority" if priority is True else priority
        return self._severity.get(named) if isinstance(named, str) else None

    def _company(self, tree: Any, item: IntakeItem, time: datetime) -> IntakeItem:
        """`company_id` is the id that you gave the company, `id` that of Intercom."""
        company = identifier(find(tree, parse_path("data.item.id")))
        account = self._section.account_in(tree)
        links = (Link(_identity(company), account_id=account),) if company and account else ()
        facts = facts_in(find(tree, parse_path("data.item")), self._facts)
        if not facts:
            return replace(item, links=links)
        owner = Owner(account, (_identity(company),) if company else (), self._section.default_account_of(company))
        draft = owner.draft("account.updated", event_id=item.message_id, time=time, properties=facts)
        return replace(item, links=links, events=(draft,))

    def _owner(self, tree: Any, contacts: Sequence[str]) -> Owner:
        """The company; without one the people of the conversation, whose account SDKs may have told."""
        company = identifier(find(tree, parse_path("data.item.company.id")))
        default = self._section.default_account_of(company)
        known_by = (*((_identity(company),) if company else ()), *(() if default else contacts))
        return Owner(self._section.account_in(tree), known_by, default)


def _contacts(tree: Any) -> tuple[str, ...]:
    """The ids that your product gave its users."""
    listed = find(tree, parse_path("data.item.contacts.contacts"))
    contacts = listed if isinstance(listed, list) else []
    ids = (identifier(find(one, ("external_id",))) for one in contacts[:10])
    return tuple(one for one in ids if one is not None)


def _subject(tree: Any) -> str | None:
    for path in ("data.item.title", "data.item.source.subject", "data.item.ticket_attributes._default_title_"):
        if (subject := text_at(tree, path)) is not None:
            return subject
    return None


def _ticket_state(tree: Any) -> str | None:
    """The state as text; in newer versions of the API it is in an object."""
    return text_at(tree, "data.item.ticket_state") or text_at(tree, "data.item.ticket_state.category")


def _identity(named: str) -> str:
    """An id of Intercom, apart from those of other programs: their tickets may have the same number."""
    return f"intercom:{named}"
