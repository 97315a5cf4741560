"""Types of words on a command line, for argparse's `type`. Each raises `ArgumentTypeError`; argparse prints it."""

import re
from argparse import ArgumentTypeError
from datetime import timedelta

_DURATION = re.compile(r"([0-9]{1,6})([smhdw])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=3_660)


def duration(text: str) -> timedelta:
    """Reads `90m`, `24h` or `7d`; at most ten years."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ArgumentTypeError("a whole number with s, m, h, d or w, such as 90m, 24h, 7d")
    found = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if found > _LONGEST:
        raise ArgumentTypeError(f"at most {_LONGEST.days}d")
    return found
