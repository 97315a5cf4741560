"""Messages of Zendesk and Intercom, and what they become."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from common.contracts.events import Event
from ingest.in_memory import Ingest, in_memory
from ingest.mapping.load import load_mapping
from support.webhooks import MAPPING, SECONDS, SECRETS, post_message, topics_made

OPENED_AT = "2026-01-31T10:00:00.123456789Z"
DETAIL = {
    "id": "5158",
    "organization_id": "900",
    "requester_id": "77",
    "priority": "URGENT",
    "subject": "Export fails",
    "status": "OPEN",
    "created_at": OPENED_AT,
    "external_id": "ticket-of-ours",
}
ORGANIZATION = {"id": "900", "external_id": "acme", "name": "Acme GmbH"}
CONVERSATION = {
    "type": "conversation",
    "id": "215",
    "created_at": SECONDS - 7200,
    "priority": "priority",
    "source": {"subject": "Export fails"},
    "company": {"id": "int-1", "company_id": "acme"},
    "contacts": {"contacts": [{"external_id": "ann"}]},
}


def zendesk(kind: str, *, detail: dict[str, Any] = DETAIL, **event: Any) -> dict[str, Any]:
    return {
        "type": f"zen:event-type:{kind}",
        "id": f"z-{kind}",
        "time": "2026-01-31T11:30:00Z",
        "subject": "zen:ticket:5158",
        "detail": detail,
        "event": event,
    }


def intercom(topic: str, item: dict[str, Any] = CONVERSATION, **more: Any) -> dict[str, Any]:
    return {
        "type": "notification_event",
        "topic": topic,
        "id": f"notif-{topic}",
        "created_at": SECONDS - 60,
        "first_sent_at": SECONDS - 58,
        "data": {"type": "notification_event_data", "item": item},
        **more,
    }


async def taken(ingest: Ingest, webhook: str, *messages: dict[str, Any]) -> list[Event]:
    """The events of the last of these messages."""
    for message in messages:
        before = {event.event_id for event in ingest.events()}
        answer = await post_message(ingest, webhook, message)
        assert (answer.status_code, answer.json()["refused"]) == (200, [])
    return [event for event in ingest.events() if event.event_id not in before]


@pytest.mark.parametrize(
    ("kind", "event", "name", "properties"),
    [
        ("ticket.created", {}, "ticket.opened", {"ticket": "zendesk:5158", "severity": 4, "subject": "Export fails"}),
        (
            "ticket.status_changed",
            {"previous": "PENDING", "current": "SOLVED"},
            "ticket.resolved",
            {"ticket": "zendesk:5158", "hours": 1.5},
        ),
        (
            "ticket.status_changed",  # closed without having been solved
            {"previous": "OPEN", "current": "CLOSED"},
            "ticket.resolved",
            {"ticket": "zendesk:5158", "hours": 1.5},
        ),
        (
            "ticket.status_changed",
            {"previous": "SOLVED", "current": "OPEN"},
            "ticket.reopened",
            {"ticket": "zendesk:5158", "severity": 4, "subject": "Export fails"},
        ),
        (
            "ticket.satisfaction_rated",
            {"rating": "Bad, I'm unsatisfied", "comment": "slow"},
            "csat.answered",
            {"score": 1, "about": "zendesk:5158", "comment": "slow"},
        ),
        ("ticket.satisfaction_rated", {"rating": "good"}, "csat.answered", {"score": 5, "about": "zendesk:5158"}),
        ("ticket.satisfaction_rated", {"rating": "4"}, "csat.answered", {"score": 4, "about": "zendesk:5158"}),
    ],
)
async def test_a_ticket_of_zendesk_belongs_to_the_account_of_its_organization(
    hooked: Ingest, kind: str, event: dict[str, Any], name: str, properties: dict[str, Any]
) -> None:
    known = zendesk("organization.created", detail=ORGANIZATION)
    [found] = await taken(hooked, "desk", known, zendesk(kind, **event))
    assert (found.name, found.account_id, found.properties) == (name, "acme", properties)
    assert found.user_id == ("zendesk:77" if name == "csat.answered" else None)


async def test_an_organization_has_facts(hooked: Ingest) -> None:
    [found] = await taken(hooked, "desk", zendesk("organization.created", detail=ORGANIZATION))
    assert (found.name, found.account_id, found.properties) == ("account.updated", "acme", {"name": "Acme GmbH"})


@pytest.mark.parametrize(
    ("kind", "event", "ignored"),
    [
        ("ticket.status_changed", {"previous": "SOLVED", "current": "CLOSED"}, "nothing_to_tell"),
        ("ticket.status_changed", {"previous": "NEW", "current": "OPEN"}, "nothing_to_tell"),
        ("ticket.satisfaction_rated", {"rating": "offered"}, "nothing_to_tell"),  # asked, and not answered
        ("ticket.tags_changed", {}, "unknown_type"),
    ],
)
async def test_what_says_nothing_of_health_is_acknowledged(
    hooked: Ingest, kind: str, event: dict[str, Any], ignored: str
) -> None:
    answer = await post_message(hooked, "desk", zendesk(kind, **event))
    assert (answer.status_code, answer.json()["ignored"]) == (200, [ignored])


@pytest.mark.parametrize("organization", ["0", "901", None])
async def test_a_ticket_of_nobody_we_know_is_refused_and_can_come_again(
    hooked: Ingest, organization: str | None
) -> None:
    message = zendesk("ticket.created", detail={**DETAIL, "organization_id": organization})
    answer = (await post_message(hooked, "desk", message)).json()
    assert answer["refused"][0]["errors"][0]["reason"] == "no_account"
    if organization == "901":
        known = {**ORGANIZATION, "id": "901"}
        [found] = await taken(hooked, "desk", zendesk("organization.updated", detail=known), message)
        assert found.name == "ticket.opened"


@pytest.mark.parametrize(
    ("topic", "item", "name", "properties"),
    [
        (
            "conversation.user.created",
            {},
            "ticket.opened",
            {"ticket": "intercom:215", "severity": 3, "subject": "Export fails"},
        ),
        (
            "conversation.user.created",
            {"priority": "not_priority", "source": {}},
            "ticket.opened",
            {"ticket": "intercom:215", "severity": 1},
        ),
        ("conversation.admin.closed", {}, "ticket.resolved", {"ticket": "intercom:215", "hours": 1.98}),
        (
            "conversation.admin.opened",
            {},
            "ticket.reopened",
            {"ticket": "intercom:215", "severity": 3, "subject": "Export fails"},
        ),
        (
            "conversation.rating.added",
            {"conversation_rating": {"rating": 2, "remark": "slow"}},
            "csat.answered",
            {"score": 2, "about": "intercom:215", "comment": "slow"},
        ),
        (
            "ticket.state.updated",
            {"ticket_state": "resolved"},
            "ticket.resolved",
            {"ticket": "intercom:215", "hours": 1.98},
        ),
        (
            "ticket.state.updated",
            {"ticket_state": {"category": "resolved"}},
            "ticket.resolved",
            {"ticket": "intercom:215", "hours": 1.98},
        ),
    ],
)
async def test_a_conversation_of_intercom_belongs_to_its_company(
    hooked: Ingest, topic: str, item: dict[str, Any], name: str, properties: dict[str, Any]
) -> None:
    [found] = await taken(hooked, "chat", intercom(topic, {**CONVERSATION, **item}))
    assert (found.name, found.account_id, found.properties) == (name, "acme", properties)
    assert found.user_id == ("ann" if name == "csat.answered" else None)


async def test_a_company_of_intercom_is_known_from_then_on(hooked: Ingest) -> None:
    company = {
        "type": "company",
        "id": "int-7",
        "company_id": "elm",
        "name": "Elm",
        "created_at": "2026-01-01T00:00:00Z",
    }
    [found] = await taken(hooked, "chat", intercom("company.updated", company))
    assert (found.account_id, found.properties) == ("elm", {"name": "Elm"})
    later = {**CONVERSATION, "company": {"id": "int-7"}}
    [found] = await taken(hooked, "chat", intercom("conversation.user.created", later))
    assert found.account_id == "elm"


async def test_a_ping_and_a_probe_are_answered(hooked: Ingest) -> None:
    answer = await post_message(hooked, "chat", {"type": "notification_event", "topic": "ping", "id": None, "data": {}})
    assert (answer.status_code, answer.json()["ignored"]) == (200, ["unknown_type"])
    assert (await hooked.http.head("/v1/webhooks/chat")).status_code == 200


async def test_a_recorded_notification_is_not_taken_half_a_day_later(hooked: Ingest) -> None:
    """Intercom signs no time beside the body; scoring knows the ids of a day."""
    old = intercom("conversation.user.created", first_sent_at=SECONDS - 12 * 3600 - 1)
    answer = (await post_message(hooked, "chat", old)).json()
    assert (answer["events"], answer["refused"][0]["errors"][0]["reason"]) == (0, "too_old")
    recent = intercom("conversation.user.created", first_sent_at=SECONDS - 11 * 3600)
    assert (await post_message(hooked, "chat", recent)).json()["events"] == 1


@pytest.fixture
async def by_own_ids() -> AsyncIterator[Ingest]:
    """Webhooks whose senders' own ids are ids of accounts, unless something tells another."""
    mapping = MAPPING
    for sender in ("zendesk", "intercom"):
        mapping = mapping.replace(f"sender: {sender},", f"sender: {sender}, id_is_account: true,")
    async with in_memory(rules=load_mapping(mapping, "mapping.yml"), webhook_secrets=SECRETS) as built:
        await topics_made(built)
        yield built


