"""Which account an event gets, message by message."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from ingest.identity.known import KnownAccount
from ingest.intake.resolve import identities_of, resolve
from ingest.mapping.item import DraftEvent, IntakeItem, Link

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def said(*links: Link, minutes: int = 0, by: tuple[str, ...] = (), account: str | None = None) -> IntakeItem:
    """A message with these links, and an event if it names an account or identities."""
    draft = DraftEvent(name="report.opened", account_id=account, known_by=by, properties={})
    events = (draft,) if by or account else ()
    return IntakeItem(raw=b"{}", at=NOON + timedelta(minutes=minutes), links=links, events=events)


def known(account_id: str, *, minutes: int = 0) -> KnownAccount:
    return KnownAccount(account_id, NOON + timedelta(minutes=minutes))


def accounts(*items: IntakeItem, before: dict[str, KnownAccount] | None = None) -> list[str | None]:
    """The account of each event, in their order."""
    return [draft.account_id for one in resolve(items, before or {}).items for draft in one.events]


def test_the_account_that_the_event_names_counts_whatever_its_user_belongs_to() -> None:
    assert accounts(said(by=("ann",), account="bolt"), before={"ann": known("acme")}) == ["bolt"]


def test_the_first_identity_that_has_an_account_decides() -> None:
    before = {"anonymous": known("acme"), "ann": known("bolt")}
    assert accounts(said(by=("ann", "anonymous")), before=before) == ["bolt"]
    assert accounts(said(by=("new", "anonymous")), before=before) == ["acme"]


def test_what_a_message_teaches_holds_for_the_messages_after_it() -> None:
    group = said(Link("ann", account_id="acme"))
    move = said(Link("ann", account_id="bolt"), minutes=1)
    event = said(by=("ann",))
    assert accounts(group, event, move, event) == ["acme", "bolt"]


def test_an_event_before_the_first_message_that_names_its_account_gets_it_too() -> None:
    assert accounts(said(by=("ann",)), said(Link("ann", account_id="acme"))) == ["acme"]


def test_its_default_account_counts_if_no_identity_has_one_not_even_later() -> None:
    draft = DraftEvent(name="ticket.opened", known_by=("desk:1",), default_account="1", properties={})
    opened = IntakeItem(raw=b"{}", at=NOON, events=(draft,))
    assert accounts(opened) == ["1"]
    assert accounts(opened, said(Link("desk:1", account_id="acme"))) == ["acme"]
    assert accounts(opened, before={"desk:1": known("bolt")}) == ["bolt"]
    assert identities_of([opened]) == {"desk:1"}


def test_without_any_account_it_stays_unknown() -> None:
    assert accounts(said(by=("ann",)), said(Link("bob", account_id="acme"))) == [None]


def test_an_alias_gives_the_new_identity_what_the_old_one_has() -> None:
    alias = said(Link("ann", same_as="anonymous"), Link("anonymous", same_as="ann"))
    assert accounts(alias, said(by=("ann",)), before={"anonymous": known("acme")}) == ["acme"]
    assert accounts(alias, said(by=("anonymous",)), before={"ann": known("acme")}) == ["acme"]


def test_an_alias_moves_nobody_who_has_an_account() -> None:
    alias = said(Link("ann", same_as="bob"), Link("bob", same_as="ann"), minutes=5)
    before = {"ann": known("acme"), "bob": known("bolt")}
    assert resolve([alias], before).learned == {}


def test_an_old_message_that_comes_again_moves_nobody_back() -> None:
    old = said(Link("ann", account_id="old"), minutes=-5)
    resolution = resolve([old], {"ann": known("new")})
    assert resolution.learned == {}


def test_what_is_known_is_stored_again_only_to_show_that_it_is_in_use() -> None:
    again = said(Link("ann", account_id="acme"), minutes=59)
    much_later = said(Link("ann", account_id="acme"), minutes=60)
    assert resolve([again], {"ann": known("acme")}).learned == {}
    assert resolve([much_later], {"ann": known("acme")}).learned == {"ann": known("acme", minutes=60)}


def test_only_identities_that_can_matter_are_looked_up() -> None:
    items = [
        said(by=("ann", "anonymous")),
        said(by=("bob",), account="acme"),
        said(Link("eve", account_id="acme"), Link("new", same_as="old")),
    ]
    assert identities_of(items) == {"ann", "anonymous", "eve", "new", "old"}


# Ids that no event may have, which no index of PostgreSQL takes either.
TOO_LONG = [Link("a" * 129, account_id="acme"), Link("ann", account_id="a" * 129)]


@pytest.mark.parametrize("link", TOO_LONG)
def test_an_id_that_is_too_long_is_not_stored(link: Link) -> None:
    resolution = resolve([said(link), said(Link("bob", account_id="bolt"))], {})
    assert list(resolution.learned) == ["bob"]


def test_a_moment_that_has_none_in_utc_is_stored_as_the_earliest_there_is() -> None:
    item = said(Link("ann", account_id="acme"))
    first = replace(item, at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))))
    assert resolve([first], {}).learned == {"ann": KnownAccount("acme", datetime(1970, 1, 1, tzinfo=UTC))}
