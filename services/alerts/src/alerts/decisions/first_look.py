"""First looks: what stands in an account after an import is told once per person, with the person's other accounts.

Each is decided twice. When it comes it is gathered, or kept. When the person's message is made, what stands still is
told in it. Pure.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from alerts.decisions.account import (
    AccountDecisions,
    AccountHistory,
    GatheredSignal,
    PastSignal,
    RoutedSignal,
    SignalDecision,
    ToldSignal,
)
from alerts.decisions.joining import badness
from alerts.decisions.reasons import DecisionReason
from alerts.routing.destination import Destination
from alerts.signals.score import SEVERITY_RANK
from common.contracts.signals import Band, Kind, OpenCondition, Severity, Signal

NAMED = 10
"""How many accounts a message names; the others are counted."""

NO_TROUBLE: Final = frozenset({Kind.RENEWAL_WINDOW, Kind.EXPANSION_READY})
"""An open renewal window and readiness for expansion stand in an account and are no trouble."""

LONGEST_GATHERING = 24.0
"""Quiet intervals after which a person is told even if more keep coming: new customers come every day."""


class GatheredMember(Struct, frozen=True):
    """One account of a gathering, and what became of it since its first look.

    `open` is how many conditions stand that need somebody; if `severity` is info, these are a renewal that comes up.
    `arr` and `contract_end` are as known now.
    `newer_band` is the account's newest band after the look, `acknowledged` the worst severity that somebody has
    acknowledged of the episode; `left`: its last outcome was final.
    """

    signal_id: str
    account_id: str
    band: str
    severity: Severity
    open: int
    arr: float | None = None
    contract_end: date | None = None
    newer_band: str | None = None
    acknowledged: Severity | None = None
    left: bool = False


class FirstLookSummary(Struct, frozen=True):
    """What a message says of all its accounts: `accounts` came in, of which `well` have nothing open.

    `red`, `yellow` and `other` (a flag or a missed step, without such a band) need somebody; `arr` is their ARR.
    `renewals` are well, and their contract ends soon.
    """

    accounts: int
    well: int
    red: int
    yellow: int
    other: int
    arr: float
    renewals: int = 0

    @property
    def standing(self) -> int:
        return self.red + self.yellow + self.other + self.renewals


class ToldGathering(NamedTuple):
    """The reason for each signal, by id; the accounts that are told, gravest first; without any there is no message."""

    reasons: dict[str, DecisionReason]
    told: tuple[GatheredMember, ...]
    summary: FirstLookSummary


def gather(decided: AccountDecisions, history: AccountHistory, looks: Sequence[RoutedSignal]) -> AccountDecisions:
    """`decided` with the account's first looks, oldest first: each is gathered, or has a reason not to be."""
    decisions: list[SignalDecision] = []
    gathered: dict[str, GatheredSignal] = {}
    for signal, destinations, _ in looks:
        for destination in destinations:
            # The routes tell nobody: that is decided with the other kinds of signals.
            if not destination.ways:
                continue
            reason = _on_arrival(signal, destination, history, now=decided.at)
            decisions.append(SignalDecision(signal.signal_id, reason, destination))
            if reason is not DecisionReason.GATHERED:
                continue
            key = destination.ways[0].address_key
            # A second import came right after the first: only the newer look stands.
            if (earlier := gathered.get(key)) is not None:
                name = earlier.signal.signal_id
                decisions.append(SignalDecision(name, DecisionReason.OVERTAKEN, earlier.destination))
            gathered[key] = GatheredSignal(signal, destination)
    return replace(decided, decisions=(*decided.decisions, *decisions), gathered=tuple(gathered.values()))


def open_conditions(look: Signal) -> list[OpenCondition]:
    """What stands beside the band and needs somebody."""
    return [one for one in look.standing if one.kind not in (Kind.BAND, Kind.EXPANSION_READY)]


def told_by(look: Signal, destination: Destination, *, decided: float, sure: bool) -> Iterable[ToldSignal]:
    """What a reader of a first look knows, as if each had been told alone: its band, and all that is open."""
    at = look.at.timestamp()
    standing = {(one.kind.value, one.to) for one in look.standing if one.kind is not Kind.BAND}
    for kind, to in [(Kind.BAND.value, look.to), *sorted(standing)]:
        # Without a thread: later news of the account begins one of its own.
        told = PastSignal(look.signal_id, look.episode, kind, to, at, by_look=True)
        yield ToldSignal(told, destination, decided, sure)


