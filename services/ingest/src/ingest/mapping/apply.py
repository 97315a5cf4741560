"""Applies a source's rules to one message. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ingest.errors import FieldError, FieldErrorReason
from ingest.mapping.item import DraftEvent, IgnoredReason, IntakeItem, Link
from ingest.mapping.message import MessageKind, SourceMessage
from ingest.mapping.paths import find, first_value, only_identifier
from ingest.mapping.rules import Fields, SourceRules

ACCOUNT_UPDATED: Final = "account.updated"
USER_UPDATED: Final = "user.updated"
# Before Python 3.12 a member that is looked up in its enumeration costs as much as a call.
_TRACK: Final = MessageKind.TRACK


def to_item(message: SourceMessage, rules: SourceRules, *, received_at: datetime) -> IntakeItem:
    """The identities and the event that a message gives. An account that the message names has precedence."""
    # Nearly all messages.
    if message.kind is _TRACK:
        return _tracked(message, rules, received_at)
    match message.kind:
        case MessageKind.PAGE | MessageKind.SCREEN:
            name = rules.page if message.kind is MessageKind.PAGE else rules.screen
            return _event(message, rules, received_at, name=name, label=message.kind)
        case MessageKind.IDENTIFY:
            return _identified(message, rules, received_at)
        case MessageKind.GROUP:
            return _grouped(message, rules, received_at)
        case MessageKind.ALIAS:
            return _aliased(message, rules, received_at)


def _tracked(message: SourceMessage, rules: SourceRules, received_at: datetime) -> IntakeItem:
    event = message.event
    if not event:
        return _refused(message, received_at, "event", FieldErrorReason.MISSING, "expected the name of the event")
    if rules.ignored and rules.ignores(event):
        return _item(message, received_at, label=event, ignored=IgnoredReason.BY_MAPPING)
    name = rules.name_of(event)
    if name is None:
        detail = f"{event[:100]!r} cannot become object.verbed in a-z, 0-9 and _: name it in mapping.yml under names"
        return _refused(message, received_at, "event", FieldErrorReason.BAD_NAME, detail, label=event)
    return _event(message, rules, received_at, name=name, label=event)


def _event(message: SourceMessage, rules: SourceRules, received_at: datetime, *, name: str, label: str) -> IntakeItem:
    account = _account(message, rules)
    draft = DraftEvent(
        name=name,
        event_id=message.message_id,
        time=message.time,
        account_id=account,
        known_by=_identities(message),
        user_id=message.user_id,
        properties=_without_nulls(message.properties),
    )
    links = _links(message, account) if message.member and account is not None else ()
    return _item(message, received_at, label=label, links=links, events=(draft,))


def _identified(message: SourceMessage, rules: SourceRules, received_at: datetime) -> IntakeItem:
    """The facts of a person. If the message names no account, the person's identities may have one."""
    account = _account(message, rules)
    links = _links(message, account)
    draft = DraftEvent(
        name=USER_UPDATED,
        event_id=message.message_id,
        time=message.time,
        account_id=account,
        known_by=_identities(message),
        user_id=message.user_id or message.anonymous_id,
        properties=_mapped(message.traits, rules.person),
        lenient=True,
    )
    return _item(message, received_at, label=message.kind, links=links, events=(draft,))


def _grouped(message: SourceMessage, rules: SourceRules, received_at: datetime) -> IntakeItem:
    account = message.group_id or _account(message, rules)
    if account is None:
        return _refused(message, received_at, "groupId", FieldErrorReason.MISSING, "expected the id of the account")
    draft = DraftEvent(
        name=ACCOUNT_UPDATED,
        event_id=message.message_id,
        time=message.time,
        account_id=account,
        user_id=message.user_id,
        properties=_mapped(message.traits, rules.facts),
        lenient=True,
    )
    return _item(message, received_at, label=message.kind, links=_links(message, account), events=(draft,))


def _aliased(message: SourceMessage, rules: SourceRules, received_at: datetime) -> IntakeItem:
    """No event: the message only says that two identities are one person."""
    if message.previous_id is None or message.user_id is None:
        field = "previousId" if message.previous_id is None else "userId"
        return _refused(
            message, received_at, field, FieldErrorReason.MISSING, "expected the id that is the same person"
        )
    links = (Link(message.user_id, same_as=message.previous_id), Link(message.previous_id, same_as=message.user_id))
    return _item(message, received_at, label=message.kind, links=links)


def _account(message: SourceMessage, rules: SourceRules) -> str | None:
    """The account: the id at the first path that has one. A list of several groups, for example, is no id."""
    body = message.body
    for path in rules.account:
        # Most paths lead nowhere at their first key.
        if path[0] in body and (found := only_identifier(find(body, path))) is not None:
            return found
    return None


def _identities(message: SourceMessage) -> tuple[str, ...]:
    user, anonymous = message.user_id, message.anonymous_id
    if user and anonymous:
        return user, anonymous
    return (user,) if user else (anonymous,) if anonymous else ()


def _links(message: SourceMessage, account: str | None) -> tuple[Link, ...]:
    """With an account, all identities of the message get it. Without one, they are linked to each other."""
    identities = _identities(message)
    if account is not None:
        return tuple(Link(one, account_id=account) for one in identities)
    if len(identities) == 2:
        user, anonymous = identities
        return Link(anonymous, same_as=user), Link(user, same_as=anonymous)
    return ()


def _mapped(traits: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    found = ((name, first_value(traits, paths)) for name, paths in fields.items())
    return {name: value for name, value in found if value is not None}


def _without_nulls(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties without nulls: clients send null for unknown values, and as a fact it would clear the old one."""
    if None not in properties.values():
        return properties
    return {name: value for name, value in properties.items() if value is not None}


def _item(
    message: SourceMessage,
    received_at: datetime,
    *,
    label: str,
    links: tuple[Link, ...] = (),
    events: tuple[DraftEvent, ...] = (),
    errors: tuple[FieldError, ...] = (),
    ignored: IgnoredReason | None = None,
) -> IntakeItem:
    return IntakeItem(
        raw=message.raw,
        at=min(message.time or received_at, received_at),
        label=label,
        message_id=message.message_id,
        links=links,
        events=events,
        errors=errors,
        ignored=ignored,
    )


def _refused(
    message: SourceMessage, received_at: datetime, field: str, reason: FieldErrorReason, detail: str, *, label: str = ""
) -> IntakeItem:
    error = FieldError(field, reason, detail)
    return _item(message, received_at, label=label or message.kind, errors=(error,))
