"""Webhooks of an app of HubSpot: changed properties of companies, and the account that they are facts of."""

from datetime import UTC, datetime
from typing import Any

import pytest

from common.contracts.events import Event
from ingest.in_memory import Ingest, in_memory
from ingest.mapping.load import load_mapping
from support.webhooks import HUBSPOT_URL, MAPPING, SECONDS, SECRETS, post_message, topics_made

AN_HOUR_AGO = (SECONDS - 3600) * 1000
NUMBERED = f"""
version: 1
webhooks:
  companies: {{sender: hubspot, source: crm, url: "{HUBSPOT_URL}", id_is_account: true}}
"""


def changed(name: str, value: Any, *, company: int = 4711, event: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "eventId": event,
        "subscriptionId": 99,
        "portalId": 62515,
        "appId": 54321,
        "occurredAt": AN_HOUR_AGO,
        "subscriptionType": "company.propertyChange",
        "attemptNumber": 0,
        "objectId": company,
        "propertyName": name,
        "propertyValue": value,
        "changeSource": "CRM_UI",
        **more,
    }


async def posted(ingest: Ingest, *messages: dict[str, Any]) -> dict[str, Any]:
    answer = await post_message(ingest, "companies", list(messages))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def told(events: list[Event]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(event.name, event.account_id, event.properties) for event in events]


@pytest.mark.parametrize(
    ("name", "value", "properties"),
    [
        ("name", "Acme GmbH", {"name": "Acme GmbH"}),
        ("arr_of_deals", "48000.50", {"arr": 48000.5}),
        # HubSpot writes a date as the milliseconds of its beginning in UTC.
        ("renewal", "1798675200000", {"contract_end": "2026-12-31"}),
        ("renewal", "2026-12-31", {"contract_end": "2026-12-31"}),
    ],
)
async def test_a_property_is_a_fact_of_the_account_that_the_company_belongs_to(
    hooked: Ingest, name: str, value: str, properties: dict[str, Any]
) -> None:
    assert (await posted(hooked, changed("account_id", "acme")))["events"] == 0
    assert (await posted(hooked, changed(name, value, event=2)))["refused"] == []
    [event] = hooked.events()
    assert told([event]) == [("account.updated", "acme", properties)]
    assert (event.source, event.time) == ("crm", datetime(2026, 1, 31, 11, tzinfo=UTC))


async def test_a_body_may_tell_the_account_after_its_facts(hooked: Ingest) -> None:
    """HubSpot promises no order. A new company comes with all of its properties at once."""
    answer = await posted(
        hooked,
        changed("name", "Acme", event=1),
        changed("account_id", "acme", event=2),
        changed("name", "Elm", company=5, event=3),
    )
    assert told(hooked.events()) == [("account.updated", "acme", {"name": "Acme"})]
    [refused] = answer["refused"]
    assert (refused["index"], refused["errors"][0]["reason"]) == (2, "no_account")
    await posted(hooked, changed("account_id", "elm", company=5, event=4))
    # `dead resend` reads the message without its list.
    await post_message(hooked, "companies", changed("name", "Elm", company=5, event=3))
    [elm] = [event for event in hooked.events() if event.account_id == "elm"]
    assert told([elm]) == [("account.updated", "elm", {"name": "Elm"})]


async def test_an_app_of_the_newer_platform_names_the_type_by_a_number(hooked: Ingest) -> None:
    newer: dict[str, Any] = {"subscriptionType": "object.propertyChange", "objectTypeId": "0-2"}
    await posted(hooked, changed("account_id", "acme", **newer), changed("name", "Acme", event=2, **newer))
    assert told(hooked.events()) == [("account.updated", "acme", {"name": "Acme"})]
    deal = changed("name", "Big", event=3, **newer) | {"objectTypeId": "0-3"}
    assert (await posted(hooked, deal))["ignored"] == ["unknown_type"]


