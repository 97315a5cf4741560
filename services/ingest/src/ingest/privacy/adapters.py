"""Applies the rules under `privacy` before anything is stored: on the log, the dead topic, or as an identity."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from common.contracts.events import Event
from ingest.identity.known import KnownAccount
from ingest.intake.intake import Identities, IntakeContext, RefusedSink
from ingest.intake.report import PartlyTaken, RefusedMessage
from ingest.mapping.paths import Path
from ingest.privacy.pseudonyms import Pseudonyms


class Publishing(Protocol):
    async def publish(self, events: Sequence[Event]) -> None:
        """Raises `NotAcknowledged`."""


class PrivatePublisher:
    """Publishes events with hashed and dropped fields; otherwise like the publisher behind it."""

    def __init__(self, publisher: Publishing, pseudonyms: Pseudonyms) -> None:
        self._publisher = publisher
        self._pseudonyms = pseudonyms

    async def publish(self, events: Sequence[Event]) -> None:
        await self._publisher.publish([self._pseudonyms.event(event) for event in events])


class PrivateIdentities:
    """Stores identities by hashed ids; callers use the ids that clients send."""

    def __init__(self, identities: Identities, pseudonyms: Pseudonyms) -> None:
        self._identities = identities
        self._pseudonyms = pseudonyms

    async def accounts(self, space: str, ids: Collection[str]) -> Mapping[str, KnownAccount]:
        stored = {one: self._pseudonyms.user(one) for one in ids}
        found = await self._identities.accounts(space, set(stored.values()))
        return {one: found[name] for one, name in stored.items() if name in found}

    async def learn(self, space: str, learned: Mapping[str, KnownAccount]) -> None:
        await self._identities.learn(space, {self._pseudonyms.user(one): known for one, known in learned.items()})


class PrivateRefused:
    """Writes refused messages with hashed and dropped fields; otherwise like the sink behind it.

    `users_at` says by format where messages have users' ids under keys that mapping.yml names.
    """

    def __init__(
        self, refused: RefusedSink, pseudonyms: Pseudonyms, *, users_at: Mapping[str, Collection[Path]] = {}
    ) -> None:
        self._refused = refused
        self._pseudonyms = pseudonyms
        self._users_at = users_at

    async def put(self, refused: Sequence[RefusedMessage], context: IntakeContext) -> None:
        users_at = self._users_at.get(context.format, ())
        await self._refused.put([self._hidden(one, users_at) for one in refused], context)

    def note(self, partly: Sequence[PartlyTaken], context: IntakeContext) -> None:
        hidden = [replace(one, left_out=self._pseudonyms.errors(one.left_out)) for one in partly]
        self._refused.note(hidden, context)

    def _hidden(self, refused: RefusedMessage, users_at: Collection[Path]) -> RefusedMessage:
        raw = self._pseudonyms.message(refused.item.raw, users_at=users_at)
        return replace(refused, item=replace(refused.item, raw=raw), errors=self._pseudonyms.errors(refused.errors))
