"""An account that has another owner: what is pending for the former one, and what the new one has to hear of. Pure."""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from alerts.decisions.account import AccountHistory, PendingMessage, RoutedSignal, SignalDecision, amends
from alerts.decisions.joining import badness
from alerts.decisions.reasons import DecisionReason
from alerts.routing.destination import Destination
from common.contracts.signals import Facts, Signal

Route = Callable[[Signal], tuple[Destination, ...]]
"""Where the routes lead a signal, by the facts that it has."""


class OwnerTransfer(Struct, frozen=True):
    """`history` is without the messages of the former owner, which are `dropped`, by id.

    `signals` are routed to whoever hears of them because of the new owner; `decisions` say why the former does not.
    """

    history: AccountHistory
    signals: tuple[RoutedSignal, ...]
    decisions: tuple[SignalDecision, ...] = ()
    dropped: tuple[str, ...] = ()


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
    newest = history.bands[-1:]
    # Trouble that is open: the new owner has not heard of it.
    opened = [one for one in newest if badness(one)]
    signals = {one.signal_id: one for one in (*pending, *opened)}
    return OwnerTransfer(
        replace(history, pending=tuple(one for one in history.pending if one not in moved)),
        tuple(RoutedSignal(one, _added(one, facts, route), again=True) for one in signals.values()),
        tuple(
            SignalDecision(signal.signal_id, DecisionReason.OTHER_OWNER, message.destination)
            for message in moved
            for signal in message.signals
        ),
        tuple(one.notification_id for one in moved),
    )


def _is_the_former_owners(message: PendingMessage, facts: Facts, route: Route) -> bool:
    """Whether it goes to an address that only the former owner's name led to.

    A recovery and a withdrawal go to whoever was told.
    """
    head = message.signals[0]
    now = _keys(route(with_current_facts(head, facts)))
    here = _keys((message.destination,))
    return not amends(head) and here <= _keys(route(head)) and not here <= now


def _added(signal: Signal, facts: Facts, route: Route) -> tuple[Destination, ...]:
    """Where it leads now and did not before."""
    before = _keys(route(signal))
    return tuple(one for one in route(with_current_facts(signal, facts)) if one.ways and not _keys((one,)) <= before)


def _keys(destinations: Iterable[Destination] | Sequence[Destination]) -> set[str]:
    return {one.ways[0].address_key for one in destinations if one.ways}
