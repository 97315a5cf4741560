"""The languages that there are."""

from collections.abc import Mapping
from types import MappingProxyType

from alerts.messages.english import English
from alerts.messages.japanese import Japanese
from alerts.messages.tongue import Tongue

TONGUES: Mapping[str, Tongue] = MappingProxyType({"en": English(), "ja": Japanese()})
LANGUAGES = tuple(TONGUES)
DEFAULT = "en"
