"""Wraps text to a width in columns. An East Asian character is two columns wide and may begin a line."""

import re
import unicodedata

# Small kana stay with the character before them, as closing marks do.
_SMALL = "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ"


def wrapped(text: str, width: int) -> str:
    """A word that is wider than a line stays whole: it is an address."""
    lines, line, room = [], "", width
    for piece in _pieces(text):
        size = columns(piece.rstrip())
        if line and size > room:
            lines.append(line.rstrip())
            line, room, piece = "", width, piece.lstrip()
        line += piece
        room -= columns(piece)
    return "\n".join([*lines, line.rstrip()])


def columns(text: str) -> int:
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pieces(text: str) -> list[str]:
    """The units that stay whole: words with the space after them, wide characters with their marks."""
    pieces: list[str] = []
    for word in re.findall(r"\S+\s*|\s+", text):
        piece = ""
        for character in word:
            if piece and _may_break(piece[-1], character):
                pieces.append(piece)
                piece = ""
            piece += character
        pieces.append(piece)
    return pieces


def _may_break(before: str, after: str) -> bool:
    """Whether a line may end between the two."""
    # A number stays with what it counts.
    if unicodedata.category(before) in ("Ps", "Pi", "Nd") or after.isspace() or after in _SMALL:
        return False
    if unicodedata.category(after) in ("Pe", "Pf", "Po", "Lm", "Mn", "Me", "Cf"):
        return False
    return _columns(before) == 2 or _columns(after) == 2
