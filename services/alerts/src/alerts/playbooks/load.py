"""Reads playbooks.yml: the result is `Playbooks`, or everything that is wrong with the file."""

import unicodedata
from typing import Any

from msgspec import Struct

from alerts.languages.language import ValueFormat
from alerts.languages.registry import LANGUAGES
from alerts.playbooks.playbooks import NameCategory, NextStep, PlaybookName, Playbooks
from alerts.routing.values import MatcherShape
from common.documents.findings import Finding, Findings, InvalidDocument, InvalidValue
from common.documents.mapping_rules import KeyRule, ListEntry, MappingListRule, MappingRule
from common.documents.value_rules import Choice, JsonSchema, ListOf, NamedValues, PatternText, describe
from common.documents.yaml import YamlValue, parse

VERSION = 1


class InvalidPlaybooks(InvalidDocument):
    """The playbooks cannot be used."""


class PlaybooksCheck(Struct, frozen=True):
    """`playbooks` are there exactly when there are no problems; warnings never stand in their way."""

    playbooks: Playbooks | None
    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


class TextLine(Struct, frozen=True):
    """One line of text for people, of at most so many characters."""

    most: int

    def read(self, value: YamlValue, found: Findings) -> str:
        text = value.content.strip() if isinstance(value.content, str) else ""
        if not text or len(text) > self.most:
            raise found.problem(value.where, f"must be text of 1 to {self.most} characters, not {describe(value)}")
        if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text):
            raise found.problem(value.where, "must be one line, all of it to be seen (long ones: >- )")
        return text

    def schema(self) -> JsonSchema:
        return {"type": "string", "minLength": 1, "maxLength": self.most}


def _in_all_languages(most: int) -> dict[str, KeyRule]:
    return {
        language: KeyRule(TextLine(most), f"In this language ({language}).", required=True) for language in LANGUAGES
    }


_WORDS = _in_all_languages(50)
_AS_POSTED = PatternText(r"^\S(.{0,98}\S)?$", "a name, as it is posted")


def _names(record: MappingRule) -> NamedValues:
    return NamedValues(record, name=_AS_POSTED, most=500)


NAMES = MappingRule(
    {
        NameCategory.METRICS: KeyRule(
            _names(
                MappingRule(
                    {
                        **_WORDS,
                        "value": KeyRule(
                            Choice(tuple(ValueFormat)),
                            "How its value is shown beside its points (default: not at all).",
                        ),
                    }
                )
            ),
            "The scorecard's metrics.",
        ),
        NameCategory.FLAGS: KeyRule(
            _names(MappingRule(_WORDS)), "The scorecard's flags, as they follow the account's name."
        ),
        NameCategory.STEPS: KeyRule(_names(MappingRule(_WORDS)), "The steps of milestones, planned ones too."),
        NameCategory.OUTCOMES: KeyRule(
            _names(MappingRule({**_WORDS, "news": KeyRule(Choice(("good", "bad")), "Which it is, if it is either.")})),
            "The scorecard's outcomes, as they follow the account's name.",
        ),
        NameCategory.STAGES: KeyRule(_names(MappingRule(_WORDS)), "The stages of a customer's journey."),
        NameCategory.TIERS: KeyRule(_names(MappingRule(_WORDS)), "The tiers, as they are posted."),
    }
)

NEXT_STEP = MappingRule(
    {
        "matchers": KeyRule(ListOf(MatcherShape()), "All of them have to fit; without any it fits everything."),
        **_in_all_languages(500),
    }
)

PLAYBOOKS = MappingRule(
    {
        "version": KeyRule(Choice((VERSION,)), "The version of this format.", required=True),
        "names": KeyRule(NAMES, "What your people call what is measured; what is missing is shown as it is posted."),
        "playbooks": KeyRule(
            MappingListRule(NEXT_STEP, most=500), "What to do; the first line that fits is told.", required=True
        ),
    },
    about="What messages call things, and what to do when they come.",
)


def check_playbooks(text: str) -> PlaybooksCheck:
    """All problems and warnings of a file; raises nothing."""
    found = Findings()
    playbooks = None
    try:
        fields, _ = PLAYBOOKS.read_valid_keys(parse(text, found, noun="a playbooks file"), found)
        entries: tuple[ListEntry, ...] = fields.get("playbooks", ())
        _warn_of_unreachable(entries, found)
        if not found.problems:
            playbooks = Playbooks(
                _read_names(fields.get("names", {})), tuple(_next_step(one.fields) for one in entries)
            )
    except InvalidValue:
        pass
    return PlaybooksCheck(playbooks, found.problems, found.warnings)


def load_playbooks(text: str, source_name: str) -> Playbooks:
    """The playbooks in `text`. Raises `InvalidPlaybooks`; `source_name` is what its message calls the file."""
    checked = check_playbooks(text)
    if checked.playbooks is None:
        raise InvalidPlaybooks(source_name, checked.problems)
    return checked.playbooks


def json_schema() -> dict[str, Any]:
    """For editors (draft 2020-12); what it refuses, the loader refuses, too."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Playbooks", **PLAYBOOKS.schema()}


def _warn_of_unreachable(entries: tuple[ListEntry, ...], found: Findings) -> None:
    """An entry above with the same matchers, or with fewer of them, matches everything that this one does."""
    for index, (where, fields) in enumerate(entries):
        asked = set(fields.get("matchers", ()))
        for above in entries[:index]:
            if set(above.fields.get("matchers", ())) <= asked:
                line = found.positions[above.where].line
                found.warning(where, f"is never told: the one on line {line} takes everything that this one would")
                break


def _read_names(fields: dict[str, Any]) -> dict[NameCategory, dict[str, PlaybookName]]:
    return {NameCategory(of): {name: _name(entry) for name, entry in names.items()} for of, names in fields.items()}


def _name(fields: dict[str, Any]) -> PlaybookName:
    return PlaybookName(
        texts={language: fields[language] for language in LANGUAGES},
        value_format=ValueFormat(fields["value"]) if "value" in fields else None,
        good=fields["news"] == "good" if "news" in fields else None,
    )


def _next_step(fields: dict[str, Any]) -> NextStep:
    return NextStep(fields.get("matchers", ()), {language: fields[language] for language in LANGUAGES})
