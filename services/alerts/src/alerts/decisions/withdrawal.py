"""What a retraction withdraws of all that an address was told, or is about to be told."""

from collections.abc import Iterable, Sequence
from typing import Final

from alerts.decisions.account import PastSignal, ToldSignal
from common.contracts import ids
from common.contracts.signals import Band, Kind, Signal

# These are withdrawn by name: silence is their cause, so their id does not name the retracted event.
_BY_NAME: Final = (Kind.MILESTONE_MISSED, Kind.RENEWAL_WINDOW)
# Kinds whose signals are withdrawn by name. A band is not: scoring tells the band after a retraction by itself.
WITHDRAWN_KINDS: Final = (
    Kind.FLAG,
    Kind.MILESTONE_MISSED,
    Kind.CONTRACTION,
    Kind.OUTCOME,
    Kind.RENEWAL_WINDOW,
    Kind.VALUE_REACHED,
)


class Withdrawal:
    """What the signal `retracted` withdraws: scoring names a signal after its kind, its name and its cause."""

    def __init__(self, retracted: Signal) -> None:
        self._name = retracted.to
        self._named = {_signal_id(retracted, kind, retracted.to) for kind in WITHDRAWN_KINDS}
        self._bands = {_signal_id(retracted, Kind.BAND, band) for band in (Band.YELLOW, Band.RED)}

    def withdraws(self, signal: Signal | PastSignal) -> bool:
        """Whether the signal tells what is withdrawn now: by its id, or by its name where it names no event.

        A first look names what stands, and not the events that brought it.
        """
        looked = isinstance(signal, PastSignal) and signal.by_look and signal.kind in WITHDRAWN_KINDS
        by_name = looked or signal.kind in _BY_NAME
        return (by_name and signal.to == self._name) or signal.signal_id in self._named

    def brought(self, signal: Signal | PastSignal) -> bool:
        """Whether it tells a band that the withdrawn event brought: its message speaks of the event, too."""
        return signal.signal_id in self._bands or (signal.told_band is not None and self.withdraws(signal))

    def told(self, told: Iterable[ToldSignal]) -> ToldSignal | None:
        """The last that was told of it; of a message with a band and its flag, either."""
        found = [one for one in told if self.withdraws(one.signal) or self.brought(one.signal)]
        return found[-1] if found else None


def subjects(name: str) -> Sequence[tuple[str, str]]:
    """(kind, name) of all that a retraction may withdraw under a name."""
    return [(kind.value, name) for kind in WITHDRAWN_KINDS]


def _signal_id(retracted: Signal, kind: Kind, to: str) -> str:
    return ids.signal_id(retracted.account_id, retracted.card_id, kind.value, to, retracted.cause)
