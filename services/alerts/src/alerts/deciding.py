"""A run of records of one partition, recorded and decided in one transaction."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct

from alerts.core.case import Decision, Dossier, Fresh, Outcome
from alerts.core.decide import decide
from alerts.core.destination import Destination
from alerts.core.labels import Labels, labels
from alerts.core.reasons import Reason
from alerts.entries import Entry, Run, once
from common.contracts.signals import Signal


class Desk(Protocol):
    """An open transaction; nobody else decides this partition meanwhile."""

    async def record(self, entries: Sequence[Entry]) -> frozenset[str]:
        """Stores each signal once; the ids that were not known before."""

    async def waiting(self, accounts: Collection[str] | None) -> Sequence[Signal]:
        """Late signals of these accounts (None: of the whole partition) that are still undecided, oldest first."""

    async def dossiers(self, accounts: Collection[str], *, final: Collection[str]) -> Sequence[Dossier]:
        """One for each account; `final` are the outcomes that end a relationship."""

    async def write(self, outcomes: Sequence[Outcome], *, settled: Collection[str]) -> None:
        """`settled` are signals that wait no more."""


class Router(Protocol):
    def destinations(self, labels: Labels, *, on: datetime) -> tuple[Destination, ...]: ...


class Decided(Struct, frozen=True):
    """What a run came to. `to_send`: whether it made messages."""

    recorded: int = 0
    duplicates: int = 0
    decisions: tuple[Decision, ...] = ()
    to_send: bool = False


class Clerk:
    """`final` are the outcomes after which nothing more is told of an account, until another outcome."""

    def __init__(self, router: Router, *, final: frozenset[str]) -> None:
        self._router = router
        self._final = final

    async def work(self, run: Run, desk: Desk, *, again: Collection[str] = (), now: float = 0.0) -> Decided:
        """`again` are accounts whose unsent messages are looked at anew, as of the record time `now`."""
        entries = once(run.entries)
        known = await desk.record(entries) if entries else frozenset()
        new = [entry for entry in entries if entry.signal.signal_id in known]
        moments = dict.fromkeys(again, now) | _moments(new)
        waited = await self._waited(run, desk, new, moments)
        if run.caught_up is not None:
            moments = dict.fromkeys((signal.account_id for signal in waited), run.caught_up) | moments
        fresh = self._fresh([*waited, *(entry.signal for entry in new if entry.settled is None)], moments)
        settled = {signal.signal_id for signal in waited}
        outcomes = [*_undecided(new, settled)]
        if moments:
            for dossier in await desk.dossiers(moments, final=self._final):
                account_id = dossier.account_id
                outcomes.append(decide(dossier, fresh.get(account_id, ()), now=moments[account_id]))
        await desk.write(outcomes, settled=settled)
        return Decided(
            recorded=len(new),
            duplicates=len(run.entries) - len(new),
            decisions=tuple(decision for outcome in outcomes for decision in outcome.decisions),
            to_send=any(outcome.composed for outcome in outcomes),
        )

    async def _waited(
        self, run: Run, desk: Desk, new: Sequence[Entry], moments: Mapping[str, float]
    ) -> Sequence[Signal]:
        """What this run settles: by word that scoring has caught up, or by fresh word about the account itself."""
        if run.caught_up is None:
            return await desk.waiting(moments) if moments else ()
        since = {entry.signal.signal_id for entry in run.entries[run.before :] if entry.settled is Reason.LATE}
        waiting = await desk.waiting(None)
        return [one for one in waiting if one.signal_id not in since or one.account_id in moments]

    def _fresh(self, signals: Sequence[Signal], moments: Mapping[str, float]) -> Mapping[str, Sequence[Fresh]]:
        fresh: dict[str, list[Fresh]] = {}
        for signal in signals:
            on = datetime.fromtimestamp(moments[signal.account_id], UTC)
            routed = self._router.destinations(labels(signal), on=on)
            fresh.setdefault(signal.account_id, []).append(Fresh(signal, routed))
        return fresh


def _moments(new: Sequence[Entry]) -> dict[str, float]:
    """The accounts of which there is fresh word, and when it was recorded."""
    return {entry.signal.account_id: entry.recorded for entry in new if entry.settled is None}


def _undecided(new: Sequence[Entry], settled: Collection[str]) -> Iterator[Outcome]:
    """History for good, late signals for now."""
    for entry in new:
        signal_id = entry.signal.signal_id
        if entry.settled is not None and signal_id not in settled:
            yield Outcome(entry.signal.account_id, entry.recorded, (Decision(signal_id, entry.settled),))