@pytest.mark.parametrize(
    ("message", "ignored"),
    [
        (changed("phone", "1"), "nothing_to_tell"),
        # It is not known there. Another source may know it.
        (changed("name", ""), "nothing_to_tell"),
        (changed("account_id", ""), "nothing_to_tell"),
        ({**changed("name", "Acme"), "objectId": None}, "nothing_to_tell"),
        (changed("name", "Ann", subscriptionType="contact.propertyChange"), "unknown_type"),
        (changed("name", "Acme", subscriptionType="company.deletion"), "unknown_type"),
    ],
)
async def test_what_tells_nothing_is_acknowledged(hooked: Ingest, message: dict[str, Any], ignored: str) -> None:
    assert (await posted(hooked, message))["ignored"] == [ignored]


async def test_what_comes_again_counts_once_and_the_same_event_of_another_company_too(hooked: Ingest) -> None:
    """An event of HubSpot has one id for all companies and properties that it changes."""
    await posted(hooked, changed("account_id", "acme"), changed("account_id", "elm", company=5))
    await posted(hooked, changed("name", "Acme"), changed("name", "Elm", company=5))
    await posted(hooked, changed("name", "Acme", attemptNumber=1))
    ids = [event.event_id for event in hooked.events()]
    assert ids == [f"1-99-4711-{AN_HOUR_AGO}", f"1-99-5-{AN_HOUR_AGO}", f"1-99-4711-{AN_HOUR_AGO}"]


async def test_the_id_of_the_company_may_be_that_of_the_account() -> None:
    async with in_memory(
        rules=load_mapping(NUMBERED, "mapping.yml"), webhook_secrets={"companies": SECRETS["companies"]}
    ) as built:
        await topics_made(built)
        await posted(built, changed("name", "Acme"))
        assert told(built.events()) == [("account.updated", "4711", {"name": "Acme"})]
        # Until the property tells another.
        await posted(built, changed("account_id", "acme", event=2), changed("name", "Acme AG", event=3))
        [renamed] = [event for event in built.events() if event.properties != {"name": "Acme"}]
        assert told([renamed]) == [("account.updated", "acme", {"name": "Acme AG"})]


async def test_a_time_that_cannot_be_read_refuses_its_message(hooked: Ingest) -> None:
    await posted(hooked, changed("account_id", "acme"))
    answer = await posted(hooked, changed("name", "Acme", occurredAt="soon"), changed("phone", "1", occurredAt="soon"))
    [refused] = answer["refused"]
    assert [(error["field"], error["reason"]) for error in refused["errors"]] == [("occurredAt", "bad_time")]
    assert answer["ignored"] == ["nothing_to_tell"]


async def test_a_signature_for_another_address_is_refused() -> None:
    """Ingest may stand behind a proxy, so the address is that of mapping.yml."""
    elsewhere = MAPPING.replace(HUBSPOT_URL, "https://other.example.com/v1/webhooks/companies")
    async with in_memory(rules=load_mapping(elsewhere, "mapping.yml"), webhook_secrets=SECRETS) as built:
        await topics_made(built)
        answer = await post_message(built, "companies", [changed("name", "Acme")])
    assert (answer.status_code, answer.json()["code"]) == (401, "signature_wrong")


async def test_an_organization_of_zendesk_with_the_same_number_is_another() -> None:
    together = MAPPING.replace("sender: zendesk, source: support", "sender: zendesk, source: crm")
    detail = {"id": "4711", "external_id": "bolt"}
    organization = {"type": "zen:event-type:organization.created", "id": "z", "detail": detail}
    async with in_memory(rules=load_mapping(together, "mapping.yml"), webhook_secrets=SECRETS) as built:
        await topics_made(built)
        await post_message(built, "desk", organization)
        answer = await posted(built, changed("name", "Acme"))
    assert answer["refused"][0]["errors"][0]["reason"] == "no_account"
