"""Customers' text made safe for a message: one bounded line without invisible or overlapping characters.

Each channel's renderer escapes the markup that the channel parses.
"""

import re
import unicodedata
from itertools import groupby

# These join emoji and Persian words; all other format characters are removed.
_JOINERS = "\u200c\u200d"
# Unicode calls these letters and marks, but they are invisible.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_ISOLATE, _END = "\u2068", "\u2069"
_MOST_MARKS = 4
_READ = 20_000
# What begins an address without "://", also behind a bracket or a quotation mark.
_SCHEME = re.compile(r"(?<!\w)(www\.|\\\\|(mailto|tel|sms|sip|callto|skype|javascript|data|file):)", re.IGNORECASE)
# The dot before a top-level domain: two letters or more.
_DOMAIN_DOT = re.compile(r"(?<=[^\W_])\.(?=[^\W\d_]{2})")


def sanitize(text: str, most: int = 60) -> str:
    """At most `most` UTF-16 units, as Slack counts; empty if nothing of it is visible.

    Right-to-left text is isolated (two more units), so that the numbers after it stay where they are.
    """
    kept = "".join(_kept(character) for character in text[:_READ])
    shown = truncate(" ".join(_thinned(kept).split()).strip(_JOINERS + " "), most)
    if not any(unicodedata.category(character)[0] in "LNPSC" and character not in _JOINERS for character in shown):
        return ""
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in shown):
        return f"{_ISOLATE}{shown}{_END}"
    return shown


def without_links(text: str) -> str:
    """As one line in which no mail program finds an address to link: addresses with a scheme are left out, the dot of
    a domain is put in brackets.
    """
    return " ".join(_unlinked(word) for word in sanitize(text, _READ).split())


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
    # A joiner at the end would join the ellipsis.
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
    """With few combining marks in a row: piled-up marks cover the lines above and below."""
    thin = []
    for mark, run in groupby(text, key=lambda character: unicodedata.category(character) in ("Mn", "Me")):
        characters = list(run)
        thin += characters[:_MOST_MARKS] if mark else characters
    return "".join(thin)


def _unlinked(word: str) -> str:
    if "://" in word or _SCHEME.search(word):
        return "[link]"
    return _DOMAIN_DOT.sub("[.]", word)


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
