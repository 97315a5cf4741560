"""What holds where mapping.yml says several things: the source before the defaults, the first path before the next."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ingest.mapping.apply import to_item
from ingest.mapping.item import DraftEvent, IgnoredReason, IntakeItem, Link
from ingest.mapping.load import check_mapping, load_mapping
from ingest.mapping.message import MessageKind, SourceMessage
from ingest.mapping.rules import MappingRules

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
MAPPING = """
version: 1
defaults:
  account: [groupId, properties.company.id]
  names:
    User Logged In: session.started
    Export Done: report.created
  ignore: [Mouse Moved, heartbeat]
  facts: {name: [name, company], seats: [seats]}
sources:
  server:
    account: [properties.tenant]
    names: {exportDone: report.exported}
    ignore: [Cron Ticked]
    page: site.visited
    facts: {name: [title]}
    identities: product
  web: {identities: product}
"""


@pytest.fixture(scope="module")
def rules() -> MappingRules:
    return load_mapping(MAPPING, "mapping.yml")


def item(rules: MappingRules, source: str, kind: MessageKind, **body: Any) -> IntakeItem:
    message = SourceMessage(
        kind=kind,
        raw=b"{}",
        body=body,
        event=body.get("event"),
        user_id=body.get("userId"),
        anonymous_id=body.get("anonymousId"),
        group_id=body.get("groupId"),
        previous_id=body.get("previousId"),
        properties=body.get("properties", {}),
        traits=body.get("traits", {}),
    )
    return to_item(message, rules.of(source), received_at=NOW)


def event(rules: MappingRules, source: str, kind: MessageKind, **body: Any) -> DraftEvent:
    (found,) = item(rules, source, kind, **body).events
    return found


@pytest.mark.parametrize(
    ("source", "sent", "name"),
    [
        # In the file's spelling, and in any other.
        ("web", "User Logged In", "session.started"),
        ("web", "userLoggedIn", "session.started"),
        ("web", "user_logged_in", "session.started"),
        # A source says otherwise, in another spelling than the defaults.
        ("web", "Export Done", "report.created"),
        ("server", "Export Done", "report.exported"),
        ("server", "export_done", "report.exported"),
        # What nobody has named becomes ours by itself.
        ("server", "Widget Sold", "widget.sold"),
        # A source without a section of its own has the defaults.
        ("phone", "userLoggedIn", "session.started"),
    ],
)
def test_a_name_is_the_sources_then_the_defaults_then_made(
    rules: MappingRules, source: str, sent: str, name: str
) -> None:
    assert event(rules, source, MessageKind.TRACK, event=sent, userId="u").name == name


@pytest.mark.parametrize(
    ("source", "sent", "ignored"),
    [
        ("web", "Mouse Moved", True),
        ("web", "mouse_moved", True),
        ("web", "heartbeat", True),
        # The source's list takes the place of the defaults'.
        ("server", "Mouse Moved", False),
        ("server", "cronTicked", True),
    ],
)
def test_what_a_list_has_is_passed_over_in_any_spelling(
    rules: MappingRules, source: str, sent: str, ignored: bool
) -> None:
    found = item(rules, source, MessageKind.TRACK, event=sent, userId="u")
    assert found.ignored == (IgnoredReason.BY_MAPPING if ignored else None)


@pytest.mark.parametrize(
    ("body", "account"),
    [
        ({"groupId": "acme", "properties": {"company": {"id": "zenith"}}}, "acme"),
        ({"properties": {"company": {"id": "zenith"}}}, "zenith"),
        ({"properties": {"company": {"id": 7}}}, "7"),
        # A null is no value, and so the next path counts.
        ({"groupId": None, "properties": {"company": {"id": "zenith"}}}, "zenith"),
        ({"groupId": ["acme", "zenith"], "properties": {"company": {"id": "zenith"}}}, "zenith"),
        # A path that ends in something else than an id.
        ({"properties": {"company": {"id": {"no": "id"}}}}, None),
        ({"properties": {"company": "zenith"}}, None),
        # The paths of another source.
        ({"properties": {"tenant": "acme"}}, None),
    ],
)
def test_the_first_path_with_an_id_names_the_account(
    rules: MappingRules, body: dict[str, Any], account: str | None
) -> None:
    found = event(rules, "web", MessageKind.TRACK, event="Widget Sold", userId="u", **body)
    assert (found.account_id, found.known_by) == (account, ("u",))


def test_the_paths_of_a_source_take_the_place_of_the_defaults(rules: MappingRules) -> None:
    body = {"groupId": "acme", "properties": {"tenant": "zenith"}}
    assert event(rules, "server", MessageKind.TRACK, event="Widget Sold", **body).account_id == "zenith"


def test_facts_are_the_sources_one_by_one(rules: MappingRules) -> None:
    traits = {"name": "Acme", "title": "Acme Ltd", "seats": 5, "unknown": 1}
    web = event(rules, "web", MessageKind.GROUP, groupId="acme", traits=traits)
    server = event(rules, "server", MessageKind.GROUP, groupId="acme", traits=traits)
    assert web.properties == {"name": "Acme", "seats": 5}
    assert server.properties == {"name": "Acme Ltd", "seats": 5}


def test_sources_that_name_the_same_set_share_their_identities(rules: MappingRules) -> None:
    assert [rules.of(source).identities for source in ("web", "server", "phone")] == ["product", "product", "phone"]


def test_a_page_is_what_the_source_calls_it(rules: MappingRules) -> None:
    assert event(rules, "web", MessageKind.PAGE, userId="u").name == "page.viewed"
    assert event(rules, "server", MessageKind.PAGE, userId="u").name == "site.visited"


LINKS: list[tuple[MessageKind, dict[str, Any], tuple[Link, ...]]] = [
    # A group message tells the account of all ids in it.
    (
        MessageKind.GROUP,
        {"groupId": "acme", "userId": "u", "anonymousId": "a"},
        (Link("u", account_id="acme"), Link("a", account_id="acme")),
    ),
    # Without an account, both ids have the same one.
    (MessageKind.IDENTIFY, {"userId": "u", "anonymousId": "a"}, (Link("a", same_as="u"), Link("u", same_as="a"))),
    (MessageKind.ALIAS, {"userId": "u", "previousId": "a"}, (Link("u", same_as="a"), Link("a", same_as="u"))),
    # Of a tracked event nothing is learned: a person may act for several accounts.
    (MessageKind.TRACK, {"groupId": "acme", "userId": "u", "event": "Widget Sold"}, ()),
]


@pytest.mark.parametrize(("kind", "body", "links"), LINKS)
def test_a_message_teaches_whose_its_ids_are(
    rules: MappingRules, kind: MessageKind, body: dict[str, Any], links: tuple[Link, ...]
) -> None:
    assert item(rules, "web", kind, **body).links == links


def test_two_spellings_of_one_name_cannot_be_two_events() -> None:
    text = "version: 1\ndefaults:\n  account: [groupId]\n  names: {Export Done: a.b, exportDone: c.d}"
    (problem,) = check_mapping(text).problems
    assert "one name in two spellings" in problem.reason
