"""Reads playbooks.yml: the result is `Playbooks`, or everything that is wrong with the file."""

from alerts.playbooks.grammar import Advice, MetricWords, OutcomeWords, PlaybooksFile, Words
from alerts.playbooks.playbooks import NameCategory, NextStep, PlaybookName, Playbooks
from alerts.routing.values import warn_of_doubtful
from common.documents.findings import Findings, InvalidDocument
from common.documents.load import Checked, Document, check


class InvalidPlaybooks(InvalidDocument):
    """The playbooks cannot be used."""


def check_playbooks(text: str) -> Checked[Playbooks]:
    """All problems and warnings of a file; raises nothing."""
    return check(text, PlaybooksFile, _playbooks, noun="a playbooks file")


def load_playbooks(text: str, source_name: str) -> Playbooks:
    """The playbooks in `text`. Raises `InvalidPlaybooks`; `source_name` is what its message calls the file."""
    return check_playbooks(text).sound(InvalidPlaybooks, source_name)


def _playbooks(file: Document[PlaybooksFile], found: Findings) -> Playbooks | None:
    _warn_of_useless(file.sections.get("playbooks", ()), found)
    if file.model is None:
        return None
    names = {
        category: {name: _name(words) for name, words in getattr(file.model.names, category).items()}
        for category in NameCategory
    }
    return Playbooks(names, tuple(NextStep(entry.matchers, entry.texts) for entry in file.model.playbooks))


def _warn_of_useless(entries: tuple[Advice, ...], found: Findings) -> None:
    for index, entry in enumerate(entries):
        warn_of_doubtful(entry.matchers, entry.where, found)
        # An entry above with the same matchers, or with fewer of them, matches everything that this one does.
        for above in entries[:index]:
            if set(above.matchers) <= set(entry.matchers):
                line = found.positions[above.where].line
                why = f"is never told: the one on line {line} takes everything that this one would"
                found.warning(entry.where, why)
                break


def _name(words: Words) -> PlaybookName:
    return PlaybookName(
        texts=words.texts,
        value_format=words.value if isinstance(words, MetricWords) else None,
        good=words.news == "good" if isinstance(words, OutcomeWords) and words.news else None,
    )
