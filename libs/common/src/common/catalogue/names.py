"""Names of events: what every name must be, and the standard one that is nearest to another name."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

NAME_CHARS: Final = 100
NAME_PATTERN: Final = r"^[a-z0-9_]+(\.[a-z0-9_]+)+\Z"
_NAME: Final = re.compile(NAME_PATTERN)
_SIMILAR: Final = 0.6
MISSPELLED: Final = 0.85
"""So similar are session.start and session.started. report.opened and report.created are less similar."""


def is_event_name(name: str) -> bool:
    """Whether ingest takes events of this name: `object.verbed` in a-z, 0-9 and _, of at most 100 characters."""
    return len(name) <= NAME_CHARS and _NAME.search(name) is not None


def nearest_name(name: str, known: Iterable[str], *, similarity: float = _SIMILAR) -> str | None:
    """The most similar of the known names; None if none reaches the similarity, which is 0 to 1."""
    near = get_close_matches(name, known, n=1, cutoff=similarity)
    return near[0] if near else None
