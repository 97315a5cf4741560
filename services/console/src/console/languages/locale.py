"""The languages of the console, and which one a request gets."""

from enum import StrEnum


class Locale(StrEnum):
    ENGLISH = "en"
    JAPANESE = "ja"


def preferred(accept_language: str) -> Locale:
    """Of an Accept-Language header (RFC 9110): the language with the highest weight that there is, else English."""
    best, weight = Locale.ENGLISH, 0.0
    for item in accept_language[:1_000].split(","):
        tag, _, parameters = item.strip().partition(";")
        code = tag.partition("-")[0].lower()
        quality = _quality(parameters)
        if code in set(Locale) and quality > weight:
            best, weight = Locale(code), quality
    return best


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
