"""Finds the accounts of a request's events, message by message. Pure."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from ingest.identity.known import KnownAccount
from ingest.mapping.item import DraftEvent, IntakeItem, Link
from ingest.receiving.bounds import EARLIEST, ID_CHARS

# A stored identity that messages repeat is written again after this time, to show that it is in use.
_REFRESH = timedelta(hours=1)


class ResolvedItem(Struct, frozen=True, gc=False):
    """A message with the drafts of its events; `account_id` is None where no identity has an account."""

    item: IntakeItem
    events: tuple[DraftEvent, ...]


class Resolution(Struct, frozen=True):
    """The items with their accounts; `learned` are the identities to store."""

    items: Sequence[ResolvedItem]
    learned: Mapping[str, KnownAccount]


def identities_of(items: Sequence[IntakeItem]) -> set[str]:
    """The identities that have to be known before these messages can be resolved."""
    wanted: set[str] = set()
    for item in items:
        for link in item.links:
            wanted.add(link.identity)
            if link.same_as is not None:
                wanted.add(link.same_as)
        for draft in item.events:
            if draft.account_id is None:
                wanted.update(draft.known_by)
    return wanted


def lack_account(resolved: Sequence[ResolvedItem]) -> bool:
    """Whether an identity could still tell the account of an event that has none."""
    return any(draft.account_id is None and draft.known_by for one in resolved for draft in one.events)


def resolve(items: Sequence[IntakeItem], known: Mapping[str, KnownAccount]) -> Resolution:
    """Gives each event its account, by the identities known before its message and those that the message teaches.

    An event whose account is still unknown gets it from a later message of the request: clients identify a person
    before they say which account it belongs to. At last it gets its default account.
    """
    learned = dict[str, KnownAccount]()
    accounts = dict(known)
    resolved = []
    for item in items:
        for link in item.links:
            _apply(link, item, accounts, learned)
        resolved.append(_resolved(item, item.events, accounts))
    if any(draft.account_id is None for one in resolved for draft in one.events):
        resolved = [_resolved(one.item, one.events, accounts, last=True) for one in resolved]
    return Resolution(resolved, learned)


def _apply(link: Link, item: IntakeItem, accounts: dict[str, KnownAccount], learned: dict[str, KnownAccount]) -> None:
    """Applies what a message teaches of one identity; of two messages the later one holds."""
    account_id = link.account_id
    # No event may have ids as long as these, and no index takes them: the request would fail each time it comes.
    if len(link.identity) > ID_CHARS or (account_id is not None and len(account_id) > ID_CHARS):
        return
    if account_id is None:
        other = accounts.get(link.same_as or "")
        # Two identities of one person: one gets the account of the other only if it has none itself.
        if other is None or link.identity in accounts:
            return
        account_id = other.account_id
    # Events before EARLIEST are refused anyway, and some times of the year 1 cannot be converted to UTC.
    at = max(item.at, EARLIEST)
    before, now = accounts.get(link.identity), KnownAccount(account_id, at)
    if before is not None:
        if before.at > at:
            return
        if before.account_id == account_id and at - before.at < _REFRESH:
            return
    accounts[link.identity] = learned[link.identity] = now


def _resolved(
    item: IntakeItem, events: Sequence[DraftEvent], accounts: Mapping[str, KnownAccount], *, last: bool = False
) -> ResolvedItem:
    if all(draft.account_id is not None for draft in events):
        return ResolvedItem(item, tuple(events))
    return ResolvedItem(item, tuple(_with_account(draft, accounts, last=last) for draft in events))


def _with_account(draft: DraftEvent, accounts: Mapping[str, KnownAccount], *, last: bool) -> DraftEvent:
    if draft.account_id is not None:
        return draft
    for identity in draft.known_by:
        if (known := accounts.get(identity)) is not None:
            return replace(draft, account_id=known.account_id)
    return replace(draft, account_id=draft.default_account) if last else draft
