"""Golden records: what each revision of a contract writes, byte for byte. A file is written once and never changed.

`golden/TOPIC/REVISION/NAME.json` holds the value of a record. `golden/TOPIC/newer` holds what a later version may
write: tests show what today's code does with it.
"""

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

GOLDEN = Path(__file__).parents[2] / "libs" / "common" / "tests" / "contracts" / "golden"
CONTRACT = "contract.json"


class DeadLetter(Struct, frozen=True):
    """A record of the dead topic, as text."""

    key: str | None
    value: str
    headers: tuple[tuple[str, str], ...]


def revisions(topic: str) -> list[Path]:
    """A folder for each, the newest last."""
    return sorted(
        (path for path in (GOLDEN / topic).iterdir() if path.name.isdecimal()), key=lambda path: int(path.name)
    )


def golden_records(topic: str) -> list[Path]:
    """Those of all revisions."""
    files = [path for folder in revisions(topic) for path in sorted(folder.glob("*.json"))]
    return [path for path in files if path.name != CONTRACT]


def newer(topic: str, name: str) -> bytes:
    """A record of a version that is not written yet."""
    return (GOLDEN / topic / "newer" / f"{name}.json").read_bytes()


def next_revision(topic: str) -> str:
    """What to do where today's code no longer writes what the newest revision wrote."""
    newest = revisions(topic)[-1]
    return (
        f"The contract of {topic} has changed since revision {newest.name}. Records of every revision are still on "
        f"somebody's log: leave golden/{topic}/{newest.name} as it is, and write golden/{topic}/{int(newest.name) + 1} "
        "beside it."
    )


def plain_schema(contract: Any) -> dict[str, Any]:
    """The JSON Schema of a contract, as JSON has it, without the names and docstrings of its classes."""
    # A default that is a tuple is an array in the file.
    schema = msgspec.to_builtins(msgspec.json.schema(contract))
    definitions = schema.pop("$defs")

    def inline(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [inline(one) for one in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return inline(definitions[value["$ref"].rpartition("/")[2]])
        return {key: inline(one) for key, one in value.items() if key not in ("title", "description", "discriminator")}

    found: dict[str, Any] = inline(schema)
    return found
