"""A batch of records of one partition, recorded and decided in one transaction."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from alerts.decisions.account import AccountDecisions, AccountHistory, RoutedSignal, SignalDecision
from alerts.decisions.decide import decide_account
from alerts.decisions.merged import end_alerts
from alerts.decisions.owner_transfer import transfer_to_owner, with_current_facts
from alerts.decisions.reasons import DecisionReason
from alerts.routing.destination import Destination
from alerts.routing.labels import Labels, labels
from alerts.topic.batch import LateSignals, ReadFacts, ReadSignal, RecordedSignals, SignalsBatch, without_duplicates
from alerts.worker.gathering_service import PERSONS_AT_ONCE, GatheringRows, GatheringService
from common.contracts.events import Erasure, MentionsErased
from common.contracts.signals import Facts, Signal
from common.erasures.erasure_spans import ErasureRow

ACCOUNTS_AT_ONCE = 500  # in one transaction, of those with late signals or with timers that are due


class DecisionTransaction(Protocol):
    """An open transaction. It holds the partition's lock, so nobody else decides the partition meanwhile."""

    @property
    def gatherings(self) -> GatheringRows[Any]: ...

    async def record(self, signals: Sequence[ReadSignal]) -> RecordedSignals:
        """Stores each signal once."""

    async def late_signals(self, accounts: Collection[str] | None) -> LateSignals:
        """The undecided late signals of these accounts (None: of the whole partition)."""

    async def late_accounts(self, *, besides: Collection[str], most: int) -> Sequence[str]:
        """At most so many other accounts with undecided late signals: those with the oldest ones."""

    async def due_accounts(self, until: float, *, most: int) -> Sequence[str]:
        """At most so many accounts of the partition whose timers are due by then, the earliest first."""

    async def write_facts(self, facts: Sequence[ReadFacts]) -> Sequence[str]:
        """Stores what is known of accounts now.

        Returns those with alerts whose owner is another one than before, or that were merged just now.
        """

    async def known_facts(self, accounts: Collection[str]) -> Mapping[str, Facts]:
        """What is known of these accounts now, of those of which facts were told."""

    async def histories(
        self, accounts: Collection[str], *, final: Collection[str], moved: Collection[str] = ()
    ) -> Sequence[AccountHistory]:
        """One for each account; `final` are the outcomes that end a relationship.

        The newest band of accounts that have `moved` to another owner is among the `bands`.
        """

    async def write(self, decided: Sequence[AccountDecisions], *, settled: Collection[str]) -> None:
        """`settled` are the ids of late signals that are decided now."""

    async def erase(self, erased: Erasure, row: ErasureRow, *, recorded: float) -> None:
        """Deletes all that is known of the account but the ids of its signals, or of the person in this partition.

        `recorded` is the record time.
        """

    async def erase_mentions(self, said: MentionsErased) -> int:
        """Replaces the id of the erased account in facts of other accounts; in how many signals of the partition."""

    async def lift(self, erasure_id: str, offset: int) -> None:
        """The account's records count again from this offset on, and signals may name the person again."""


class Router(Protocol):
    def destinations(self, labels: Labels, *, on: datetime) -> tuple[Destination, ...]: ...


class BatchSummary(Struct, frozen=True):
    """What came of a batch. `to_send`: there are new messages; `more`: there is more to decide before the batch.

    `fired` is how many timers fired; `earliest` is when the first of those is due that were set.
    """

    recorded: int = 0
    duplicates: int = 0
    fired: int = 0
    earliest: float | None = None
    decisions: tuple[SignalDecision, ...] = ()
    to_send: bool = False
    more: bool = False


