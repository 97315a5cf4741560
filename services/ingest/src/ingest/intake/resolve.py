"""Finds the accounts of a request's events, message by message. Pure."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from ingest.identity.known import KnownAccount
from ingest.mapping.item import DraftEvent, IntakeItem, Link
from ingest.receiving.bounds import EARLIEST, ID_CHARS

# How long a stored identity goes without being written again though messages repeat it.
_REFRESH = timedelta(hours=1)


class ResolvedItem(Struct, frozen=True, gc=False):
    """`events` are those of the item, each with its account, or None where no identity has one."""

    item: IntakeItem
    events: tuple[DraftEvent, ...]


class Resolution(Struct, frozen=True):
    """`learned` are the identities to be stored."""

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


def resolve(items: Sequence[IntakeItem], known: Mapping[str, KnownAccount]) -> Resolution:
    """Gives each event its account, by what was known before its message and what the message teaches.

    An event whose account is still unknown gets it from a later message of the request: clients identify a person
    before they say which account it belongs to.
    """
    accounts, learned = dict(known), dict[str, KnownAccount]()
    resolved = []
    for item in items:
        for link in item.links:
            _apply(link, item, accounts, learned)
        resolved.append(_resolved(item, item.events, accounts))
    if any(draft.account_id is None for one in resolved for draft in one.events):
        resolved = [_resolved(one.item, one.events, accounts) for one in resolved]
    return Resolution(resolved, learned)


def _apply(link: Link, item: IntakeItem, accounts: dict[str, KnownAccount], learned: dict[str, KnownAccount]) -> None:
    """The later message wins; what is known already is stored again only to show that it is in use."""
    account_id = link.account_id
    # No event may have such ids, and no index takes them: the request would fail again whenever it comes.
    if len(link.identity) > ID_CHARS or (account_id is not None and len(account_id) > ID_CHARS):
        return
    if account_id is None:
        other = accounts.get(link.same_as or "")
        # Of two identities that are one person, what one has is for the other only if that has nothing.
        if other is None or link.identity in accounts:
            return
        account_id = other.account_id
    # Events of earlier moments are refused, and not every moment of the year 1 has one in UTC.
    at = max(item.at, EARLIEST)
    before, now = accounts.get(link.identity), KnownAccount(account_id, at)
    if before is not None:
        if before.at > at:
            return
        if before.account_id == account_id and at - before.at < _REFRESH:
            return
    accounts[link.identity] = learned[link.identity] = now


def _resolved(item: IntakeItem, events: Sequence[DraftEvent], accounts: Mapping[str, KnownAccount]) -> ResolvedItem:
    if all(draft.account_id is not None for draft in events):
        return ResolvedItem(item, tuple(events))
    return ResolvedItem(item, tuple(_with_account(draft, accounts) for draft in events))


def _with_account(draft: DraftEvent, accounts: Mapping[str, KnownAccount]) -> DraftEvent:
    if draft.account_id is not None:
        return draft
    for identity in draft.known_by:
        if (known := accounts.get(identity)) is not None:
            return replace(draft, account_id=known.account_id)
    return draft
