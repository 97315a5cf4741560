"""docs/webhooks.md: its examples can be used as they stand."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from ingest.in_memory import Ingest, in_memory
from ingest.mapping.load import check_mapping, load_mapping
from support.deployment import ROOT
from support.webhooks import post_message, topics_made

PAGE = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
MAPPINGS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
TRIGGER, HUBSPOT = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
PLACES = {
    "ticket.id": "5158",
    "ticket.satisfaction.current_rating": "Good, I'm satisfied",
    "ticket.organization.external_id": "acme",
    "ticket.organization.id": "900",
    "ticket.requester.id": "77",
}


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_a_mapping_of_the_page_can_be_loaded(mapping: str) -> None:
    assert check_mapping(f"version: 1\n{mapping}").problems == ()


async def test_what_the_page_has_zendesk_send_is_an_answer_about_satisfaction(hooked: Ingest) -> None:
    filled = re.sub(r"{{(.*?)}}", lambda place: PLACES[place[1]], TRIGGER)
    answer = (await post_message(hooked, "desk", json.loads(filled))).json()
    assert (answer["events"], answer["refused"]) == (1, [])
    [event] = hooked.events()
    assert (event.name, event.account_id, event.properties) == (
        "csat.answered",
        "acme",
        {"score": 5, "about": "zendesk:5158"},
    )


@pytest.mark.parametrize(
    ("changes", "name", "account", "properties"),
    [
        ({}, "account.updated", "4711", {"name": "Acme", "arr": 48000.5}),
        ({"account": "acme"}, "account.updated", "acme", {"name": "Acme", "arr": 48000.5}),
        ({"account": "acme", "left": "true"}, "contract.ended", "acme", {}),
    ],
)
async def test_what_the_page_has_hubspot_send_tells_of_an_account(
    changes: dict[str, Any], name: str, account: str, properties: dict[str, Any]
) -> None:
    [mapping] = [one for one in MAPPINGS if "crm:" in one]
    async with in_memory(rules=load_mapping(f"version: 1\n{mapping}", "docs/webhooks.md")) as ingest:
        await topics_made(ingest)
        answer = (await post_message(ingest, "crm", {**json.loads(HUBSPOT), **changes})).json()
        assert (answer["events"], answer["refused"]) == (1, [])
        [event] = ingest.events()
    assert (event.name, event.account_id, event.properties) == (name, account, properties)
    assert event.time == datetime(2026, 1, 31, 9, tzinfo=UTC)