class DecisionService:
    """After one of the `final` outcomes nothing more of an account is told, until its next outcome."""

    def __init__(self, router: Router, gathering: GatheringService, *, final: frozenset[str]) -> None:
        self._router = router
        self._gathering = gathering
        self._final = final

    async def decide_due(self, tick: float, transaction: DecisionTransaction) -> BatchSummary:
        """Decides again the accounts whose timers are due at a tick, `ACCOUNTS_AT_ONCE` of them.

        A timer that fires is moved or deleted in the same transaction, so a tick that is read again fires nothing.
        """
        accounts = await transaction.due_accounts(tick, most=ACCOUNTS_AT_ONCE)
        if not accounts:
            return BatchSummary()
        summary = await self._decide(transaction, (), LateSignals(), moments=dict.fromkeys(accounts, tick))
        return replace(summary, fired=len(accounts), more=len(accounts) == ACCOUNTS_AT_ONCE)

    async def tell_gathered(self, transaction: DecisionTransaction, *, regardless: bool) -> BatchSummary:
        """Makes the messages of people for whom nothing has come for a while, `PERSONS_AT_ONCE` of them.

        `regardless` of partitions that have not read so far.
        """
        closed = await self._gathering.close_due(transaction.gatherings, regardless=regardless)
        more = closed.people == PERSONS_AT_ONCE
        return BatchSummary(fired=closed.people, decisions=closed.decisions, to_send=closed.to_send, more=more)

    async def decide_late(self, batch: SignalsBatch, transaction: DecisionTransaction) -> BatchSummary:
        """Decides some of the late signals that the batch's `CaughtUp` releases.

        They are older than the batch, of accounts that are not in it. After hours away they are too many for one
        transaction, so this takes `ACCOUNTS_AT_ONCE` accounts.
        """
        besides = {read.signal.account_id for read in batch.signals}
        accounts = await transaction.late_accounts(besides=besides, most=ACCOUNTS_AT_ONCE)
        if batch.caught_up is None or not accounts:
            return BatchSummary()
        late = await transaction.late_signals(accounts)
        summary = await self._decide(transaction, (), late, moments=dict.fromkeys(accounts, batch.caught_up))
        return replace(summary, more=len(accounts) == ACCOUNTS_AT_ONCE)

    async def decide_batch(
        self,
        batch: SignalsBatch,
        transaction: DecisionTransaction,
        *,
        reconsidered: Collection[str] = (),
        now: float = 0.0,
    ) -> BatchSummary:
        """`reconsidered` are accounts whose unsent messages are decided again, as of the record time `now`."""
        changed = await self._changed(batch, transaction)
        signals = without_duplicates(batch.signals)
        recorded = await transaction.record(signals) if signals else RecordedSignals()
        new = [read for read in signals if read.signal.signal_id in recorded.added]
        # Without a `CaughtUp` only accounts with a timely signal have their late ones decided.
        if batch.caught_up is None:
            late = _released_by_timely(new, recorded.late)
        else:
            late = await transaction.late_signals(None)
        still_late = _still_late(batch)
        late = replace(late, signals=tuple(one for one in late.signals if one.signal_id not in still_late))
        # What waits of an account that was merged waits no more.
        if merged := [one.account_id for one in changed if one.facts.merged_into is not None]:
            late = _joined(late, await transaction.late_signals(merged))
        moments = dict.fromkeys(reconsidered, now) | {one.account_id: one.recorded for one in changed}
        if batch.caught_up is not None:
            moments |= dict.fromkeys(late.accounts, batch.caught_up)
        summary = await self._decide(
            transaction,
            new,
            late,
            moments=moments | _timely_accounts(new),
            changed={one.account_id: one.facts for one in changed},
        )
        return replace(summary, recorded=len(new), duplicates=len(batch.signals) - len(new))

    async def _changed(self, batch: SignalsBatch, transaction: DecisionTransaction) -> Sequence[ReadFacts]:
        if not batch.facts:
            return ()
        moved = set(await transaction.write_facts(batch.facts))
        return [one for one in batch.facts if one.account_id in moved]

    async def _decide(
        self,
        transaction: DecisionTransaction,
        new: Sequence[ReadSignal],
        late: LateSignals,
        *,
        moments: Mapping[str, float],
        changed: Mapping[str, Facts] | None = None,
    ) -> BatchSummary:
        """`new` are the batch's own signals, `late` those that are released; `moments` are record times, by account.

        `changed` are the facts of accounts that have another owner now, or were merged just now.
        """
        changed = changed or {}
        settled = {signal.signal_id for signal in late.signals}
        ready = [read.signal for read in new if read.postponed is None or read.signal.signal_id in settled]
        ready_ids = {signal.signal_id for signal in ready}
        before = [one for one in late.signals if one.signal_id not in ready_ids]
        facts = await transaction.known_facts({one.account_id for one in before}) if before else {}
        # In the order of the log: late signals of former batches, then all of this one.
        routed = self._route([*before, *ready], moments, facts)
        decided = [*_postponed(new, settled), *_unreadable(late, moments)]
        if moments:
            for history in await transaction.histories(moments, final=self._final, moved=changed):
                account_id = history.account_id
                signals, now = routed.get(account_id, ()), moments[account_id]
                if history.merged:
                    just_merged = account_id in changed
                    decided.append(end_alerts(history, signals, just_merged=just_merged, now=now))
                elif (known := changed.get(account_id)) is None:
                    decided.append(decide_account(history, signals, now=now))
                else:
                    decided.append(self._decide_for_the_new_owner(history, signals, known, now=now))
        if decided:
            await transaction.write(decided, settled=settled | {signal_id for _, signal_id in late.unreadable})
            await self._gathering.gather(decided, transaction.gatherings)
        return BatchSummary(
            decisions=tuple(decision for account in decided for decision in account.decisions),
            to_send=any(account.messages or account.dropped or account.released for account in decided),
            earliest=min((one.timer for one in decided if one.timer is not None), default=None),
        )

    def _decide_for_the_new_owner(
        self, history: AccountHistory, signals: Sequence[RoutedSignal], facts: Facts, *, now: float
    ) -> AccountDecisions:
        on = datetime.fromtimestamp(now, UTC)
        changed = transfer_to_owner(history, facts, lambda signal: self._router.destinations(labels(signal), on=on))
        decided = decide_account(changed.history, [*changed.signals, *signals], now=now)
        return replace(
            decided,
            decisions=(*changed.decisions, *decided.decisions),
            dropped=(*changed.dropped, *decided.dropped),
            taken_out=changed.taken_out,
        )

    def _route(
        self, signals: Sequence[Signal], moments: Mapping[str, float], facts: Mapping[str, Facts]
    ) -> Mapping[str, Sequence[RoutedSignal]]:
        """`facts` are known of accounts whose signals waited."""
        routed: dict[str, list[RoutedSignal]] = {}
        for signal in signals:
            on = datetime.fromtimestamp(moments[signal.account_id], UTC)
            known = facts.get(signal.account_id)
            current = signal if known is None else with_current_facts(signal, known)
            destinations = self._router.destinations(labels(current), on=on)
            routed.setdefault(signal.account_id, []).append(RoutedSignal(signal, destinations))
        return routed


