"""Hashes or drops fields before anything is stored. Pure."""

import hmac
import re
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from pydantic import SecretStr

from common.contracts.events import Event
from ingest.errors import FieldError
from ingest.mapping.message_text import MessageText
from ingest.mapping.paths import Path as ValuePath
from ingest.mapping.rules import PrivacyRules

USER_KEYS: Final = frozenset(
    {
        *("user_id", "userId", "userid", "anonymous_id", "anonymousId", "previousId", "device_id", "alias"),
        *("distinct_id", "$distinct_id", "$anon_distinct_id", "$user_id", "$device_id", "$identified_id", "$anon_id"),
        "requested_by",
    }
)
"""Under which keys the messages of SDKs, and properties of the event catalogue, name a person of the account."""
_HIDDEN: Final = "the value is not shown: mapping.yml lists the field under privacy"
_DIGITS: Final = 32
_HASH: Final = re.compile(rf"[0-9a-f]{{{_DIGITS}}}")
LEAST_KEY_CHARS: Final = 32


class PrivacyKeyMissing(Exception):
    """mapping.yml hashes fields, but there is no key: hashes without a key could be guessed."""


class Pseudonyms:
    """Drops fields, and replaces values by the first 128 bits of HMAC-SHA-256 under a secret key, in hex."""

    def __init__(self, rules: PrivacyRules, key: bytes) -> None:
        self._rules = rules
        self._key = key
        self._hashed = rules.hashed | USER_KEYS if rules.users_hashed else rules.hashed

    def event(self, event: Event) -> Event:
        """The event as it may be on the log."""
        properties = self._object(event.properties) if event.properties else event.properties
        user_id = event.user_id
        if user_id is not None and self._rules.users_hashed:
            user_id = self.of(user_id)
        if properties is event.properties and user_id is event.user_id:
            return event
        return replace(event, properties=properties, user_id=user_id)

    def user(self, identity: str) -> str:
        """A user or anonymous id as it is stored."""
        return self.of(identity) if self._rules.users_hashed else identity

    def message(self, raw: MessageText, *, users_at: Collection[ValuePath] = ()) -> bytes:
        """The message as it may be on the dead topic; empty if it is not JSON, and so cannot be searched.

        A value is a user's id if the path to it ends as one of `users_at`.
        """
        try:
            hidden = self._value(msgspec.json.decode(bytes(raw)))
            if users_at and self._rules.users_hashed:
                hidden = self._users_hidden(hidden, users_at)
            return msgspec.json.encode(hidden)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return b""

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

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self._object(value)
        return [self._value(one) for one in value] if isinstance(value, list) else value

    def _object(self, found: Mapping[str, Any]) -> dict[str, Any]:
        kept = ((key, value) for key, value in found.items() if key not in self._rules.dropped)
        return {
            key: self.of(value) if key in self._hashed and value is not None else self._value(value)
            for key, value in kept
        }

    def _users_hidden(self, value: Any, users_at: Collection[ValuePath], place: ValuePath = ()) -> Any:
        if isinstance(value, list):
            return [self._users_hidden(one, users_at, place) for one in value]
        if not isinstance(value, dict):
            return value
        return {key: self._user_hidden(one, users_at, (*place, key)) for key, one in value.items()}

    def _user_hidden(self, value: Any, users_at: Collection[ValuePath], place: ValuePath) -> Any:
        # The value of such a key is a hash already.
        if value is None or place[-1] in self._hashed or not any(place[-len(path) :] == path for path in users_at):
            return self._users_hidden(value, users_at, place)
        return self.of(value)


class KeptPseudonyms(Pseudonyms):
    """For dead letters, whose values may be hashed already: a value that looks like a hash stays as it is."""

    def of(self, value: Any) -> str:
        return value if isinstance(value, str) and _HASH.fullmatch(value) else super().of(value)


def pseudonyms_for(
    rules: PrivacyRules, secret: SecretStr | None, *, mapping: Path, made: type[Pseudonyms] = Pseudonyms
) -> Pseudonyms | None:
    """None if the rules name no fields. Raises `PrivacyKeyMissing` if they hash and the key is missing or short."""
    key = secret.get_secret_value() if secret else ""
    if rules.needs_key and len(key) < LEAST_KEY_CHARS:
        needed = f"INGEST_PRIVACY_KEY of {LEAST_KEY_CHARS} characters or more"
        raise PrivacyKeyMissing(f"{mapping} hashes fields, which needs {needed}")
    return made(rules, key.encode()) if rules.any else None
