"""The text of playbooks.yml becomes `Playbooks`, or a list of everything that is wrong with it."""

import unicodedata
from typing import Any

from msgspec import Struct

from alerts.messages.playbooks import Name, Of, Play, Playbooks
from alerts.messages.tongue import Reading
from alerts.messages.tongues import LANGUAGES
from alerts.routing.special import Matching
from common.documents.findings import Finding, Findings, InvalidDocument, InvalidValue
from common.documents.mapping_rules import KeyRule, ListEntry, MappingListRule, MappingRule
from common.documents.value_rules import Choice, JsonSchema, ListOf, NamedValues, PatternText, describe
from common.documents.yaml import YamlValue, parse

VERSION = 1


class InvalidPlaybooks(InvalidDocument):
    """The playbooks cannot be used."""


class Examined(Struct, frozen=True):
    """`playbooks` are there exactly when there are no problems; warnings never stand in their way."""

    playbooks: Playbooks | None
    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


class Line(Struct, frozen=True):
    """One line of text to be read by people, of at most so many characters."""

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
    return {language: KeyRule(Line(most), f"In this language ({language}).", required=True) for language in LANGUAGES}


_WORDS = _in_all_languages(50)
_AS_POSTED = PatternText(r"^\S(.{0,98}\S)?$", "a name, as it is posted")


def _names(record: MappingRule) -> NamedValues:
    return NamedValues(record, name=_AS_POSTED, most=500)


NAMES = MappingRule(
    {
        Of.METRICS: KeyRule(
            _names(
                MappingRule(
                    {
                        **_WORDS,
                        "value": KeyRule(
                            Choice(tuple(Reading)), "How its value is shown beside its points (default: not at all)."
                        ),
                    }
                )
            ),
            "The scorecard's metrics.",
        ),
        Of.FLAGS: KeyRule(_names(MappingRule(_WORDS)), "The scorecard's flags, as they follow the account's name."),
        Of.STEPS: KeyRule(_names(MappingRule(_WORDS)), "The steps of milestones, planned ones too."),
        Of.OUTCOMES: KeyRule(
            _names(MappingRule({**_WORDS, "news": KeyRule(Choice(("good", "bad")), "Which it is, if it is either.")})),
            "The scorecard's outcomes, as they follow the account's name.",
        ),
        Of.STAGES: KeyRule(_names(MappingRule(_WORDS)), "The stages of a customer's journey."),
        Of.TIERS: KeyRule(_names(MappingRule(_WORDS)), "The tiers, as they are posted."),
    }
)

PLAY = MappingRule(
    {
        "matchers": KeyRule(ListOf(Matching()), "All of them have to fit; without any it fits everything."),
        **_in_all_languages(500),
    }
)

PLAYBOOKS = MappingRule(
    {
        "version": KeyRule(Choice((VERSION,)), "The version of this format.", required=True),
        "names": KeyRule(NAMES, "What your people call what is measured; what is missing is shown as it is posted."),
        "playbooks": KeyRule(
            MappingListRule(PLAY, most=500), "What to do; the first line that fits is told.", required=True
        ),
    },
    about="What messages call things, and what to do when they come.",
)


def examine(text: str) -> Examined:
    """Everything that is to be said about a file; raises nothing."""
    found = Findings()
    playbooks = None
    try:
        fields, _ = PLAYBOOKS.read_valid_keys(parse(text, found, noun="a playbooks file"), found)
        plays: tuple[ListEntry, ...] = fields.get("playbooks", ())
        _warn_of_the_unreachable(plays, found)
        if not found.problems:
            playbooks = Playbooks(_read_names(fields.get("names", {})), tuple(_play(one.fields) for one in plays))
    except InvalidValue:
        pass
    return Examined(playbooks, found.problems, found.warnings)


def load_playbooks(text: str, source_name: str) -> Playbooks:
    """The playbooks in `text`. Raises `InvalidPlaybooks`; `source_name` is what its message calls the file."""
    reading = examine(text)
    if reading.playbooks is None:
        raise InvalidPlaybooks(source_name, reading.problems)
    return reading.playbooks


def json_schema() -> dict[str, Any]:
    """For editors (draft 2020-12); what it refuses, the loader refuses, too."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Playbooks", **PLAYBOOKS.schema()}


def _warn_of_the_unreachable(plays: tuple[ListEntry, ...], found: Findings) -> None:
    """Whoever asks for less, or for the same, and stands above takes all that a line could have had."""
    for index, (where, fields) in enumerate(plays):
        asked = set(fields.get("matchers", ()))
        for above in plays[:index]:
            if set(above.fields.get("matchers", ())) <= asked:
                line = found.positions[above.where].line
                found.warning(where, f"is never told: the one on line {line} takes everything that this one would")
                break


def _read_names(fields: dict[str, Any]) -> dict[Of, dict[str, Name]]:
    return {Of(of): {name: _name(entry) for name, entry in names.items()} for of, names in fields.items()}


def _name(fields: dict[str, Any]) -> Name:
    return Name(
        texts={language: fields[language] for language in LANGUAGES},
        reading=Reading(fields["value"]) if "value" in fields else None,
        good=fields["news"] == "good" if "news" in fields else None,
    )


def _play(fields: dict[str, Any]) -> Play:
    return Play(fields.get("matchers", ()), {language: fields[language] for language in LANGUAGES})
