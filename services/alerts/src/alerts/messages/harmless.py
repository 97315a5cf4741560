"""Text that customers wrote, made fit to stand beside ours: one bounded line that disturbs nothing around it.

What markup a channel reads is the channel's to escape; here goes what no channel shows and every channel suffers from.
"""

import unicodedata
from itertools import groupby

# Joins emoji and Persian words; everything else that is only there to format is left out.
_JOINERS = "\u200c\u200d"
# Letters and marks by their class, and yet nothing to see.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_ISOLATE, _END = "\u2068", "\u2069"
_MOST_MARKS = 4
_READ = 20_000


def sanitize(text: str, most: int = 60) -> str:
    """At most `most` UTF-16 units, as Slack counts; empty if there is nothing to see in it.

    Right-to-left text is isolated (two more units), so that the numbers after it stay where they are.
    """
    kept = "".join(_kept(character) for character in text[:_READ])
    shown = truncate(" ".join(_thinned(kept).split()).strip(_JOINERS + " "), most)
    if not any(unicodedata.category(character)[0] in "LNPSC" and character not in _JOINERS for character in shown):
        return ""
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in shown):
        return f"{_ISOLATE}{shown}{_END}"
    return shown


def truncate(text: str, most: int) -> str:
    """At most `most` UTF-16 units, with an ellipsis if something was left out."""
    if _units(text) <= most:
        return text
    room, kept = most - 1, []
    for character in text:
        room -= _units(character)
        if room < 0:
            break
        kept.append(character)
    # Half of a joined emoji would ask for its other half.
    return "".join(kept).rstrip(_JOINERS + " ") + "…"


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp") or character in "\t\n\v\f\r\x85":
        return " "
    if category == "Cs":
        return "\ufffd"
    if category in ("Cc", "Cf", "Co") and character not in _JOINERS:
        return ""
    return "" if character in _BLANK else character


def _thinned(text: str) -> str:
    """Piled-up marks reach into the lines above and below."""
    thin = []
    for mark, run in groupby(text, key=lambda character: unicodedata.category(character) in ("Mn", "Me")):
        characters = list(run)
        thin += characters[:_MOST_MARKS] if mark else characters
    return "".join(thin)


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