async def test_the_organizations_id_is_the_account_until_another_is_told(by_own_ids: Ingest) -> None:
    unnamed = zendesk("organization.created", detail={**ORGANIZATION, "external_id": None})
    [facts] = await taken(by_own_ids, "desk", unnamed)
    [ticket] = await taken(by_own_ids, "desk", zendesk("ticket.created"))
    assert (facts.account_id, ticket.account_id) == ("900", "900")
    named = {**zendesk("organization.updated", detail=ORGANIZATION), "id": "z-2"}
    [solved] = await taken(
        by_own_ids, "desk", named, zendesk("ticket.status_changed", previous="NEW", current="SOLVED")
    )
    assert solved.account_id == "acme"


async def test_the_companys_id_is_the_account_until_another_is_told(by_own_ids: Ingest) -> None:
    company = {"id": "int-1", "name": "Acme"}
    [facts] = await taken(by_own_ids, "chat", intercom("company.created", company))
    unnamed = {**CONVERSATION, "company": {"id": "int-1"}}
    [opened] = await taken(by_own_ids, "chat", intercom("conversation.user.created", unnamed))
    assert (facts.account_id, opened.account_id) == ("int-1", "int-1")
    named = intercom("company.updated", {**company, "company_id": "acme"})
    [closed] = await taken(by_own_ids, "chat", named, intercom("conversation.admin.closed", unnamed))
    assert closed.account_id == "acme"
    # Nothing was told of this message but that its own id is unnamed: the account that was told stays.
    [facts] = await taken(by_own_ids, "chat", {**intercom("company.updated", company), "id": "again"})
    assert facts.account_id == "acme"


