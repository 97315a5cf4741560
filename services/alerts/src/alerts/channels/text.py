"""Text from other programs as one bounded line, without secrets."""

import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

LONGEST_DETAIL = 300
# Hiding a shorter text would blot out innocent words and protect nothing.
_SHORTEST_SECRET = 6
_BREAKS = frozenset({"Cc", "Zl", "Zp"})


def one_line(text: str, *, most: int) -> str:
    """At most `most` characters, no line break or control character, always encodable; joiners and isolates stay."""
    whole = text[: 4 * most].encode("utf-8", "replace").decode("utf-8")
    words = "".join(" " if unicodedata.category(letter) in _BREAKS else letter for letter in whole).split()
    line = " ".join(words)
    return line if len(line) <= most else line[: most - 1] + "…"


class SecretFilter:
    """Removes secrets from texts that are stored, logged and shown: a server's answer may repeat them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        long_enough = {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}
        self._secrets = sorted(long_enough, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return one_line(text, most=LONGEST_DETAIL)


def secrets_of(url: str) -> tuple[str, ...]:
    """A URL that is a secret, and its parts that error pages tend to show."""
    parts = urlsplit(url)
    return url, parts.path, parts.path.rpartition("/")[2], parts.query
