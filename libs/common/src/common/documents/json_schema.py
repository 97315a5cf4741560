"""The JSON Schema of a `DocumentModel`: for editors, and to say what was expected of a value."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

JsonSchema = dict[str, Any]


class EditorJsonSchema(GenerateJsonSchema):
    """Without titles and defaults, which are names and values of the code; closed where the loader is."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchema:
        return self.generate_inner(schema["schema"])

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchema:
        model: Any = schema["cls"]
        described = super().model_schema(schema)
        del described["title"]
        if model.one_of:
            described["oneOf"] = [{"required": [name]} for name in model.one_of]
        if model.needs:
            described["dependentRequired"] = {name: list(others) for name, others in model.needs.items()}
        return described

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchema:
        described = super().dict_schema(schema)
        # pydantic would let every key pass that does not match the pattern.
        for pattern, values in described.pop("patternProperties", {}).items():
            described |= {"propertyNames": {"pattern": pattern}, "additionalProperties": values}
        return described


@cache
def json_schema(model: type[BaseModel], title: str = "") -> JsonSchema:
    """For editors, in draft 2020-12; what it refuses, the loader refuses, too. Callers share it and change nothing."""
    described = model.model_json_schema(schema_generator=EditorJsonSchema)
    return {"$schema": EditorJsonSchema.schema_dialect, "title": title, **described}


def schema_text(model: type[BaseModel], title: str) -> str:
    """The JSON Schema as a file."""
    return json.dumps(json_schema(model, title), indent=2, ensure_ascii=False) + "\n"


def rules_at(schema: JsonSchema, data: Any, path: Sequence[str | int]) -> JsonSchema:
    """What the schema says of the value at `path`."""
    rules = _rules_of(schema, schema, data)
    for step in path:
        inside = isinstance(data, tuple) or (isinstance(data, dict) and step in data)
        data = data[step] if inside else None
        if isinstance(step, int):
            prefix = rules.get("prefixItems", ())
            described = prefix[step] if step < len(prefix) else rules.get("items", {})
        else:
            described = rules.get("properties", {}).get(step) or rules.get("additionalProperties") or {}
        rules = _rules_of(schema, described, data)
    return rules


def _rules_of(schema: JsonSchema, described: JsonSchema, value: Any) -> JsonSchema:
    """Without the indirections: references, and alternatives, of which one is for this kind of value."""
    if "$ref" in described:
        return _rules_of(schema, schema["$defs"][described["$ref"].rpartition("/")[2]], value)
    if "anyOf" in described:
        shape = "array" if isinstance(value, tuple) else "object" if isinstance(value, dict) else ""
        alternatives = [_rules_of(schema, each, value) for each in described["anyOf"]]
        return next((each for each in alternatives if each.get("type") == shape), alternatives[0])
    if isinstance(value, dict):
        for rule in described.get("allOf", ()):
            [(name, of)] = rule["if"]["properties"].items()
            if of["const"] == value.get(name):
                return _rules_of(schema, rule["then"], value)
    return described
