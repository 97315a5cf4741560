"""docs/webhooks.md: its examples can be used as they stand."""

import json
import re

import pytest

from ingest.in_memory import Ingest
from ingest.mapping.load import check_mapping
from support.deployment import ROOT
from support.webhooks import post_message

PAGE = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
MAPPINGS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
[TRIGGER] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
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
