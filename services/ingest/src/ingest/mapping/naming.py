"""Turns event names of any style into `object.verbed`. Pure.

`User Logged In`, `userLoggedIn`, `user-logged-in` and `USER_LOGGED_IN` all become `user.logged_in`.
"""

import re
from functools import lru_cache
from typing import Final

from common.catalogue.names import is_event_name

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+", re.ASCII)
_FOREIGN_LETTER: Final = re.compile(r"[^\W\d_a-zA-Z]")
# Past tenses without "ed" that occur in names of events.
_IRREGULAR: Final = frozenset(
    [
        "began",
        "built",
        "bought",
        "chose",
        "done",
        "drawn",
        "found",
        "given",
        "gone",
        "got",
        "held",
        "kept",
        "left",
        "lost",
        "made",
        "met",
        "paid",
        "put",
        "read",
        "run",
        "seen",
        "sent",
        "set",
        "shown",
        "spent",
        "spoken",
        "started",
        "taken",
        "told",
        "understood",
        "won",
        "written",
    ]
)
# Words that end in "ed" and are no past tense.
_NOUNS: Final = frozenset(["bed", "feed", "need", "seed", "speed", "embed", "breed", "deed"])


@lru_cache(maxsize=10_000)
def to_event_name(text: str) -> str | None:
    """The name as `object.verbed`, or None if that is not possible: letters beyond a-z, no letters, too long.

    A name that has this form already stays as it is. The object ends before the first past tense. A name that begins
    with one takes what follows as its object: `Clicked Button` becomes `button.clicked`. If it is one word it is about
    the user: `Login` becomes `user.login`. Cached, because a product has some hundred names.
    """
    if is_event_name(text):
        return text
    if _FOREIGN_LETTER.search(text):
        return None
    words = [word.lower() for word in _WORD.findall(text)]
    if not any(word[0].isalpha() for word in words):
        return None
    name = ".".join("_".join(part) for part in _split(words))
    return name if is_event_name(name) else None


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Splits the words into those of the object and those of the verb."""
    if len(words) == 1:
        return ["user"], words
    verb = next((place for place, word in enumerate(words) if _is_past(word)), len(words) - 1)
    if verb > 0:
        return words[:verb], words[verb:]
    # "Signed Up" has no object, "Clicked Button" has it behind the verb.
    if words[1] in ("in", "out", "up", "off", "on"):
        return ["user"], words
    return words[1:], words[:1]


def _is_past(word: str) -> bool:
    return word in _IRREGULAR or (word.endswith("ed") and len(word) > 3 and word not in _NOUNS)
