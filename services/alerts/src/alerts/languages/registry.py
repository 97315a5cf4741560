"""The languages that there are."""

from collections.abc import Mapping
from types import MappingProxyType

from alerts.languages.english import English
from alerts.languages.japanese import Japanese
from alerts.languages.language import Language

LANGUAGES_BY_CODE: Mapping[str, Language] = MappingProxyType({"en": English(), "ja": Japanese()})
LANGUAGES = tuple(LANGUAGES_BY_CODE)
DEFAULT = "en"
