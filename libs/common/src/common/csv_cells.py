"""Cells of a CSV file that a spreadsheet must take for text."""

from typing import Final

# Spreadsheets take what begins so for a formula, and execute it (OWASP, CSV injection). The last four are full-width
# forms, which are operators where people write Japanese or Chinese.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def guarded(text: str) -> str:
    """With an apostrophe before what would be a formula. Numbers are cells of their own type and need none."""
    return f"'{text}" if text.startswith(_FORMULA) else text
