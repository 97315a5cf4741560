"""gauge of "arr/arr_peak_12m": what the contract is worth now against the most of the last twelve months."""

from msgspec import Struct, field

from common.contracts.events import Event
from scoring.core.context import Context
from scoring.core.hashing import hash64
from scoring.core.metrics.gauge import Answer, Fading
from scoring.core.moments import seconds
from scoring.core.properties import number

VALUE = "arr/arr_peak_12m"

_YEAR = seconds(365.0)
# A contract that fell more often than this within a year is told apart by its highest amounts.
_MOST = 64


class Amounts(Struct, array_like=True):
    """The newest amount last; before it those of the year that no later one reaches, so they only fall."""

    falling: list[Answer] = field(default_factory=list)


class AgainstPeak(Fading):
    state_type = Amounts

    def apply(self, state: Amounts, event: Event, *, moment: float, context: Context) -> bool:
        amount = number(event.properties.get("arr"))
        if amount is None:
            return False
        before = state.falling
        amounts = sorted([*before, (moment, hash64(event.event_id), amount)])
        state.falling = _falling(amounts)
        return state.falling != before

    def reading(self, state: Amounts) -> tuple[float, float] | None:
        if not state.falling or state.falling[0][2] <= 0.0:
            return None
        newest, peak = state.falling[-1], state.falling[0]
        return newest[0], newest[2] / peak[2]


def _falling(amounts: list[Answer]) -> list[Answer]:
    """Amounts in order of time, without what left the year or was reached again later."""
    newest = amounts[-1][0]
    kept: list[Answer] = []
    for amount in amounts:
        if newest - amount[0] > _YEAR:
            continue
        while kept and kept[-1][2] <= amount[2]:
            kept.pop()
        kept.append(amount)
    return kept if len(kept) <= _MOST else [*kept[: _MOST - 1], kept[-1]]
