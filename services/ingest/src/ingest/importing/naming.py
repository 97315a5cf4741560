"""Names of events in anybody's style as `object.verbed`."""

import re
from functools import lru_cache
from typing import Final

from common.catalogue.names import is_event_name

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@lru_cache(maxsize=10_000)
def to_event_name(text: str) -> str | None:
    """`User Logged In` and `userLoggedIn` as `user.logged_in`; None for what has not two words."""
    if is_event_name(text):
        return text
    words = [word.lower() for word in _WORDS.findall(text)]
    if len(words) < 2:
        return None
    name = f"{words[0]}.{'_'.join(words[1:])}"
    return name if is_event_name(name) else None
