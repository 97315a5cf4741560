"""An account that has another owner: what is pending for the former one, and what the new one has to hear of. Pure."""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from alerts.decisions.account import (
    AccountHistory,
    GatheredSignal,
    PendingMessage,
    RoutedSignal,
    SignalDecision,
    amends,
)
from alerts.decisions.joining import badness
from alerts.decisions.reasons import DecisionReason
from alerts.routing.destination import Destination
from common.contracts.signals import Facts, Signal

Route = Callable[[Signal], tuple[Destination, ...]]
"""Where the routes lead a signal, by the facts that it has."""


class OwnerTransfer(Struct, frozen=True):
    """`history` is without the messages of the former owner, which are `dropped`, by id.

    The first looks `taken_out` are no longer gathered for the former owner.
    `signals` are routed to whoever hears of them because of the new owner; `decisions` say why the former does not.
    """

    history: AccountHistory
    signals: tuple[RoutedSignal, ...]
    decisions: tuple[SignalDecision, ...] = ()
    dropped: tuple[str, ...] = ()
    taken_out: tuple[GatheredSignal, ...] = ()


def with_current_facts(signal: Signal, facts: Facts) -> Signal:
    """With what has become known since; contract dates, seats and stage stay as scoring saw them."""
    current = replace(
        signal.facts,
        name=facts.name,
        owner=facts.owner,
        tier=facts.tier,
        arr=facts.arr,
        language=facts.language,
        time_zone=facts.time_zone,
    )
    return replace(signal, facts=current)


def transfer_to_owner(history: AccountHistory, facts: Facts, route: Route) -> OwnerTransfer:
    """`history.bands` has the newest band of the account last."""
    moved = [one for one in history.pending if _is_the_former_owners(one, facts, route)]
    pending = sorted((signal for message in moved for signal in message.signals), key=lambda signal: signal.at)
    looks = [one for one in history.gathered if not _keys((one.destination,)) <= _keys(_now(one.signal, facts, route))]
    gathered = [_routed_anew(one.signal, history.gathered, _now(one.signal, facts, route)) for one in looks]
    newest = history.bands[-1:]
    # Trouble that is open: the new owner has not heard of it.
    known = {one.signal.signal_id for one in history.gathered}
    opened = [one for one in newest if badness(one) and one.signal_id not in known]
    signals = {one.signal_id: one for one in (*pending, *opened)}
    return OwnerTransfer(
        replace(history, pending=tuple(one for one in history.pending if one not in moved)),
        (*(RoutedSignal(one, _added(one, facts, route), again=True) for one in signals.values()), *gathered),
        (
            *(
                SignalDecision(signal.signal_id, DecisionReason.OTHER_OWNER, message.destination)
                for message in moved
                for signal in message.signals
            ),
            *(SignalDecision(one.signal.signal_id, DecisionReason.OTHER_OWNER, one.destination) for one in looks),
        ),
        tuple(one.notification_id for one in moved),
        tuple(looks),
    )


def _is_the_former_owners(message: PendingMessage, facts: Facts, route: Route) -> bool:
    """Whether it goes to an address that only the former owner's name led to.

    A recovery and a withdrawal go to whoever was told.
    """
    head = message.signals[0]
    now = _keys(_now(head, facts, route))
    here = _keys((message.destination,))
    return not amends(head) and here <= _keys(route(head)) and not here <= now


def _now(signal: Signal, facts: Facts, route: Route) -> tuple[Destination, ...]:
    return route(with_current_facts(signal, facts))


def _routed_anew(look: Signal, gathered: Sequence[GatheredSignal], now: Sequence[Destination]) -> RoutedSignal:
    """To whoever is led to now and has it not among what is gathered for them."""
    known = _keys([one.destination for one in gathered if one.signal.signal_id == look.signal_id])
    return RoutedSignal(look, tuple(one for one in now if one.ways and not _keys((one,)) <= known), again=True)


def _added(signal: Signal, facts: Facts, route: Route) -> tuple[Destination, ...]:
    """Where it leads now and did not before."""
    before = _keys(route(signal))
    return tuple(one for one in _now(signal, facts, route) if one.ways and not _keys((one,)) <= before)


def _keys(destinations: Iterable[Destination] | Sequence[Destination]) -> set[str]:
    return {one.ways[0].address_key for one in destinations if one.ways}
