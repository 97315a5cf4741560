"""The languages that there are."""

from collections.abc import Mapping
from types import MappingProxyType

from alerts.messages.english import English
from alerts.messages.japanese import Japanese
from alerts.messages.tongue import Language

LANGUAGES_BY_CODE: Mapping[str, Language] = MappingProxyType({"en": English(), "ja": Japanese()})
LANGUAGES = tuple(LANGUAGES_BY_CODE)
DEFAULT = "en"
