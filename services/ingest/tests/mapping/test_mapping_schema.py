"""What an editor is told of the format of mapping.yml is what the loader holds to."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from common.documents.json_schema import json_schema, schema_text
from ingest.mapping.grammar import MappingFile
from ingest.mapping.load import check_mapping

DEPLOY = Path(__file__).parents[4] / "deploy"
SHIPPED = (DEPLOY / "mapping.yml").read_text(encoding="utf-8")


def test_the_schema_that_editors_get_is_the_one_that_the_command_prints() -> None:
    assert (DEPLOY / "mapping.schema.json").read_text(encoding="utf-8") == schema_text(MappingFile, "Mapping")


def test_the_mapping_that_we_ship_is_sound_to_the_loader_and_to_editors() -> None:
    checked = check_mapping(SHIPPED)
    assert (checked.problems, checked.warnings) == ((), ())
    plain = YAML(typ="safe", pure=True).load(SHIPPED)
    assert Draft202012Validator(json_schema(MappingFile)).is_valid(plain)
    assert SHIPPED.splitlines()[0] == "# yaml-language-server: $schema=mapping.schema.json"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("version: 1\ndefaults: {acount: [a]}", "did you mean 'account'"),
        ("version: 1\ndefaults: {account: [a..b]}", "path"),
        ("version: 1\ndefaults: {names: {A: B C}}", "event name"),
        ("version: 1\ndefaults: {facts: {nme: [a]}}", "nme"),
        ("version: 1\nsources: {Web Site: {}}", "Web Site"),
        ("version: 2", "version"),
        ("- a", "mapping"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, reason: str) -> None:
    problems = check_mapping(text).problems
    assert any(reason in str(problem) for problem in problems), problems
