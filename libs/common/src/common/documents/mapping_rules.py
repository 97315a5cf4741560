"""Rules for YAML mappings with a fixed set of keys, and for lists of such mappings."""

from typing import Any, NamedTuple

from msgspec import Struct

from common.documents.findings import Findings, InvalidValue, did_you_mean
from common.documents.value_rules import JsonSchema, describe, read_mapping
from common.documents.yaml import YamlValue


class KeyRule(Struct, frozen=True):
    """The rule for one key's value. `about` is its description in the JSON Schema, which editors show.

    `to` is the field that the key sets, if that has another name.
    """

    rule: Any
    about: str
    required: bool = False
    to: str = ""

    def schema(self) -> JsonSchema:
        return {"description": self.about, **self.rule.schema()}


class MappingRule(Struct, frozen=True):
    """A mapping with known keys only.

    `one_of`: exactly one of these keys is required. `needs`: keys that require other keys beside them.
    `later`: keys of a later version of the format. `refused`: keys that authors may expect from other tools, each with
    the reason why they do not exist here.
    """

    keys: dict[str, KeyRule]
    about: str = ""
    one_of: tuple[str, ...] = ()
    needs: dict[str, tuple[str, ...]] = {}
    later: tuple[str, ...] = ()
    refused: dict[str, str] = {}

    def read(self, value: YamlValue, found: Findings) -> dict[str, Any]:
        """The values by key. Reports every error, and raises if there is any."""
        fields, valid = self.read_valid_keys(value, found)
        if not valid:
            raise InvalidValue
        return fields

    def read_valid_keys(self, value: YamlValue, found: Findings) -> tuple[dict[str, Any], bool]:
        """The values of the valid keys, and whether the whole mapping is valid."""
        content = read_mapping(value, found)
        valid = self._check_keys(value, content, found)
        fields = {}
        for name, item in content.items():
            if name not in self.keys:
                valid = False
                found.problem(item.where, self._unknown_key(name))
                continue
            try:
                fields[name] = self.keys[name].rule.read(item, found)
            except InvalidValue:
                valid = False
        return fields, valid

    def _check_keys(self, value: YamlValue, content: dict[str, YamlValue], found: Findings) -> bool:
        missing = [name for name, key in self.keys.items() if key.required and name not in content]
        for name in missing:
            found.problem(value.where, f"'{name}' is missing")
        # Each broken condition is reported, so that the author sees all of them at once.
        given = [name for name in self.one_of if name in content]
        if self.one_of and len(given) != 1:
            among = " or ".join(f"'{name}'" for name in self.one_of)
            found.problem(value.where, f"one of {among} is needed, and only one")
        lacking = [(name, other) for name in content for other in self.needs.get(name, ()) if other not in content]
        for name, other in lacking:
            found.problem(content[name].where, f"'{name}' needs '{other}' beside it")
        return not missing and not lacking and (not self.one_of or len(given) == 1)

    def _unknown_key(self, name: str) -> str:
        if name in self.refused:
            return self.refused[name]
        if name in self.later:
            return f"this version does not know '{name}' yet: take it out, or use a later version"
        near = did_you_mean(name, tuple(self.keys)) or f", known: {', '.join(self.keys)}"
        return f"unknown key '{name}'{near}"

    def schema(self) -> JsonSchema:
        schema: JsonSchema = {
            "type": "object",
            "properties": {name: {"description": key.about, **key.rule.schema()} for name, key in self.keys.items()},
            "required": [name for name, key in self.keys.items() if key.required],
            "additionalProperties": False,
        }
        if self.about:
            schema["description"] = self.about
        if self.one_of:
            schema["oneOf"] = [{"required": [name]} for name in self.one_of]
        if self.needs:
            schema["dependentRequired"] = {name: list(others) for name, others in self.needs.items()}
        return schema


class MappingByKind(Struct, frozen=True):
    """A mapping whose key `kind` selects the rule for its other keys."""

    kinds: dict[str, MappingRule]
    about: str
    later: tuple[str, ...] = ()

    def read(self, value: YamlValue, found: Findings) -> dict[str, Any]:
        content = read_mapping(value, found)
        if "kind" not in content:
            raise found.problem(value.where, f"'kind' is missing: one of {', '.join(self.kinds)}")
        kind = content["kind"]
        if not isinstance(kind.content, str) or kind.content not in self.kinds:
            raise found.problem(kind.where, self._unknown_kind(kind))
        return self.kinds[kind.content].read(value, found)

    def _unknown_kind(self, kind: YamlValue) -> str:
        if kind.content in self.later:
            return f"this version does not know kind {describe(kind)} yet: take it out, or use a later version"
        near = did_you_mean(str(kind.content), tuple(self.kinds))
        return f"unknown kind {describe(kind)}{near or ', known: ' + ', '.join(self.kinds)}"

    def schema(self) -> JsonSchema:
        # With if/then instead of oneOf an editor reports errors of the selected kind only.
        return {
            "type": "object",
            "properties": {"kind": {"enum": list(self.kinds), "description": self.about}},
            "required": ["kind"],
            "allOf": [
                {
                    "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                    "then": {"$ref": f"#/$defs/{kind}"},
                }
                for kind in self.kinds
            ],
        }


class ListEntry(NamedTuple):
    """One mapping of a list, and its path."""

    where: str
    fields: dict[str, Any]


class MappingListRule(Struct, frozen=True):
    """A list of mappings, read as a tuple of entries."""

    item: MappingRule
    most: int = 200

    def read(self, value: YamlValue, found: Findings) -> tuple[ListEntry, ...]:
        """The valid entries, so that they can be checked further. Raises if the value is not such a list."""
        items = value.content
        if not isinstance(items, tuple) or not 1 <= len(items) <= self.most:
            raise found.problem(value.where, f"must be a list of 1 to {self.most} entries, not {describe(value)}")
        entries = []
        for item in items:
            try:
                entries.append(ListEntry(item.where, self.item.read(item, found)))
            except InvalidValue:
                continue
        return tuple(entries)

    def schema(self) -> JsonSchema:
        return {"type": "array", "items": self.item.schema(), "minItems": 1, "maxItems": self.most}
