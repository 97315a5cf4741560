"""The OpenAPI document says what ingest does."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from common.catalogue.events import STANDARD_EVENTS
from common.keys import Scope
from ingest.in_memory import Ingest

GOOD = {"account_id": "acme", "name": "report.opened", "time": "2026-01-31T09:00:00Z", "properties": {"n": 1}}


@pytest.fixture
async def document(ingest: Ingest) -> dict[str, Any]:
    found: dict[str, Any] = (await ingest.http.get("/openapi.json")).json()
    return found


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})


def operation(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"]["/v1/events"]["post"]
    return found


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        (GOOD, True),
        ([GOOD, GOOD], True),
        ([], False),
        ({**GOOD, "name": "opened"}, False),
        ({**GOOD, "account_id": ""}, False),
        ({**GOOD, "acount_id": "acme"}, False),
        ({"name": "report.opened"}, False),
    ],
)
async def test_the_schema_of_a_body_and_ingest_agree(
    ingest: Ingest, document: dict[str, Any], body: Any, valid: bool
) -> None:
    content = operation(document)["requestBody"]["content"]["application/json"]
    assert validator(document, content["schema"]).is_valid(body) is valid
    assert ((await ingest.post(body)).status_code == 202) is valid


async def test_the_examples_are_taken(ingest: Ingest, document: dict[str, Any]) -> None:
    content = operation(document)["requestBody"]["content"]
    events = [example["value"] for example in content["application/json"]["examples"].values()]
    assert [event["name"] for event in events] == list(STANDARD_EVENTS)
    answer = (await ingest.post([{**event, "event_id": str(n)} for n, event in enumerate(events)])).json()
    assert (answer["rejected"], [item for item in answer["items"] if "notes" in item]) == (0, [])
    lines = content["application/x-ndjson"]["example"].encode()
    assert (await ingest.post(lines, content_type="application/x-ndjson")).json()["rejected"] == 0


WITH_NOTES = {**GOOD, "name": "account.updated", "properties": {"seats": "10"}}


@pytest.mark.parametrize("body", [GOOD, [GOOD, {}], {}, "hello", [WITH_NOTES], [GOOD | {"event_id": "1"}] * 2])
async def test_answers_are_of_the_documented_form(ingest: Ingest, document: dict[str, Any], body: Any) -> None:
    answer = await ingest.post(body if body != "hello" else b"hello")
    described = operation(document)["responses"][str(answer.status_code)]
    schema = described["content"][answer.headers["content-type"]]["schema"]
    validator(document, schema).validate(answer.json())


async def test_the_answer_about_names_is_of_the_documented_form(ingest: Ingest, document: dict[str, Any]) -> None:
    await ingest.post([GOOD, {**GOOD, "name": "session.start"}])
    key = ingest.keys.create(scopes=frozenset({Scope.READ}))
    answer = await ingest.http.get("/v1/events/names", headers={"authorization": f"Bearer {key}"})
    described = document["paths"]["/v1/events/names"]["get"]["responses"]["200"]
    validator(document, described["content"]["application/json"]["schema"]).validate(answer.json())


async def test_every_reference_of_the_document_resolves(document: dict[str, Any]) -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if "$ref" in value else []
            return own + [found for inner in value.values() for found in references(inner)]
        return [found for inner in value for found in references(inner)] if isinstance(value, list) else []

    schemas = document["components"]["schemas"]
    found = {reference.removeprefix("#/components/schemas/") for reference in references(document)}
    assert found
    assert found <= set(schemas)
    assert operation(document)["security"] == [{"key": []}]
    assert "key" in document["components"]["securitySchemes"]
