"""Letters as text for a terminal. Characters of a record cannot move the cursor or hide text. Pure."""

from collections.abc import Iterable, Sequence

import msgspec

from common.bus.ports import Record
from common.commands.columns import aligned
from ingest.dead_letters.letter import header_text
from ingest.dead_letters.listing import LetterList, ListedLetter
from ingest.dead_letters.reasons import explain

_COLUMN = 40
_HEAD = ("POSITION", "TIME", "REASON", "ORIGIN", "SOURCE", "ACCOUNT", "EVENT", "ID", "ATTEMPT", "RESENT")
# How much is shown of a value that is not JSON.
_SHOWN_BYTES = 4_096


def list_text(found: LetterList) -> str:
    """The table of letters, and how many there are of each reason."""
    total = sum(found.counts.values())
    if total == 0:
        return "no dead letter"
    lines = aligned([_HEAD, *map(_row, found.newest)])
    if len(found.newest) < total:
        lines.append(f"... the newest {len(found.newest):,} of {total:,}")
    counts = [(reason, f"{count:,}", _resent(found.resent[reason])) for reason, count in found.counts.most_common()]
    return "\n".join([*lines, "", *aligned(counts)])


def letter_text(listed: ListedLetter) -> str:
    """Everything about one letter."""
    letter, explanation = listed.letter, explain(listed.letter.reason, origin=listed.letter.origin)
    known = [
        ("position", str(letter.position)),
        ("time", f"{letter.at:%Y-%m-%d %H:%M:%S}Z"),
        ("reason", letter.reason),
        ("means", explanation.means),
        ("do", explanation.do),
        ("attempt", f"{letter.attempt}{', sent again since' if listed.resent else ''}"),
        ("key", "-" if letter.record.key is None else letter.record.key.decode(errors="backslashreplace")),
        *(("header", f"{name}: {header_text(value)}") for name, value in letter.record.headers),
    ]
    lines = [f"{name.ljust(9)} {printable(text)}" for name, text in known]
    return "\n".join([*lines, f"value     {len(letter.record.value or b'')} bytes", *_value_lines(letter.record)])


def printable(text: str) -> str:
    """Escapes what is not printable: control characters, line feeds, marks of direction."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _row(listed: ListedLetter) -> Sequence[str]:
    letter = listed.letter
    told = (letter.reason, letter.origin, letter.source, letter.account, letter.event, letter.event_id)
    return (
        str(letter.position),
        f"{letter.at:%Y-%m-%d %H:%M:%S}Z",
        *(_cell(text) for text in told),
        str(letter.attempt),
        "yes" if listed.resent else "-",
    )


def _cell(text: str | None) -> str:
    shown = printable(text or "-")
    return shown if len(shown) <= _COLUMN else f"{shown[: _COLUMN - 3]}..."


def _resent(count: int) -> str:
    return f"{count:,} sent again" if count else ""


def _value_lines(record: Record) -> Iterable[str]:
    value = record.value or b""
    try:
        msgspec.json.decode(value)
        return [printable(line) for line in msgspec.json.format(value, indent=2).decode().split("\n")]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        cut = "..." if len(value) > _SHOWN_BYTES else ""
        return [printable(value[:_SHOWN_BYTES].decode(errors="backslashreplace")) + cut] if value else []
