"""The errors that pydantic finds, in the words of the file's author: what is wrong, and what was expected."""

from collections.abc import Sized
from math import inf
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from common.documents.findings import Findings, did_you_mean
from common.documents.json_schema import JsonSchema, rules_at
from common.documents.yaml import path_of

# What pydantic adds to the path of a key that is wrong itself.
_KEY = "[key]"


def expected(what: str) -> PydanticCustomError:
    """The error of a value that is not `what`; its message adds the value."""
    return PydanticCustomError("expected", "{what}", {"what": what})


def wrong(reason: str, value: object, *path: str | int) -> InitErrorDetails:
    """An error with a whole message of its own, at `path` below what is being validated."""
    return InitErrorDetails(type=PydanticCustomError("wrong", "{reason}", {"reason": reason}), loc=path, input=value)


def invalid(*errors: InitErrorDetails) -> ValidationError:
    """For a validator that finds more than one error, or one below the value that it is given."""
    return ValidationError.from_exception_data("document", [*errors])


def report(error: ValidationError, schema: JsonSchema, data: Any, found: Findings) -> None:
    """Reports each error at its place. `data` is what was validated, by the model whose schema this is."""
    errors = error.errors(include_url=False)
    wrong_keys = {one["loc"][:-1] for one in errors if one["loc"][-1:] == (_KEY,)}
    for one in errors:
        path, above = one["loc"], one["loc"][:-1]
        is_key = path[-1:] == (_KEY,)
        # What stands under a wrong key has to wait: nobody knows yet what it is.
        if any(path[:end] in wrong_keys for end in range(len(path) - 1 if is_key else len(path) + 1)):
            continue
        # pydantic counts right entries only; the wrong ones have errors of their own.
        if one["type"] == "too_short" and len(one["input"]) >= one["ctx"]["min_length"]:
            continue
        if is_key:
            found.problem(path_of("", *above), _of_key(one, rules_at(schema, data, above[:-1])))
        elif one["type"] == "missing":
            found.problem(path_of("", *above), f"'{path[-1]}' is missing")
        else:
            found.problem(path_of("", *path), _of_value(one, rules_at(schema, data, path)))


def _of_key(error: ErrorDetails, mapping: JsonSchema) -> str:
    name = error["input"]
    if error["type"] != "literal_error":
        return f"'{name}' must be {error['msg']}"
    known = tuple(mapping["propertyNames"]["enum"])
    near = did_you_mean(name, known) or f", known: {', '.join(known)}"
    return f"unknown name '{name}'{near}"


def _of_value(error: ErrorDetails, rules: JsonSchema) -> str:
    value = error["input"]
    match error["type"], rules.get("type"):
        case (("wrong" | "value_error"), _):
            return error["msg"].removeprefix("Value error, ")
        case "literal_error", _:
            options = tuple(map(str, rules.get("enum") or [rules["const"]]))
            near = did_you_mean(str(value), options)
            return f"must be one of {', '.join(options)}, not {describe(value)}{near}"
        case ("greater_than" | "greater_than_equal" | "less_than_equal") as kind, _:
            least, most = rules.get("minimum", 0.0), rules.get("maximum", inf)
            above = kind == "greater_than"
            what = f"more than {rules['exclusiveMinimum']:g}" if above else f"from {least:g} to {most:g}"
            return f"must be {what}, not {value:g}"
        case (("too_short" | "too_long"), "object"):
            return f"must have from{_size(rules, 'Properties', 'entries')}, not {len(value)}"
        case "expected", _:
            what = error["msg"]
        case "float_type", _:
            what = "a number"
        case "bool_type", _:
            what = "true or false"
        case _, "object":
            what = "a mapping (name: value)"
        case _, "array":
            what = f"a list of{_size(rules, 'Items', 'entries')}"
        case _:
            what = f"text of{_size(rules, 'Length', 'characters')}"
    return f"must be {what}, not {describe(value)}"


def _size(rules: JsonSchema, of: str, unit: str) -> str:
    return f" {rules.get(f'min{of}', 0)} to {rules.get(f'max{of}', 'any number of')} {unit}"


def describe(value: object) -> str:
    """The value in words, short enough for an error message."""
    match value:
        case dict():
            return f"a mapping of {_entries(value)}"
        case tuple():
            return f"a list of {_entries(value)}"
        case str():
            return f"'{value if len(value) <= 40 else value[:37] + '...'}'"
        case bool():
            return "true" if value else "false"
    return "nothing" if value is None else f"{value}"


def _entries(of: Sized) -> str:
    return "1 entry" if len(of) == 1 else f"{len(of)} entries"
