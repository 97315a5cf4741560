"""A run of records of one partition, recorded and decided in one transaction."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from alerts.core.case import AccountDecisions, AccountHistory, RoutedSignal, SignalDecision
from alerts.core.decide import decide_account
from alerts.core.destination import Destination
from alerts.core.labels import Labels, labels
from alerts.core.reasons import DecisionReason
from alerts.entries import LateSignals, ReadSignal, RecordedSignals, SignalsBatch, without_duplicates
from common.contracts.signals import Signal

ACCOUNTS_AT_ONCE = 500  # accounts


class DecisionTransaction(Protocol):
    """An open transaction; nobody else decides this partition meanwhile."""

    async def record(self, entries: Sequence[ReadSignal]) -> RecordedSignals:
        """Stores each signal once."""

    async def waiting(self, accounts: Collection[str] | None) -> LateSignals:
        """What waits of these accounts (None: of the whole partition)."""

    async def accounts_waiting(self, *, besides: Collection[str], most: int) -> Sequence[str]:
        """Other accounts with late signals that are still undecided, so many at most, those with the oldest."""

    async def histories(self, accounts: Collection[str], *, final: Collection[str]) -> Sequence[AccountHistory]:
        """One for each account; `final` are the outcomes that end a relationship."""

    async def write(self, outcomes: Sequence[AccountDecisions], *, settled: Collection[str]) -> None:
        """`settled` are signals that wait no more."""


class Router(Protocol):
    def destinations(self, labels: Labels, *, on: datetime) -> tuple[Destination, ...]: ...


class BatchSummary(Struct, frozen=True):
    """What a run came to. `to_send`: whether it made messages; `more`: whether there is more to settle."""

    recorded: int = 0
    duplicates: int = 0
    decisions: tuple[SignalDecision, ...] = ()
    to_send: bool = False
    more: bool = False


class DecisionService:
    """`final` are the outcomes after which nothing more is told of an account, until another outcome."""

    def __init__(self, router: Router, *, final: frozenset[str]) -> None:
        self._router = router
        self._final = final

    async def settle(self, run: SignalsBatch, desk: DecisionTransaction) -> BatchSummary:
        """Part of what the run's word that scoring has caught up settles: late signals of before, of accounts that the
        run itself says nothing of. After hours away it is more than one transaction should hold.
        """
        besides = {entry.signal.account_id for entry in run.entries}
        accounts = await desk.accounts_waiting(besides=besides, most=ACCOUNTS_AT_ONCE)
        if run.caught_up is None or not accounts:
            return BatchSummary()
        waited = await desk.waiting(accounts)
        decided = await self._decided(desk, (), waited, moments=dict.fromkeys(accounts, run.caught_up))
        return replace(decided, more=len(accounts) == ACCOUNTS_AT_ONCE)

    async def work(
        self, run: SignalsBatch, desk: DecisionTransaction, *, again: Collection[str] = (), now: float = 0.0
    ) -> BatchSummary:
        """`again` are accounts whose unsent messages are looked at anew, as of the record time `now`."""
        entries = without_duplicates(run.entries)
        recorded = await desk.record(entries) if entries else RecordedSignals()
        new = [entry for entry in entries if entry.signal.signal_id in recorded.added]
        if run.caught_up is None:
            waited = _with_fresh_word(new, recorded.waiting)
        else:
            waited = await desk.waiting(None)
        waited = _without(_still_late(run), waited)
        moments = dict.fromkeys(again, now)
        if run.caught_up is not None:
            moments |= dict.fromkeys(waited.accounts, run.caught_up)
        decided = await self._decided(desk, new, waited, moments=moments | _moments(new))
        return replace(decided, recorded=len(new), duplicates=len(run.entries) - len(new))

    async def _decided(
        self, desk: DecisionTransaction, new: Sequence[ReadSignal], waited: LateSignals, *, moments: Mapping[str, float]
    ) -> BatchSummary:
        """`new` is what this run has brought, `waited` what waits no more; `moments` are record times, by account."""
        settled = {signal.signal_id for signal in waited.signals}
        ready = [entry.signal for entry in new if entry.put_off is None or entry.signal.signal_id in settled]
        come = {signal.signal_id for signal in ready}
        # In the order of the log: what waited since before, then all that this run has brought.
        fresh = self._fresh([*(signal for signal in waited.signals if signal.signal_id not in come), *ready], moments)
        outcomes = [*_undecided(new, settled), *_unreadable(waited, moments)]
        if moments:
            for history in await desk.histories(moments, final=self._final):
                account_id = history.account_id
                outcomes.append(decide_account(history, fresh.get(account_id, ()), now=moments[account_id]))
        if outcomes:
            await desk.write(outcomes, settled=settled | {signal_id for _, signal_id in waited.damaged})
        return BatchSummary(
            decisions=tuple(decision for outcome in outcomes for decision in outcome.decisions),
            to_send=any(outcome.composed or outcome.dropped for outcome in outcomes),
        )

    def _fresh(self, signals: Sequence[Signal], moments: Mapping[str, float]) -> Mapping[str, Sequence[RoutedSignal]]:
        fresh: dict[str, list[RoutedSignal]] = {}
        for signal in signals:
            on = datetime.fromtimestamp(moments[signal.account_id], UTC)
            routed = self._router.destinations(labels(signal), on=on)
            fresh.setdefault(signal.account_id, []).append(RoutedSignal(signal, routed))
        return fresh


def _moments(new: Sequence[ReadSignal]) -> dict[str, float]:
    """The accounts of which there is fresh word, and when it was recorded."""
    return {entry.signal.account_id: entry.recorded for entry in new if entry.put_off is None}


def _with_fresh_word(new: Sequence[ReadSignal], before: LateSignals) -> LateSignals:
    """A late signal waits no more once there is fresh word about its account."""
    fresh = _moments(new)
    late = [entry.signal for entry in new if entry.put_off is DecisionReason.LATE]
    return LateSignals(
        tuple(signal for signal in (*before.signals, *late) if signal.account_id in fresh),
        tuple(one for one in before.damaged if one[0] in fresh),
    )


def _without(late: Collection[str], waited: LateSignals) -> LateSignals:
    return replace(waited, signals=tuple(one for one in waited.signals if one.signal_id not in late))


def _still_late(run: SignalsBatch) -> frozenset[str]:
    """Late signals of this run after which neither word has come."""
    late: set[str] = set()
    fresh: set[str] = set()
    for index in range(len(run.entries) - 1, -1, -1):
        signal, put_off = run.entries[index].signal, run.entries[index].put_off
        if put_off is None:
            fresh.add(signal.account_id)
        elif index >= run.before and signal.account_id not in fresh:
            late.add(signal.signal_id)
        else:
            late.discard(signal.signal_id)  # said again later: the first time counts
    return frozenset(late)


def _undecided(new: Sequence[ReadSignal], settled: Collection[str]) -> Iterator[AccountDecisions]:
    """History for good, late signals for now."""
    for entry in new:
        signal_id = entry.signal.signal_id
        if entry.put_off is not None and signal_id not in settled:
            yield AccountDecisions(entry.signal.account_id, entry.recorded, (SignalDecision(signal_id, entry.put_off),))


def _unreadable(waited: LateSignals, moments: Mapping[str, float]) -> Iterator[AccountDecisions]:
    for account_id, signal_id in waited.damaged:
        yield AccountDecisions(account_id, moments[account_id], (SignalDecision(signal_id, DecisionReason.UNREADABLE),))