def tell_gathering(members: Sequence[GatheredMember]) -> ToldGathering:
    """Decides what of a gathering is told, now that nothing has come for its quiet interval."""
    reasons = {one.signal_id: _when_told(one) for one in members}
    told = sorted((one for one in members if reasons[one.signal_id] is DecisionReason.FIRST_LOOK), key=_gravity)
    well = sum(reason in _WELL for reason in reasons.values())
    red = sum(one.band == Band.RED for one in told)
    yellow = sum(one.band == Band.YELLOW for one in told)
    renewals = sum(_is_only_a_renewal(one) for one in told)
    return ToldGathering(
        reasons,
        tuple(told),
        FirstLookSummary(
            accounts=len(members),
            well=well,
            red=red,
            yellow=yellow,
            other=len(told) - red - yellow - renewals,
            arr=sum(max(0.0, one.arr or 0.0) for one in told if not _is_only_a_renewal(one)),
            renewals=renewals,
        ),
    )


def _is_only_a_renewal(member: GatheredMember) -> bool:
    return member.severity is Severity.INFO and member.band not in (Band.RED, Band.YELLOW)


_WELL = frozenset({DecisionReason.NOTHING_STANDS, DecisionReason.RECOVERED_BEFORE_TOLD})


def _on_arrival(signal: Signal, destination: Destination, history: AccountHistory, *, now: float) -> DecisionReason:
    # The account's last outcome was final.
    if history.left:
        return DecisionReason.LEFT
    # The account was imported again, and the reader knows what stands.
    if _is_known(signal, destination, history.told, now=now):
        return DecisionReason.REPEATED
    return DecisionReason.GATHERED


def _is_known(look: Signal, destination: Destination, told: Sequence[ToldSignal], *, now: float) -> bool:
    """Whether all that stands was told at this address within the repeat interval, and is no worse."""
    key = destination.ways[0].address_key
    known: dict[str, ToldSignal] = {}
    for one in told:
        if one.sure and one.destination.ways and one.destination.ways[0].address_key == key:
            known[_subject(one.signal.kind, one.signal.to)] = one
            if one.signal.told_band is not None:
                known[Kind.BAND.value] = one
    band, others = known.get(Kind.BAND.value), open_conditions(look)
    if not badness(look) and not others:
        return False  # a healthy account counts among those that came in
    found = [known.get(_subject(one.kind, one.to)) for one in others]
    if badness(look):
        found.append(band if band is not None and badness(band.signal) >= badness(look) else None)
    return all(one is not None and now - one.decided < destination.repeat_interval for one in found)


def _subject(kind: str, to: str) -> str:
    return Kind.BAND.value if kind == Kind.BAND else f"{kind!s} {to}"


def _when_told(member: GatheredMember) -> DecisionReason:
    # What is well needs nobody; the message counts it.
    if not member.open and member.band not in (Band.RED, Band.YELLOW):
        return DecisionReason.NOTHING_STANDS
    if member.left:
        return DecisionReason.LEFT
    # It came and went while others were still coming in.
    if member.newer_band == Band.GREEN:
        return DecisionReason.RECOVERED_BEFORE_TOLD
    # A newer band was decided on its own, with a reason of its own.
    if member.newer_band is not None:
        return DecisionReason.OVERTAKEN
    # Somebody has taken it in hand.
    if member.acknowledged is not None and SEVERITY_RANK[member.acknowledged] <= SEVERITY_RANK[member.severity]:
        return DecisionReason.ACKNOWLEDGED
    return DecisionReason.FIRST_LOOK


def _gravity(member: GatheredMember) -> tuple[int, float, float, str]:
    """Red first, then what is worth most; of equals the one whose contract ends first."""
    rank = 0 if member.band == Band.RED else SEVERITY_RANK[member.severity]
    ends = float("inf") if member.contract_end is None else float(member.contract_end.toordinal())
    return rank, -max(0.0, member.arr or 0.0), ends, member.account_id