def _timely_accounts(new: Sequence[ReadSignal]) -> dict[str, float]:
    """The accounts with a signal that is decided now, and its record time."""
    return {read.signal.account_id: read.recorded for read in new if read.postponed is None}


def _released_by_timely(new: Sequence[ReadSignal], before: LateSignals) -> LateSignals:
    """A timely signal says how its account stands now, so the account's late ones wait no more."""
    timely = _timely_accounts(new)
    late = [read.signal for read in new if read.postponed is DecisionReason.LATE]
    return LateSignals(
        tuple(signal for signal in (*before.signals, *late) if signal.account_id in timely),
        tuple(one for one in before.unreadable if one[0] in timely),
    )


def _joined(late: LateSignals, more: LateSignals) -> LateSignals:
    """Each signal once, in the order in which they were recorded within each."""
    known = {signal.signal_id for signal in late.signals}
    added = tuple(signal for signal in more.signals if signal.signal_id not in known)
    return LateSignals((*late.signals, *added), tuple(dict.fromkeys((*late.unreadable, *more.unreadable))))


def _still_late(batch: SignalsBatch) -> frozenset[str]:
    """Late signals of this batch with neither a `CaughtUp` nor a timely signal of their account after them."""
    late: set[str] = set()
    timely: set[str] = set()
    for index in range(len(batch.signals) - 1, -1, -1):
        signal, postponed = batch.signals[index].signal, batch.signals[index].postponed
        if postponed is None:
            timely.add(signal.account_id)
        elif index >= batch.before_caught_up and signal.account_id not in timely:
            late.add(signal.signal_id)
        else:
            late.discard(signal.signal_id)  # a duplicate came later: the first copy counts
    return frozenset(late)


def _postponed(new: Sequence[ReadSignal], settled: Collection[str]) -> Iterator[AccountDecisions]:
    """History is kept for good, a late signal for now."""
    for read in new:
        signal_id = read.signal.signal_id
        if read.postponed is not None and signal_id not in settled:
            decision = SignalDecision(signal_id, read.postponed)
            yield AccountDecisions(read.signal.account_id, read.recorded, (decision,))


def _unreadable(late: LateSignals, moments: Mapping[str, float]) -> Iterator[AccountDecisions]:
    for account_id, signal_id in late.unreadable:
        decision = SignalDecision(signal_id, DecisionReason.UNREADABLE)
        yield AccountDecisions(account_id, moments[account_id], (decision,))
