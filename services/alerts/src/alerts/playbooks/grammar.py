"""The format of playbooks.yml: the loader reads by it, and the JSON Schema for editors comes from it."""

import unicodedata
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, StringConstraints

from alerts.languages.language import ValueFormat
from alerts.languages.registry import LANGUAGES
from alerts.playbooks.playbooks import Texts
from alerts.routing.values import MatcherText
from common.documents.model import DocumentModel
from common.documents.value_types import DistinctList, Entry, FormatVersion, Given, choice, text

T = TypeVar("T")


def _one_line(text: str) -> str:
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text):
        raise ValueError("must be one line, all of it to be seen (long ones: >- )")
    return text


_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_one_line)]
_Word = Annotated[_Line, Field(max_length=50)]
_Advice = Annotated[_Line, Field(max_length=500)]
_Named = Annotated[
    dict[Annotated[str, text(r"^\S(.{0,98}\S)?$", "a name, as it is posted")], T], Field(min_length=1, max_length=500)
]


class _Translated(DocumentModel):
    @property
    def texts(self) -> Texts:
        return {language: getattr(self, language) for language in LANGUAGES}


class Words(_Translated):
    en: _Word = Field(description="In this language (en).")
    ja: _Word = Field(description="In this language (ja).")


class MetricWords(Words):
    value: Given[Annotated[ValueFormat, choice(*ValueFormat)]] = Field(
        None, description="How its value is shown beside its points (default: not at all)."
    )


class OutcomeWords(Words):
    news: Given[Literal["good", "bad"]] = Field(None, description="Which it is, if it is either.")


class Names(DocumentModel):
    metrics: _Named[MetricWords] = Field({}, description="The scorecard's metrics.")
    flags: _Named[Words] = Field({}, description="The scorecard's flags, as they follow the account's name.")
    steps: _Named[Words] = Field({}, description="The steps of milestones, planned ones too.")
    outcomes: _Named[OutcomeWords] = Field(
        {}, description="The scorecard's outcomes, as they follow the account's name."
    )
    stages: _Named[Words] = Field({}, description="The stages of a customer's journey.")
    tiers: _Named[Words] = Field({}, description="The tiers, as they are posted.")


class Advice(_Translated):
    matchers: DistinctList[MatcherText] = Field(
        (), description="All of them have to fit; without any it fits everything."
    )
    en: _Advice = Field(description="In this language (en).")
    ja: _Advice = Field(description="In this language (ja).")


class PlaybooksFile(DocumentModel):
    """What messages call things, and what to do when they come."""

    version: FormatVersion = Field(description="The version of this format.")
    names: Names = Field(
        Names.model_validate({}),
        description="What your people call what is measured; what is missing is shown as it is posted.",
    )
    playbooks: Annotated[tuple[Entry[Advice], ...], Field(min_length=1, max_length=500)] = Field(
        description="What to do; the first line that fits is told."
    )
