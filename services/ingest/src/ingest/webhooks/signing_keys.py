"""Matches the secrets in the environment with the webhooks of mapping.yml that need them."""

from collections.abc import Mapping, Sequence
from typing import Final

from ingest.mapping.senders.sender import WebhookSender

SETTING: Final = "INGEST_WEBHOOK_SECRETS"


class UnusableSecrets(Exception):
    """Ingest cannot start: the message names the webhook and the fault, and never a secret."""


def signing_keys(
    senders: Mapping[str, WebhookSender], secrets: Mapping[str, Sequence[str]]
) -> dict[str, tuple[bytes, ...]]:
    """The keys of each webhook, newest first; none for one with an API key. Raises `UnusableSecrets`."""
    faults = [f"{name}: mapping.yml has no such webhook" for name in secrets if name not in senders]
    keys = {}
    for name, sender in senders.items():
        try:
            keys[name] = _keys_of(sender, secrets.get(name, ()))
        except ValueError as error:
            faults.append(f"{name}: {error}")
    if faults:
        raise UnusableSecrets(f"{SETTING}: {'; '.join(faults)}")
    return keys


def _keys_of(sender: WebhookSender, secrets: Sequence[str]) -> tuple[bytes, ...]:
    if sender.signature is None:
        if secrets:
            raise ValueError("nothing signs it, so it has no secret: it needs an API key")
        return ()
    if not secrets:
        raise ValueError('its messages are signed, and no secret is given: {"NAME": ["SECRET"]}')
    return tuple(map(sender.signature.key, secrets))
