"""What the customer success team calls metrics, flags, stages and tiers: the part `names` of playbooks.yml."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from console.languages.locale import Locale


class UnreadableNames(Exception):
    """The file has no usable `names`."""


class CardNames:
    """Messages and pages call a thing the same; what the file does not name is shown as it is, without underscores."""

    def __init__(self, names: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        """By category (`metrics`, `flags`, `steps`, `outcomes`, `stages`, `tiers`), name and language."""
        self._names = names

    def of(self, category: str, name: str, locale: Locale) -> str:
        return self._found(category, name, locale) or name.replace("_", " ")

    def reason(self, name: str, locale: Locale, *, otherwise: str) -> str:
        """Of a metric or a flag; `otherwise` are scoring's own words, in English."""
        return self._found("metrics", name, locale) or self._found("flags", name, locale) or otherwise

    def of_signal(self, name: str, locale: Locale) -> str:
        """Of what a signal tells: a flag, a step or an outcome."""
        for category in ("flags", "steps", "outcomes"):
            if (found := self._found(category, name, locale)) is not None:
                return found
        return name.replace("_", " ")

    def _found(self, category: str, name: str, locale: Locale) -> str | None:
        text = self._names.get(category, {}).get(name, {}).get(locale)
        return text if isinstance(text, str) else None


class _PlaybooksNames(msgspec.Struct):
    names: dict[str, dict[str, dict[str, Any]]] = msgspec.field(default_factory=dict)


# To read the file takes a tenth of a second.
@lru_cache(maxsize=1)
def read_card_names(text: str) -> CardNames:
    """Of the text of playbooks.yml, which alerts checks in full. Raises `UnreadableNames`."""
    try:
        return CardNames(msgspec.convert(YAML(typ="safe", pure=True).load(text), _PlaybooksNames).names)
    except (YAMLError, msgspec.ValidationError) as error:
        raise UnreadableNames(str(error)) from error
