"""Takes the messages of one request: finds their accounts, checks their events, and publishes them."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from common.contracts.events import Event
from common.keys import Key
from ingest.aliases.following import Aliases, FollowedEvents, follow_aliases
from ingest.events.batch import mark_followed
from ingest.events.erased import NOBODY, ErasedLookup, erased_error
from ingest.identity.known import KnownAccount
from ingest.intake.account_wait import AccountWait
from ingest.intake.checking import CheckedItem, DraftChecker
from ingest.intake.erased_items import says_erased, without_erased_people
from ingest.intake.report import IntakeReport, PartlyTaken, RefusedMessage
from ingest.intake.resolve import ResolvedItem, identities_of, lack_account, resolve
from ingest.mapping.item import DraftEvent, IgnoredReason, IntakeItem
from ingest.receiving.bounds import Bounds

_ERASED: Final = CheckedItem(erased=True)


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
    """What all messages of one request have in common. `identities` is the set of identities of the source.

    `browser`: a page sent it, perhaps beside another request that tells the account of its person.
    """

    key: Key
    format: str
    identities: str
    received_at: datetime
    history: bool = False
    browser: bool = False

    @property
    def source(self) -> str:
        return self.key.source


class MessageIntake:
    """Takes messages of every format. Messages of those in `erased` make no event.

    If it raises, nobody knows what was taken: the client has to send the request again, with the same ids.
    `on_followed` gets the number of events that were filed under another account because theirs was merged.
    """

    def __init__(
        self,
        *,
        identities: Identities,
        aliases: Aliases,
        events: EventSink,
        refused: RefusedSink,
        bounds: Bounds,
        erased: ErasedLookup = NOBODY,
        on_followed: Callable[[int], None] = lambda events: None,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._identities = identities
        self._aliases = aliases
        self._on_followed = on_followed
        self._events = events
        self._refused = refused
        self._bounds = bounds
        self._erased = erased
        self._wait = AccountWait()
        self._new_id = new_id

    async def take(self, items: Sequence[IntakeItem], context: IntakeContext) -> IntakeReport:
        """Returns when events and refused messages are acknowledged.

        Raises `IdentitiesUnavailable`, `AliasesUnavailable` and `NotAcknowledged`.
        """
        report = await self._check(items, context)
        # Messages are many times as large as their events. If requests that wait for Kafka held theirs, they would push
        # those of other requests out of the processor's caches: a batch would take a fifth longer.
        del items
        await self._put(report.events, report.refused, context)
        # The list of rejects quotes the values that were left out.
        self._refused.note([one for one in report.partly if not says_erased(one.item.raw, self._erased)], context)
        return report

    async def _check(self, items: Sequence[IntakeItem], context: IntakeContext) -> IntakeReport:
        """What is to be published. Raises `IdentitiesUnavailable` and `AliasesUnavailable`."""
        resolved = await self._resolve(items, context)
        if context.browser and lack_account(resolved):
            resolved = await self._wait_for_accounts(resolved, items, context)
        items = [one.item for one in resolved]
        checker = DraftChecker(
            source=context.source,
            received_at=context.received_at,
            history=context.history,
            bounds=self._bounds,
            new_id=self._new_id,
        )
        anybody_erased = len(self._erased) > 0
        checked = await self._follow(
            [_ERASED if anybody_erased and self._are_of_erased(one.events) else checker.check(one) for one in resolved]
        )
        if len(self._erased):
            checked = [_ERASED if self._is_erased(item, one) else one for item, one in zip(items, checked, strict=True)]
        events = mark_followed([event for one in checked for event in one.events])
        return _report(items, checked, events)

    async def _wait_for_accounts(
        self, resolved: Sequence[ResolvedItem], items: Sequence[IntakeItem], context: IntakeContext
    ) -> Sequence[ResolvedItem]:
        """Resolves the items again and again, until all have an account or the wait is over."""
        with self._wait.place() as waits:
            for seconds in waits:
                await asyncio.sleep(seconds)
                resolved = await self._resolve(items, context)
                if not lack_account(resolved):
                    break
        return resolved

    async def _resolve(self, items: Sequence[IntakeItem], context: IntakeContext) -> Sequence[ResolvedItem]:
        """Drops items of erased people, and links to them. Stores what the others teach."""
        items = without_erased_people(items, self._erased)
        wanted = identities_of(items)
        if not wanted:
            # The usual case, a client that names the account in every message: nothing to look up, nothing to learn.
            return [ResolvedItem(item, item.events) for item in items]
        known = await self._identities.accounts(context.identities, wanted)
        # Again: somebody may have been erased during the lookup. From here to the write nothing is awaited.
        resolution = resolve(without_erased_people(items, self._erased), known)
        # Stored before the events: if the request fails after this and comes again, it finds the same accounts.
        learned = {
            one: known for one, known in resolution.learned.items() if not self._erased.account(known.account_id)
        }
        await self._identities.learn(context.identities, learned)
        return resolution.items

    def _is_erased(self, item: IntakeItem, checked: CheckedItem) -> bool:
        # Such a message is only counted: the dead topic would keep the erased id.
        if checked.errors:
            return says_erased(item.raw, self._erased)
        # The account may have been merged into an erased one.
        return self._are_of_erased(checked.events)

    def _are_of_erased(self, events: Sequence[DraftEvent | Event]) -> bool:
        return len(self._erased) > 0 and any(erased_error(event, self._erased) is not None for event in events)

    async def _follow(self, checked: Sequence[CheckedItem]) -> Sequence[CheckedItem]:
        """The same items, with events of merged accounts filed under the accounts that these go on as."""
        events = [event for one in checked for event in one.events]
        followed = await follow_aliases(events, self._aliases)
        if followed.events is events:
            return checked
        pairs = zip(events, followed.events, strict=True)
        self._on_followed(sum(event.account_id != filed.account_id for event, filed in pairs))
        return list(_refiled(checked, followed))

    async def _put(self, events: Sequence[Event], refused: Sequence[RefusedMessage], context: IntakeContext) -> None:
        if events and refused:
            # The answer waits for both, whatever becomes of one.
            both = self._events.publish(events), self._refused.put(refused, context)
            for outcome in await asyncio.gather(*both, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome
        elif events:
            await self._events.publish(events)
        elif refused:
            await self._refused.put(refused, context)


def _refiled(checked: Sequence[CheckedItem], followed: FollowedEvents) -> Iterator[CheckedItem]:
    begin = 0
    for one in checked:
        places = range(begin, begin + len(one.events))
        begin = places.stop
        if errors := tuple(followed.refused[place] for place in places if place in followed.refused):
            yield CheckedItem(errors=errors)
        else:
            yield replace(one, events=tuple(followed.events[place] for place in places))


def _report(items: Sequence[IntakeItem], checked: Sequence[CheckedItem], events: Sequence[Event]) -> IntakeReport:
    refused: list[RefusedMessage] = []
    partly: list[PartlyTaken] = []
    ignored: list[IgnoredReason] = []
    for index, (item, one) in enumerate(zip(items, checked, strict=True)):
        if one.errors:
            refused.append(RefusedMessage(index, item, one.errors))
        if one.left_out:
            partly.append(PartlyTaken(index, item, one.left_out))
        if (reason := IgnoredReason.ERASED if one.erased else item.ignored) is not None:
            ignored.append(reason)
    return IntakeReport(
        messages=len(items),
        events=events,
        refused=refused,
        partly=partly,
        ignored=ignored,
        clamped=sum(one.clamped for one in checked),
    )
