"""Takes the messages of one request: finds their accounts, checks their events, puts all of it on the log."""

import asyncio
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import uuid4

from msgspec import Struct

from common.contracts.events import Event
from common.keys import Key
from ingest.events.batch import mark_followed
from ingest.identity.known import KnownAccount
from ingest.intake.checking import CheckedItem, DraftChecker
from ingest.intake.report import IntakeReport, PartlyTaken, RefusedMessage
from ingest.intake.resolve import ResolvedItem, identities_of, resolve
from ingest.mapping.item import IgnoredReason, IntakeItem
from ingest.receiving.bounds import Bounds


class Identities(Protocol):
    """Both methods raise `IdentitiesUnavailable`."""

    async def accounts(self, space: str, ids: Collection[str]) -> Mapping[str, KnownAccount]: ...

    async def learn(self, space: str, learned: Mapping[str, KnownAccount]) -> None: ...


class EventSink(Protocol):
    async def publish(self, events: Sequence[Event]) -> None:
        """Raises `NotAcknowledged`."""


class RefusedSink(Protocol):
    async def put(self, refused: Sequence[RefusedMessage], context: "IntakeContext") -> None:
        """Returns when they are on the dead topic. Raises `NotAcknowledged`."""

    def note(self, partly: Sequence[PartlyTaken], context: "IntakeContext") -> None:
        """Lists messages that were taken without some of their values. Never waits."""


class IntakeContext(Struct, frozen=True, kw_only=True):
    """What all messages of one request have in common. `identities` is the set of identities of the source."""

    key: Key
    format: str
    identities: str
    received_at: datetime
    history: bool = False

    @property
    def source(self) -> str:
        return self.key.source


class MessageIntake:
    """The same for every format. Messages of accounts in `erased` make no event.

    Of a request that raises, nothing is known: it has to come again, with its ids.
    """

    def __init__(
        self,
        *,
        identities: Identities,
        events: EventSink,
        refused: RefusedSink,
        bounds: Bounds,
        erased: Container[str] = frozenset(),
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._identities = identities
        self._events = events
        self._refused = refused
        self._bounds = bounds
        self._erased = erased
        self._new_id = new_id

    async def take(self, items: Sequence[IntakeItem], context: IntakeContext) -> IntakeReport:
        """Returns when events and refused messages are acknowledged.

        Raises `IdentitiesUnavailable` and `NotAcknowledged`.
        """
        resolved = await self._resolve(items, context)
        checker = DraftChecker(
            source=context.source,
            received_at=context.received_at,
            history=context.history,
            bounds=self._bounds,
            new_id=self._new_id,
        )
        # The dead topic would keep what is to be forgotten, so such a message is only counted.
        gone = [self._is_of_erased(one) for one in resolved]
        checked = [CheckedItem() if erased else checker.check(one) for one, erased in zip(resolved, gone, strict=True)]
        events = mark_followed([event for one in checked for event in one.events])
        report = _report(items, checked, events, erased=sum(gone))
        await self._put(events, report.refused, context)
        self._refused.note(report.partly, context)
        return report

    async def _resolve(self, items: Sequence[IntakeItem], context: IntakeContext) -> Sequence[ResolvedItem]:
        wanted = identities_of(items)
        known = await self._identities.accounts(context.identities, wanted) if wanted else {}
        resolution = resolve(items, known)
        # Before the events: a request that fails after this comes again, and finds the same.
        learned = {one: known for one, known in resolution.learned.items() if known.account_id not in self._erased}
        await self._identities.learn(context.identities, learned)
        return resolution.items

    def _is_of_erased(self, resolved: ResolvedItem) -> bool:
        return any(draft.account_id is not None and draft.account_id in self._erased for draft in resolved.events)

    async def _put(self, events: Sequence[Event], refused: Sequence[RefusedMessage], context: IntakeContext) -> None:
        if events and refused:
            await asyncio.gather(self._events.publish(events), self._refused.put(refused, context))
        elif events:
            await self._events.publish(events)
        elif refused:
            await self._refused.put(refused, context)


def _report(
    items: Sequence[IntakeItem], checked: Sequence[CheckedItem], events: Sequence[Event], *, erased: int
) -> IntakeReport:
    pairs = list(enumerate(zip(items, checked, strict=True)))
    return IntakeReport(
        messages=len(items),
        events=events,
        refused=[RefusedMessage(index, item, one.errors) for index, (item, one) in pairs if one.errors],
        partly=[PartlyTaken(index, item, one.left_out) for index, (item, one) in pairs if one.left_out],
        ignored=[
            *(item.ignored for item in items if item.ignored is not None),
            *[IgnoredReason.ERASED] * erased,
        ],
        clamped=sum(one.clamped for one in checked),
    )
