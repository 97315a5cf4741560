"""Takes a refused message again, by the present mapping, identities and merges."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from common.bus.ports import Outgoing
from common.catalogue.accounts import AccountMerged
from common.contracts.events import Event
from common.keys import Key
from ingest.aliases.following import Aliases
from ingest.dead_letters.letter import DeadLetter, header_text
from ingest.dead_letters.resending import CannotResend, ResendRefusal
from ingest.errors import BodyRefused
from ingest.events.erased import NOBODY, ErasedLookup
from ingest.identity.known import KnownAccount
from ingest.intake.intake import IntakeContext, MessageIntake
from ingest.intake.report import IntakeReport, PartlyTaken, RefusedMessage
from ingest.mapping.item import IgnoredReason, IntakeItem
from ingest.receiving.bounds import Bounds


class MessageReader(Protocol):
    """Reads one message of one format, as it came. Raises `BodyRefused`, and `CannotResend` for an unknown format."""

    def __call__(self, raw: bytes, format_name: str, *, source: str, received_at: datetime) -> Sequence[IntakeItem]: ...


class KnownIdentities(Protocol):
    async def accounts(self, space: str, ids: Collection[str]) -> Mapping[str, KnownAccount]:
        """Raises `IdentitiesUnavailable`."""


class MessageResender:
    """Makes events of refused messages. It stores nothing: what a message teaches was stored when it first came.

    `space_of` gives the set of identities of a source. Messages of those in `erased` are not sent.
    """

    def __init__(
        self,
        read: MessageReader,
        *,
        identities: KnownIdentities,
        aliases: Aliases,
        space_of: Callable[[str], str],
        record: Callable[[Event], Outgoing],
        bounds: Bounds,
        erased: ErasedLookup = NOBODY,
    ) -> None:
        self._read = read
        self._erased = erased
        self._identities = identities
        self._aliases = aliases
        self._space_of = space_of
        self._record = record
        self._bounds = bounds

    async def records(self, letter: DeadLetter) -> Sequence[Outgoing]:
        """Raises `CannotResend`; while PostgreSQL is away `IdentitiesUnavailable` and `AliasesUnavailable`."""
        if letter.truncated or not letter.record.value:
            raise CannotResend(ResendRefusal.TRUNCATED, "the message was too large for the topic: its bytes are gone")
        taken = _Taken(self._identities)
        intake = MessageIntake(
            identities=taken,
            aliases=self._aliases,
            events=taken,
            refused=taken,
            bounds=self._bounds,
            erased=self._erased,
        )
        headers = {name: header_text(value) for name, value in letter.record.headers}
        context = self._context(letter, headers)
        try:
            items = self._read(
                letter.record.value, context.format, source=context.source, received_at=context.received_at
            )
            _check_merges(items)
            report = await intake.take(items, context)
        except BodyRefused as error:
            raise CannotResend(ResendRefusal.UNREADABLE, str(error)) from error
        _check(report)
        return [self._record(event) for event in taken.events]

    def _context(self, letter: DeadLetter, headers: Mapping[str, str]) -> IntakeContext:
        source = headers.get("source", "")
        return IntakeContext(
            key=Key(headers.get("key_id", ""), source, frozenset(), letter.at),
            format=headers.get("format", ""),
            identities=self._space_of(source),
            received_at=_moment(headers.get("received_at", "")) or letter.at,
            history=headers.get("history") == "true",
        )


class _Taken:
    """In place of the log, the dead topic and the identities of a process: keeps the events, stores nothing."""

    def __init__(self, identities: KnownIdentities) -> None:
        self._identities = identities
        self.events: list[Event] = []

    async def accounts(self, space: str, ids: Collection[str]) -> Mapping[str, KnownAccount]:
        return await self._identities.accounts(space, ids)

    async def learn(self, space: str, learned: Mapping[str, KnownAccount]) -> None:
        """Stores nothing: the identities were stored when the message first came."""

    async def publish(self, events: Sequence[Event]) -> None:
        self.events += events

    async def put(self, refused: Sequence[RefusedMessage], context: IntakeContext) -> None:
        """Stores nothing: the report has what is refused."""

    def note(self, partly: Sequence[PartlyTaken], context: IntakeContext) -> None:
        """Lists nothing: the message was listed when it first came."""


def _check_merges(items: Sequence[IntakeItem]) -> None:
    """Raises `CannotResend` for a merge, because nothing is stored here."""
    if any(draft.name == AccountMerged.event_name for item in items for draft in item.events):
        detail = "resending stores no merge: post account.merged to ingest"
        raise CannotResend(ResendRefusal.NOT_AN_EVENT, detail)


def _check(report: IntakeReport) -> None:
    """Raises `CannotResend` if the message would be refused, is of somebody erased, or makes no event."""
    if report.refused:
        told = "; ".join(f"{error.field}: {error.detail}" for error in report.refused[0].errors)
        raise CannotResend(ResendRefusal.STILL_REFUSED, f"it would be refused again: {told}")
    if IgnoredReason.ERASED in report.ignored:
        raise CannotResend(
            ResendRefusal.ERASED, "its account or person was erased: nothing of them is taken until that is lifted"
        )
    if not report.events:
        why = f": {report.ignored[0].value}" if report.ignored else ""
        raise CannotResend(ResendRefusal.NOT_AN_EVENT, f"today's mapping makes no event of it{why}")


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
