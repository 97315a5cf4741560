"""Records: mappings whose every key is known, each with its shape and a line for the editor's help."""

from typing import Any, NamedTuple

from msgspec import Struct

from common.documents.findings import Findings, Unreadable, did_you_mean
from common.documents.shapes import JsonSchema, mapping, shown
from common.documents.yaml import Value


class Key(Struct, frozen=True):
    """A key of a record. `to` is the field that it fills, if that has another name."""

    shape: Any
    about: str
    required: bool = False
    to: str = ""

    def schema(self) -> JsonSchema:
        return {"description": self.about, **self.shape.schema()}


class Record(Struct, frozen=True):
    """`one_of`: exactly one of these keys has to be there. `needs`: a key that makes no sense without others.

    `later`: keys that a later version of the format knows. `refused`: keys that people know from elsewhere, and why
    they are not taken here.
    """

    keys: dict[str, Key]
    about: str = ""
    one_of: tuple[str, ...] = ()
    needs: dict[str, tuple[str, ...]] = {}
    later: tuple[str, ...] = ()
    refused: dict[str, str] = {}

    def read(self, value: Value, found: Findings) -> dict[str, Any]:
        """What could be read, by key; raises if anything is wrong."""
        fields, sound = self.read_what_can_be(value, found)
        if not sound:
            raise Unreadable
        return fields

    def read_what_can_be(self, value: Value, found: Findings) -> tuple[dict[str, Any], bool]:
        content = mapping(value, found)
        sound = self._has_its_keys(value, content, found)
        fields = {}
        for name, item in content.items():
            if name not in self.keys:
                sound = False
                found.problem(item.where, self._unknown(name))
                continue
            try:
                fields[name] = self.keys[name].shape.read(item, found)
            except Unreadable:
                sound = False
        return fields, sound

    def _has_its_keys(self, value: Value, content: dict[str, Value], found: Findings) -> bool:
        missing = [name for name, key in self.keys.items() if key.required and name not in content]
        for name in missing:
            found.problem(value.where, f"'{name}' is missing")
        given = [name for name in self.one_of if name in content]
        if self.one_of and len(given) != 1:
            among = " or ".join(f"'{name}'" for name in self.one_of)
            found.problem(value.where, f"one of {among} is needed, and only one")
        lacking = [(name, other) for name in content for other in self.needs.get(name, ()) if other not in content]
        for name, other in lacking:
            found.problem(content[name].where, f"'{name}' needs '{other}' beside it")
        return not missing and not lacking and (not self.one_of or len(given) == 1)

    def _unknown(self, name: str) -> str:
        if name in self.refused:
            return self.refused[name]
        if name in self.later:
            return f"this version does not know '{name}' yet: take it out, or use a later version"
        near = did_you_mean(name, tuple(self.keys)) or f", known: {', '.join(self.keys)}"
        return f"unknown key '{name}'{near}"

    def schema(self) -> JsonSchema:
        schema: JsonSchema = {
            "type": "object",
            "properties": {name: {"description": key.about, **key.shape.schema()} for name, key in self.keys.items()},
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


class ByKind(Struct, frozen=True):
    """A record whose `kind` says which keys it has."""

    kinds: dict[str, Record]
    about: str
    later: tuple[str, ...] = ()

    def read(self, value: Value, found: Findings) -> dict[str, Any]:
        content = mapping(value, found)
        if "kind" not in content:
            raise found.problem(value.where, f"'kind' is missing: one of {', '.join(self.kinds)}")
        kind = content["kind"]
        if not isinstance(kind.content, str) or kind.content not in self.kinds:
            raise found.problem(kind.where, self._unknown(kind))
        return self.kinds[kind.content].read(value, found)

    def _unknown(self, kind: Value) -> str:
        if kind.content in self.later:
            return f"this version does not know kind {shown(kind)} yet: take it out, or use a later version"
        near = did_you_mean(str(kind.content), tuple(self.kinds))
        return f"unknown kind {shown(kind)}{near or ', known: ' + ', '.join(self.kinds)}"

    def schema(self) -> JsonSchema:
        """By if/then, so that an editor speaks of the kind that was named and of no other."""
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


class Entry(NamedTuple):
    """One record of a list, and its path."""

    where: str
    fields: dict[str, Any]


class Listed(Struct, frozen=True):
    """A list of records as a tuple of entries."""

    item: Record
    most: int = 200

    def read(self, value: Value, found: Findings) -> tuple[Entry, ...]:
        """Without what was unreadable, so that the rest can still be checked; raises if it is no list."""
        items = value.content
        if not isinstance(items, tuple) or not 1 <= len(items) <= self.most:
            raise found.problem(value.where, f"must be a list of 1 to {self.most} entries, not {shown(value)}")
        entries = []
        for item in items:
            try:
                entries.append(Entry(item.where, self.item.read(item, found)))
            except Unreadable:
                continue
        return tuple(entries)

    def schema(self) -> JsonSchema:
        return {"type": "array", "items": self.item.schema(), "minItems": 1, "maxItems": self.most}
