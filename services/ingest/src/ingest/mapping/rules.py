"""The rules of mapping.yml in the form in which they are applied. Pure."""

from collections.abc import Mapping

from msgspec import Struct

from ingest.mapping.naming import to_event_name
from ingest.mapping.paths import Path
from ingest.mapping.senders.section import WebhookSection

Fields = Mapping[str, tuple[Path, ...]]
"""Properties of a standard event, each with the paths in a message's traits that it may come from."""


class SourceRules(Struct, frozen=True):
    """The rules of one source.

    `account` are the paths in a message that may name its account. `names` has our names by the client's, each in two
    spellings: as in the file and as `object.verbed`. `ignored` has both spellings, too.
    `identities` names the set of identities that the source shares with others.
    """

    identities: str
    account: tuple[Path, ...]
    names: Mapping[str, str]
    ignored: frozenset[str]
    page: str
    screen: str
    facts: Fields
    person: Fields

    def name_of(self, event: str) -> str | None:
        """Our name of a client's event; None if the file does not name it and it cannot become `object.verbed`."""
        named = self.names.get(event)
        if named is not None:
            return named
        ours = to_event_name(event)
        return self.names.get(ours or "") or ours

    def ignores(self, event: str) -> bool:
        return event in self.ignored or to_event_name(event) in self.ignored


class PrivacyRules(Struct, frozen=True):
    """The section `privacy` of mapping.yml. `dropped` and `hashed` are keys, at any depth of a message."""

    dropped: frozenset[str] = frozenset()
    hashed: frozenset[str] = frozenset()
    users_hashed: bool = False

    @property
    def any(self) -> bool:
        return bool(self.dropped or self.hashed or self.users_hashed)

    @property
    def needs_key(self) -> bool:
        return bool(self.hashed or self.users_hashed)


class MappingRules(Struct, frozen=True):
    """Rules by source. A source without a section has the defaults, and a set of identities of its own.

    `webhooks` are the sections of webhooks by name.
    """

    defaults: SourceRules
    sources: Mapping[str, SourceRules]
    privacy: PrivacyRules = PrivacyRules()
    webhooks: Mapping[str, WebhookSection] = {}

    def of(self, source: str) -> SourceRules:
        found = self.sources.get(source)
        if found is not None:
            return found
        defaults = self.defaults
        return SourceRules(
            source,
            defaults.account,
            defaults.names,
            defaults.ignored,
            defaults.page,
            defaults.screen,
            defaults.facts,
            defaults.person,
        )
