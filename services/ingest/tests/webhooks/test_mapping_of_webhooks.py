"""The section `webhooks` of mapping.yml: mistakes are told where they are, and editors know what may be said."""

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from common.documents.json_schema import json_schema
from ingest.mapping.grammar import MappingFile
from ingest.mapping.load import check_mapping
from support.webhooks import MAPPING


def problems(webhook: str) -> list[str]:
    """What is said of a webhook called `billing`, given as a YAML mapping in one line."""
    found = check_mapping(f"version: 1\nwebhooks:\n  billing: {webhook}\n").problems
    return [str(one) for one in found]


@pytest.mark.parametrize(
    ("webhook", "told"),
    [
        ("{}", "webhooks.billing: 'sender' is missing: one of stripe, zendesk, intercom, hubspot, standard, json"),
        ("{sender: strip}", "webhooks.billing.sender: unknown sender 'strip', did you mean 'stripe'?"),
        ("{sender: stripe, source: billing}", "webhooks.billing: 'currency' is missing"),
        ("{sender: zendesk}", "webhooks.billing: 'source' is missing"),
        (
            "{sender: stripe, source: billing, currency: euro}",
            "webhooks.billing.currency: must be a currency by ISO 4217, such as EUR, not 'euro'",
        ),
        (
            "{sender: stripe, source: billing, currency: EUR, rates: {USD: 0}}",
            "webhooks.billing.rates.USD: must be more than 0, not 0",
        ),
        (
            "{sender: stripe, source: billing, currency: EUR, secret: whsec_x}",
            "webhooks.billing.secret: a secret does not belong into this file: give it by the setting INGEST_",
        ),
        (
            "{sender: intercom, source: chat, severity: {priority: 11}}",
            "webhooks.billing.severity.priority: must be from 0 to 10, not 11",
        ),
        ("{sender: hubspot, source: crm}", "webhooks.billing: 'url' is missing"),
        (
            "{sender: hubspot, source: crm, url: events.example.com}",
            "webhooks.billing.url: must be an address such as https://events.example.com/v1/webhooks/crm, not 'events.",
        ),
        ("{sender: json, source: crm}", "webhooks.billing: 'events' is missing"),
        (
            "{sender: json, source: crm, events: [{name: Updated}]}",
            "webhooks.billing.events[0].name: must be an event name such as session.started, not 'Updated'",
        ),
        (
            "{sender: json, source: crm, events: [{name: a.b, when: {type: [x, {}]}}]}",
            "webhooks.billing.events[0].when.type[1]: must be a text, a number, true or false",
        ),
    ],
)
def test_a_mistake_is_told_where_it_is(webhook: str, told: str) -> None:
    assert any(told in one for one in problems(webhook)), problems(webhook)


def test_the_schema_for_editors_takes_what_the_loader_takes() -> None:
    validator = Draft202012Validator(json_schema(MappingFile))
    assert check_mapping(MAPPING).problems == ()
    assert [*validator.iter_errors(YAML(typ="safe").load(MAPPING))] == []
    assert not validator.is_valid({"version": 1, "webhooks": {"billing": {"sender": "strip", "source": "x"}}})
    assert not validator.is_valid({"version": 1, "webhooks": {"billing": {"sender": "stripe", "source": "x"}}})