UNREADABLE: dict[str, Any] = {"created_at": "soon"}


@pytest.mark.parametrize(
    ("webhook", "message", "field"),
    [
        ("desk", {**zendesk("ticket.created"), "time": "yesterday"}, "time"),
        ("desk", {**zendesk("organization.created", detail=ORGANIZATION), "time": "31.01.2026"}, "time"),
        ("chat", intercom("conversation.user.created", **UNREADABLE), "created_at"),
        ("chat", intercom("conversation.user.created", first_sent_at=None, **UNREADABLE), "created_at"),
        (
            "chat",
            intercom("company.updated", {"id": "7", "company_id": "elm", "name": "Elm"}, **UNREADABLE),
            "created_at",
        ),
        ("chat", intercom("conversation.user.created", first_sent_at={}), "first_sent_at"),
    ],
)
async def test_a_message_whose_time_cannot_be_read_is_refused(
    hooked: Ingest, webhook: str, message: dict[str, Any], field: str
) -> None:
    """As the present it would count a ticket of last year for today."""
    answer = (await post_message(hooked, webhook, message)).json()
    [refused] = answer["refused"]
    assert [(error["field"], error["reason"]) for error in refused["errors"]] == [(field, "bad_time")]
    assert hooked.events() == []


async def test_what_makes_no_event_is_not_refused_for_its_time(hooked: Ingest) -> None:
    answer = await post_message(hooked, "desk", {**zendesk("ticket.tags_changed"), "time": "yesterday"})
    assert answer.json()["ignored"] == ["unknown_type"]
    answer = await post_message(hooked, "chat", intercom("ping", **UNREADABLE))
    assert answer.json()["ignored"] == ["unknown_type"]
