"""Hashes or drops fields before anything is stored. Pure."""

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Raw
from msgspec.structs import replace
from pydantic import SecretStr

from common.contracts.events import Event
from ingest.errors import FieldError
from ingest.mapping.rules import PrivacyRules

USER_KEYS: Final = frozenset(
    {"user_id", "userId", "anonymous_id", "anonymousId", "previousId", "distinct_id", "$distinct_id", "device_id"}
)
"""Under which keys the messages of SDKs name a person."""
_HIDDEN: Final = "the value is not shown: mapping.yml lists the field under privacy"
_DIGITS: Final = 32
LEAST_KEY_CHARS: Final = 32


class PrivacyKeyMissing(Exception):
    """mapping.yml hashes fields, but there is no key: hashes without a key could be guessed."""


class Pseudonyms:
    """Drops fields, and replaces values by the first 128 bits of HMAC-SHA-256 under a secret key, in hex."""

    def __init__(self, rules: PrivacyRules, key: bytes) -> None:
        self._rules = rules
        self._key = key

    def event(self, event: Event) -> Event:
        """The event as it may be on the log."""
        properties = self._object(event.properties, self._rules.hashed) if event.properties else event.properties
        user_id = event.user_id
        if user_id is not None and self._rules.users_hashed:
            user_id = self.of(user_id)
        if properties is event.properties and user_id is event.user_id:
            return event
        return replace(event, properties=properties, user_id=user_id)

    def user(self, identity: str) -> str:
        """A user or anonymous id as it is stored."""
        return self.of(identity) if self._rules.users_hashed else identity

    def message(self, raw: bytes | Raw) -> bytes:
        """The message as it may be on the dead topic; empty if it is not JSON, and so cannot be searched."""
        try:
            body = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return b""
        hashed = self._rules.hashed | USER_KEYS if self._rules.users_hashed else self._rules.hashed
        return msgspec.json.encode(self._value(body, hashed))

    def errors(self, errors: Sequence[FieldError]) -> tuple[FieldError, ...]:
        """The errors without details for private fields: details may quote values."""
        return tuple(replace(one, detail=_HIDDEN) if self._names(one.field) else one for one in errors)

    def of(self, value: Any) -> str:
        """The hash of any value but null. A text and a number that look the same have the same hash."""
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return hmac.new(self._key, text.encode(), sha256).hexdigest()[:_DIGITS]

    def _names(self, field: str) -> bool:
        keys = set(field.replace("[", ".").split("."))
        private = self._rules.dropped | self._rules.hashed
        return bool(keys & private) or (self._rules.users_hashed and bool(keys & USER_KEYS))

    def _value(self, value: Any, hashed: frozenset[str]) -> Any:
        if isinstance(value, dict):
            return self._object(value, hashed)
        return [self._value(one, hashed) for one in value] if isinstance(value, list) else value

    def _object(self, found: Mapping[str, Any], hashed: frozenset[str]) -> dict[str, Any]:
        kept = ((key, value) for key, value in found.items() if key not in self._rules.dropped)
        return {
            key: self.of(value) if key in hashed and value is not None else self._value(value, hashed)
            for key, value in kept
        }


def pseudonyms_for(rules: PrivacyRules, secret: SecretStr | None, *, mapping: Path) -> Pseudonyms | None:
    """None if the rules name no fields. Raises `PrivacyKeyMissing` if they hash and the key is missing or short."""
    key = secret.get_secret_value() if secret else ""
    if rules.needs_key and len(key) < LEAST_KEY_CHARS:
        needed = f"INGEST_PRIVACY_KEY of {LEAST_KEY_CHARS} characters or more"
        raise PrivacyKeyMissing(f"{mapping} hashes fields, which needs {needed}")
    return Pseudonyms(rules, key.encode()) if rules.any else None
