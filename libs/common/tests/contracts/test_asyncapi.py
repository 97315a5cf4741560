"""The AsyncAPI document: it is that of the code, and what it gives as examples can be read."""

import json
from pathlib import Path
from typing import get_args

import jsonschema
import msgspec
import pytest

from common.asyncapi import document
from common.commands.asyncapi import text
from common.contracts import events, signals

DOCUMENT = Path(__file__).parents[4] / "docs" / "asyncapi.json"
RECORDS = {*get_args(events.EventsRecord), *get_args(signals.SignalsRecord)}
MESSAGES = document("1")["components"]["messages"]


def test_the_document_in_docs_is_that_of_the_code() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == text(), "python -m common asyncapi > docs/asyncapi.json"


def test_every_record_of_both_topics_is_described() -> None:
    assert set(MESSAGES) - {"DeadLetter"} == {record.__name__ for record in RECORDS}


@pytest.mark.parametrize("name", sorted(MESSAGES.keys() - {"DeadLetter"}))
def test_an_example_is_what_the_services_read_and_what_its_schema_says(name: str) -> None:
    (example,) = MESSAGES[name]["examples"]
    body = json.dumps(example["payload"]).encode()
    record = next(record for record in RECORDS if record.__name__ == name)
    decode = events.decode_events_record if record in get_args(events.EventsRecord) else signals.decode_signals_record
    assert isinstance(decode(body), record)
    schemas = document("1")["components"]["schemas"]
    jsonschema.validate(msgspec.json.decode(body), {**schemas[name], "components": {"schemas": schemas}})
