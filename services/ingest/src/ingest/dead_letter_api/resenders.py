"""The resenders of `dead resend` and of the API: how refused messages of SDKs and webhooks are taken again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from common.bus.ports import Outgoing
from common.contracts.events import Event
from common.erasures.erasure_key import ErasureKey
from common.topics import TimeMode
from ingest.aliases.cache import AliasCache
from ingest.aliases.following import Aliases
from ingest.aliases.store import AliasStore
from ingest.dead_letters.messages import MessageResender
from ingest.dead_letters.resending import CannotResend, EventResender, Resender, ResendRefusal
from ingest.erasures.erased_subjects import MOST, ErasedSubjects, as_it_comes
from ingest.erasures.erasure import StoredErasure
from ingest.erasures.store import ErasureStore
from ingest.events.erased import ErasedLookup
from ingest.identity.cache import IdentityCache
from ingest.identity.store import IdentityStore
from ingest.intake.intake import Identities
from ingest.mapping.item import IntakeItem
from ingest.mapping.load import load_mapping
from ingest.mapping.rules import MappingRules
from ingest.mapping.senders.registry import sender_of
from ingest.mapping.senders.stripe.sender import StripeItem
from ingest.privacy.adapters import PrivateIdentities
from ingest.privacy.pseudonyms import KeptPseudonyms, Pseudonyms, pseudonyms_for
from ingest.publishing.publisher import event_record
from ingest.receiving.bounds import BOUNDS
from ingest.sdk.captured import FORMAT_NAMES, read_captured
from ingest.sdk.sdk_format import mapped
from ingest.settings import IngestSettings

_WEBHOOK = "webhook:"


class ErasuresUnknown(Exception):
    """This process cannot tell who is erased, so it may send no letter; the text is for the person who asked."""


class ErasuresInForce(Protocol):
    async def in_force(self, *, most: int) -> Sequence[StoredErasure]:
        """Raises `DatabaseUnavailable`."""


class ResenderParts(Struct, frozen=True, kw_only=True):
    """What letters are made records with. `hidden` leaves a value that is a hash as it is: `KeptPseudonyms`."""

    rules: MappingRules
    hidden: Pseudonyms | None
    identities: Identities
    aliases: Aliases
    erasures: ErasuresInForce
    erasure_key: ErasureKey | None
    mode: TimeMode


async def load_resenders(
    settings: IngestSettings, connected: AsyncEngine, *, partitions: int
) -> Mapping[str, Resender]:
    """As `current_resenders`, for a process that has no parts yet.

    Raises `InvalidMapping` and `OSError` for a mapping that cannot be used, and `PrivacyKeyMissing`.
    """
    mapping = settings.ingest_mapping
    rules = load_mapping(mapping.read_text(encoding="utf-8"), str(mapping))
    parts = ResenderParts(
        rules=rules,
        hidden=pseudonyms_for(rules.privacy, settings.ingest_privacy_key, mapping=mapping, made=KeptPseudonyms),
        identities=IdentityCache(IdentityStore(connected)),
        aliases=AliasCache(AliasStore(connected)),
        erasures=ErasureStore(connected),
        erasure_key=settings.erasures_by(),
        mode=settings.time_mode,
    )
    return await current_resenders(parts, partitions=partitions)


async def current_resenders(parts: ResenderParts, *, partitions: int) -> Mapping[str, Resender]:
    """One resender for each service that writes dead letters. They refuse whoever is erased at this moment.

    Raises `ErasuresUnknown` and `DatabaseUnavailable`.
    """
    in_force = await parts.erasures.in_force(most=MOST)
    key, mode, hidden = parts.erasure_key, parts.mode, parts.hidden
    messages = message_resender(
        parts.rules,
        hidden,
        identities=parts.identities,
        aliases=parts.aliases,
        record=lambda event: event_record(event, partitions=partitions, mode=mode),
        erased=_erased(ErasedSubjects(key, stored_user=as_it_comes if hidden is None else hidden.user), in_force),
    )
    # Scoring's letters have users' ids as they are stored.
    events = EventResender(partitions=partitions, mode=mode, erased=_erased(ErasedSubjects(key), in_force))
    return {"scoring": events, "ingest": messages}


def message_resender(
    rules: MappingRules,
    hidden: Pseudonyms | None,
    *,
    identities: Identities,
    aliases: Aliases,
    record: Callable[[Event], Outgoing],
    erased: ErasedLookup,
) -> MessageResender:
    """Hashes and drops fields of events, as ingest does before Kafka: in a message they may have other names."""
    return MessageResender(
        KeptMessages(rules).read,
        identities=identities if hidden is None else PrivateIdentities(identities, hidden),
        aliases=aliases,
        space_of=lambda source: rules.of(source).identities,
        record=record if hidden is None else lambda event: record(hidden.event(event)),
        bounds=BOUNDS,
        erased=erased,
    )


def _erased(erased: ErasedSubjects, in_force: Sequence[StoredErasure]) -> ErasedSubjects:
    """Raises `ErasuresUnknown`."""
    erased.replace(in_force)
    if erased.trouble is not None:
        raise ErasuresUnknown(erased.trouble)
    return erased


class KeptMessages:
    """Reads kept messages by the name of their format. Fields under `privacy` may be hashed or dropped already."""

    def __init__(self, rules: MappingRules) -> None:
        self._rules = rules

    def read(self, raw: bytes, format_name: str, *, source: str, received_at: datetime) -> Sequence[IntakeItem]:
        """The messages of a letter's value. Raises `BodyRefused`, and `CannotResend` for an unknown format."""
        if format_name in FORMAT_NAMES:
            rules = self._rules.of(source)
            messages = read_captured(raw, format_name, rules, received_at=received_at)
            return [mapped(one, rules, received_at=received_at) for one in messages]
        return self._of_webhook(raw, format_name.removeprefix(_WEBHOOK), received_at)

    def _of_webhook(self, raw: bytes, webhook: str, received_at: datetime) -> Sequence[IntakeItem]:
        section = self._rules.webhooks.get(webhook)
        if section is None:
            raise CannotResend(ResendRefusal.UNKNOWN_ORIGIN, f"mapping.yml has no webhook {webhook!r}")
        items = sender_of(webhook, section).read(raw, _NoHeaders(), received_at=received_at)
        if any(isinstance(item, StripeItem) for item in items):
            detail = "what it becomes depends on Stripe's other messages: let Stripe send it again (Developers, Events)"
            raise CannotResend(ResendRefusal.BY_ITS_SENDER, detail)
        return items


class _NoHeaders:
    def header(self, name: bytes) -> str | None:
        return None
