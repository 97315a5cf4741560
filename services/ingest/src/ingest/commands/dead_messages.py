"""The parts by which `dead resend` takes refused messages of SDKs and webhooks again."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from common.bus.ports import Outgoing
from common.contracts.events import Event
from ingest.aliases.cache import AliasCache
from ingest.aliases.store import AliasStore
from ingest.dead_letters.messages import MessageResender
from ingest.dead_letters.resending import CannotResend, ResendRefusal
from ingest.erasures.erased_subjects import MOST, ErasedSubjects
from ingest.erasures.store import ErasureStore
from ingest.events.erased import ErasedLookup
from ingest.identity.cache import IdentityCache
from ingest.identity.store import IdentityStore
from ingest.mapping.item import IntakeItem
from ingest.mapping.load import load_mapping
from ingest.mapping.rules import MappingRules
from ingest.mapping.senders.registry import sender_of
from ingest.mapping.senders.stripe.sender import StripeItem
from ingest.publishing.publisher import event_record
from ingest.receiving.bounds import BOUNDS
from ingest.sdk.captured import FORMAT_NAMES, read_captured
from ingest.sdk.sdk_format import mapped
from ingest.settings import IngestSettings

_WEBHOOK = "webhook:"


class ErasuresUnknown(Exception):
    """This process cannot tell who is erased, so it may send no letter; the text is for the person at the terminal."""


def message_resender(
    settings: IngestSettings, connected: AsyncEngine, *, partitions: int, erased: ErasedLookup
) -> MessageResender:
    """The resender of ingest's letters. Raises `InvalidMapping`, and `OSError` if the mapping cannot be read."""
    rules = load_mapping(settings.ingest_mapping.read_text(encoding="utf-8"), str(settings.ingest_mapping))

    def record(event: Event) -> Outgoing:
        return event_record(event, partitions=partitions, mode=settings.time_mode)

    return MessageResender(
        KeptMessages(rules).read,
        identities=IdentityCache(IdentityStore(connected)),
        aliases=AliasCache(AliasStore(connected)),
        space_of=lambda source: rules.of(source).identities,
        record=record,
        bounds=BOUNDS,
        erased=erased,
    )


async def read_erased(settings: IngestSettings, connected: AsyncEngine) -> ErasedSubjects:
    """Who is erased now, by stored ids, as letters have them. Raises `ErasuresUnknown` and `DatabaseUnavailable`."""
    erased = ErasedSubjects(settings.erasures_by())
    erased.replace(await ErasureStore(connected).in_force(most=MOST))
    if erased.trouble is not None:
        raise ErasuresUnknown(erased.trouble)
    return erased


class KeptMessages:
    """Reads kept messages by the name of their format. Fields under `privacy` were hashed or dropped before."""

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
