"""Says what each message of a captured body would become, and which line of mapping.yml would change it. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ingest.errors import FieldError, FieldErrorReason
from ingest.intake.checking import CheckedItem, DraftChecker
from ingest.intake.resolve import ResolvedItem, resolve
from ingest.mapping.item import IgnoredReason, IntakeItem
from ingest.mapping.message import MessageKind, SourceMessage
from ingest.mapping.paths import Path, find, identifier, only_identifier
from ingest.mapping.rules import SourceRules
from ingest.receiving.bounds import BOUNDS
from ingest.sdk.captured import read_captured
from ingest.sdk.sdk_format import mapped
from ingest.sdk.wire_format import ReadMessage

# Keys under which products often name the account.
_LIKE_AN_ACCOUNT: Final = re.compile(
    r"(account|company|organi[sz]ation|org|tenant|workspace|team|customer|group)(_?id|_?key|_?slug|id)?", re.IGNORECASE
)
_DEEPEST: Final = 4
# In place of an account that only a running system could find, by its identities.
_BY_IDENTITIES: Final = "by its identities"


class Trial(Struct, frozen=True):
    """What becomes of one message. `names` are its events; `not_used` are traits that no fact is made of.

    `account_from` is the path that names the account; None: other messages have to tell the account.
    """

    index: int
    label: str
    message_id: str | None
    names: tuple[str, ...] = ()
    account_id: str | None = None
    account_from: str | None = None
    identities: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    not_used: tuple[str, ...] = ()
    left_out: tuple[FieldError, ...] = ()
    errors: tuple[FieldError, ...] = ()
    ignored: IgnoredReason | None = None
    advice: tuple[str, ...] = ()


def try_body(
    body: bytes, format_name: str, rules: SourceRules, *, source: str, received_at: datetime
) -> Sequence[Trial]:
    """One trial for each message, in their order. Raises `BodyRefused`."""
    messages = read_captured(body, format_name, rules, received_at=received_at)
    items = [mapped(one, rules, received_at=received_at) for one in messages]
    checker = DraftChecker(
        source=source, received_at=received_at, history=False, bounds=BOUNDS, new_id=lambda: "made up by ingest"
    )
    resolution = resolve(items, {})
    return [
        _trial(index, message, resolved, checker.check(_with_any_account(resolved)), rules)
        for index, (message, resolved) in enumerate(zip(messages, resolution.items, strict=True))
    ]


def _with_any_account(resolved: ResolvedItem) -> ResolvedItem:
    """The item with a stand-in for an account that a running system may know."""
    events = tuple(
        replace(draft, account_id=_BY_IDENTITIES) if draft.account_id is None and draft.known_by else draft
        for draft in resolved.events
    )
    return ResolvedItem(resolved.item, events)


def _trial(index: int, message: ReadMessage, resolved: ResolvedItem, checked: CheckedItem, rules: SourceRules) -> Trial:
    item = resolved.item
    body = message.body if isinstance(message, SourceMessage) else {}
    drafts = resolved.events
    path = next((one for one in rules.account if only_identifier(find(body, one)) is not None), None)
    return Trial(
        index=index,
        label=item.label,
        message_id=item.message_id,
        names=tuple(draft.name for draft in drafts),
        account_id=next((draft.account_id for draft in drafts), None),
        account_from=None if path is None else ".".join(path),
        identities=next((draft.known_by for draft in drafts), ()),
        properties=tuple(sorted({name for event in checked.events for name in event.properties})),
        not_used=_not_used(message, rules),
        left_out=checked.left_out,
        errors=checked.errors,
        ignored=item.ignored,
        advice=tuple(_advice(item, checked.errors, body)),
    )


def _not_used(message: ReadMessage, rules: SourceRules) -> tuple[str, ...]:
    if not isinstance(message, SourceMessage) or not message.traits:
        return ()
    fields = rules.facts if message.kind is MessageKind.GROUP else rules.person
    used = {path[0] for paths in fields.values() for path in paths}
    return tuple(sorted(message.traits.keys() - used))


def _advice(item: IntakeItem, errors: Sequence[FieldError], body: Mapping[str, Any]) -> Iterator[str]:
    for error in errors:
        match error.reason:
            case FieldErrorReason.BAD_NAME:
                yield f"names: {{{msgspec.json.encode(item.label).decode()}: object.verbed}}"
            case FieldErrorReason.NO_ACCOUNT:
                for path in _candidates(body, ()):
                    yield f"account: [{'.'.join(path)}]"


def _candidates(tree: Any, path: Path) -> Iterator[Path]:
    """Paths of ids whose keys are usual names for an account."""
    if not isinstance(tree, dict) or len(path) >= _DEEPEST:
        return
    for key, value in tree.items():
        if only_identifier(value) is not None and _LIKE_AN_ACCOUNT.fullmatch(key):
            yield (*path, key)
        elif isinstance(value, dict):
            inner = identifier(value.get("id"))
            if inner is not None and _LIKE_AN_ACCOUNT.fullmatch(key):
                yield (*path, key, "id")
            yield from _candidates(value, (*path, key))
