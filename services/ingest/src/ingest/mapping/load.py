"""Reads mapping.yml. The result is `MappingRules`, or all problems of the file."""

from collections.abc import Mapping, Sequence
from typing import Final

from common.documents.findings import Findings, InvalidDocument
from common.documents.load import Checked, Document, check
from ingest.mapping.grammar import MappingFile, OwnSection, PrivacySection, SourceSection
from ingest.mapping.naming import to_event_name
from ingest.mapping.paths import parse_path
from ingest.mapping.rules import Fields, MappingRules, PrivacyRules, SourceRules

_PAGE_VIEWED: Final = "page.viewed"
_INTO: Final = "into"
_NO_RULES: Final = SourceRules("", (), {}, frozenset(), _PAGE_VIEWED, _PAGE_VIEWED, {}, {})


class InvalidMapping(InvalidDocument):
    """The mapping cannot be used."""


def check_mapping(text: str) -> Checked[MappingRules]:
    """All problems and warnings of a file; raises nothing."""
    return check(text, MappingFile, _rules, noun="a mapping file")


def load_mapping(text: str, source_name: str) -> MappingRules:
    """The rules in `text`. Raises `InvalidMapping`; `source_name` is what its message calls the file."""
    return check_mapping(text).sound(InvalidMapping, source_name)


def _rules(file: Document[MappingFile], found: Findings) -> MappingRules | None:
    if file.model is None:
        return None
    for section in (file.model.defaults, *file.model.sources.values()):
        _find_contradictions(section, found)
    _find_merges_hidden(file.model.privacy, found)
    if found.problems:
        return None
    if not file.model.defaults.account:
        found.warning("defaults", "no `account`: only identities tell the account of a message")
    defaults = _over(_NO_RULES, file.model.defaults, identities="")
    sources = {
        name: _over(defaults, section, identities=_identities(name, section))
        for name, section in file.model.sources.items()
    }
    return MappingRules(defaults, sources, _privacy(file.model.privacy), file.model.webhooks)


def _privacy(section: PrivacySection) -> PrivacyRules:
    return PrivacyRules(frozenset(section.drop or ()), frozenset(section.hash or ()), section.users == "hashed")


def _find_merges_hidden(section: PrivacySection, found: Findings) -> None:
    """Finds rules that hash or drop `into`: scoring has to know as which account a merged one goes on."""
    for name, keys in (("drop", section.drop), ("hash", section.hash)):
        for index, key in enumerate(keys or ()):
            if key == _INTO:
                found.problem(
                    f"privacy.{name}[{index}]", "'into' names an account, in account.merged: it has to be kept"
                )


def _identities(name: str, section: OwnSection) -> str:
    return section.identities or name


def _over(base: SourceRules, section: SourceSection, *, identities: str) -> SourceRules:
    """The base rules, overridden by the section; names and facts are overridden entry by entry."""
    return SourceRules(
        identities=identities,
        account=base.account if section.account is None else tuple(map(parse_path, section.account)),
        names=_names_over(base.names, section.names),
        ignored=base.ignored if section.ignore is None else frozenset(_spellings(section.ignore)),
        page=section.page or base.page,
        screen=section.screen or base.screen,
        facts={**base.facts, **_fields(section.facts)},
        person={**base.person, **_fields(section.person)},
    )


def _names_over(base: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """The base's names, overridden by the section's in all their spellings."""
    own = _in_both_spellings(names)
    kept = {theirs: ours for theirs, ours in base.items() if (to_event_name(theirs) or theirs) not in own}
    return {**kept, **own}


def _fields(paths: Mapping[str, Sequence[str]]) -> Fields:
    return {name: tuple(map(parse_path, texts)) for name, texts in paths.items()}


def _in_both_spellings(names: Mapping[str, str]) -> dict[str, str]:
    return {spelling: ours for theirs, ours in names.items() for spelling in _spellings((theirs,))}


def _spellings(names: Sequence[str]) -> list[str]:
    return [spelling for name in names for spelling in (name, to_event_name(name)) if spelling]


def _find_contradictions(section: SourceSection, found: Findings) -> None:
    """Finds two spellings of one name that would become different events."""
    first: dict[str, str] = {}
    for theirs, ours in section.names.items():
        spelled = to_event_name(theirs) or theirs
        other = first.setdefault(spelled, theirs)
        if section.names[other] != ours:
            reason = f"'{theirs}' and '{other}' are one name in two spellings: they cannot become two events"
            found.problem(f"{section.where}.names.{theirs}", reason)
