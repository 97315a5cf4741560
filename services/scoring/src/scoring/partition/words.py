"""What customers wrote, as entries keep it: bounded, and nothing of whoever is erased. Pure."""

from typing import Final

from common.contracts.events import Event
from common.erasures.substitutes import is_substitute

LONGEST_WORDS: Final = 500
"""In characters; a longer text is cut."""
LONGEST_LABEL: Final = 200
_WORDS: Final = {
    "nps.answered": "comment",
    "csat.answered": "comment",
    "ticket.opened": "subject",
    "ticket.reopened": "subject",
}


def words_of(event: Event) -> str | None:
    """None without words, and of an erased person: the log may still have theirs."""
    name = _WORDS.get(event.name)
    if name is None or (event.user_id is not None and is_substitute(event.user_id)):
        return None
    return _text(event.properties.get(name), LONGEST_WORDS)


def label(value: object) -> str | None:
    """A short text such as an id; None for anything else."""
    return _text(value, LONGEST_LABEL)


def _text(value: object, longest: int) -> str | None:
    if not isinstance(value, str):
        return None
    # No text of PostgreSQL holds NUL.
    return value.replace("\0", "").strip()[:longest] or None
