"""Reads a YAML file by its model."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TypeVar

from msgspec import Struct
from pydantic import TypeAdapter, ValidationError

from common.documents.error_texts import describe, report
from common.documents.findings import Finding, Findings, InvalidDocument, InvalidValue, format_findings
from common.documents.json_schema import json_schema
from common.documents.model import DocumentModel
from common.documents.value_types import WITHOUT_WRONG_ENTRIES
from common.documents.yaml import YamlMapping, parse

T = TypeVar("T")
M = TypeVar("M", bound=DocumentModel)


class Checked(Struct, Generic[T], frozen=True):
    """`content` is there exactly when there are no problems; warnings never stand in its way."""

    content: T | None
    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]

    def sound(self, error: type[InvalidDocument], source_name: str) -> T:
        """The content. Raises the error, whose message calls the file `source_name`, if there are problems."""
        if self.content is None:
            raise error(source_name, self.problems)
        return self.content

    def report(self, source_name: str, summary: Callable[[T], Iterable[str]]) -> str:
        """Problems and warnings in the order of the file, in lines that editors and CI turn into links.

        Then the summary of the content, or how many problems stand in its way.
        """
        lines = format_findings(source_name, problems=self.problems, warnings=self.warnings)
        if self.content is None:
            count = len(self.problems)
            return "\n".join([*lines, f"{source_name}: {count} problem{'s' if count != 1 else ''}, not loaded"])
        return "\n".join([*lines, *summary(self.content)])


class Document(NamedTuple, Generic[M]):
    """`model` is None if a value is wrong. `sections` are then the fields that can be used, for further checks.

    Each `Entry` that is wrong is left out of them. `values` are those of the file, right or wrong.
    """

    model: M | None
    sections: dict[str, Any]
    values: YamlMapping


def check(text: str, model: type[M], convert: Callable[[Document[M], Findings], T | None], *, noun: str) -> Checked[T]:
    """All problems and warnings of a file; raises nothing. `noun` is as in `parse`.

    `convert` reports what is wrong beyond single values. It returns None only if it is given no model, or reports.
    """
    found = Findings()
    content = None
    with suppress(InvalidValue):
        content = convert(_read(text, model, found, noun), found)
    return Checked(None if found.problems else content, found.problems, found.warnings)


def _read(text: str, model: type[M], found: Findings, noun: str) -> Document[M]:
    values = parse(text, found, noun=noun)
    if not isinstance(values, YamlMapping):
        raise found.problem("", f"must be a mapping (name: value), not {describe(values)}")
    try:
        read = model.model_validate(values)
    except ValidationError as error:
        report(error, json_schema(model), values, found)
        return Document(None, _usable_sections(model, values), values)
    return Document(read, read.fields_given(), values)


def _usable_sections(model: type[DocumentModel], values: YamlMapping) -> dict[str, Any]:
    sections = {}
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in values:
            with suppress(ValidationError):
                adapter = TypeAdapter[Any](field.rebuild_annotation())
                sections[name] = adapter.validate_python(values[key], strict=True, context=WITHOUT_WRONG_ENTRIES)
    return sections
