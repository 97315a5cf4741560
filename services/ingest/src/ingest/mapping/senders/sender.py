"""The port of a sender: how one kind of system signs and writes its messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ingest.mapping.item import IntakeItem
from ingest.mapping.senders.signatures import Headers, SignatureScheme


class WebhookSender(Protocol):
    """One webhook of a kind of sender. `signature` is None if an API key proves who sends."""

    @property
    def signature(self) -> SignatureScheme | None: ...

    def read(self, body: bytes, headers: Headers, *, received_at: datetime) -> Sequence[IntakeItem]:
        """The messages of a body whose sender is known. Raises `BodyRefused` if nothing can be read of it."""
