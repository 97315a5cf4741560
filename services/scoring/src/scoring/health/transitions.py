"""What an evaluation changes in an account's alert state, and which of it is told.

`would_change` says whether there is anything to do, `transition` does it. After `transition` nothing would change.
"""

from math import inf
from typing import NamedTuple

from common.contracts.signals import Band, Kind
from scoring.health.account import Account
from scoring.health.alert_state import SUDDEN_POINTS, AlertState
from scoring.health.bands import GREEN, INSUFFICIENT, WORSE, BandLines, below
from scoring.health.evaluation import score_at
from scoring.health.stored import Cause, Crossing
from scoring.health.weights import Weights


class Trigger(NamedTuple):
    """Why an account is evaluated: an event, or time. `lost` is how many points an event cost (below 0: brought).

    `first` if nothing was before it. `outcomes` are those that the event decides.
    """

    cause: Cause
    lost: float = 0.0
    history: bool = False
    first: bool = False
    outcomes: tuple[str, ...] = ()


class Transition(NamedTuple):
    """Something changed; `quiet` if it is shown but not told. `was` is the band before, if a band changed."""

    kind: Kind
    to: str
    crossing: Crossing
    quiet: bool = False
    was: Band | None = None


def would_change(account: Account, state: AlertState, tau: float) -> bool:
    """Whether the account, as last evaluated (at `tau`), is another thing than what its alert state says."""
    if _moves(state, account.score, account.weights, tau):
        return True
    return any([flag.available != (flag.name in state.flags) for flag in account.flags])


def would_change_at(account: Account, state: AlertState, tau: float) -> bool:
    """The same for an evaluation at `tau`, which is not made."""
    score, weights = score_at(account, tau)
    if _moves(state, score, weights, tau):
        return True
    return any([(flag.at(tau) is not None) != (flag.name in state.flags) for flag in account.flags])


def _moves(state: AlertState, score: float, weights: Weights, tau: float) -> bool:
    if state.band is None or weights.sufficient == (state.band is INSUFFICIENT):
        return True
    return state.deadline <= tau or below(score, state.low) or not below(score, state.high)


def refresh(account: Account, state: AlertState) -> None:
    """Recomputes what is derived of the alert state: the range in which no band moves, and the next deadline."""
    lines, clock = _lines(account), account.context.clock
    state.low, state.high = -inf, inf
    if state.band is not None:
        state.low, state.high = lines.stable_range(state.band, state.waiting)
    deadline = inf
    for crossing in [*state.waiting.values(), *state.flags.values()]:
        if not crossing.told:
            deadline = min(deadline, clock.operational(crossing.since) + lines.min_duration)
    for due, step in account.open_steps:
        if state.missed.get(step) != due:
            deadline = min(deadline, clock.operational(due))
    state.deadline = deadline


def transition(account: Account, state: AlertState, trigger: Trigger, at: float) -> list[Transition]:
    """Brings the alert state up to date with the last evaluation, which was at the UTC moment `at`.

    In the order in which they are told: missed steps, flags, outcomes, the band.
    """
    here = Crossing(at, trigger.cause, trigger.history)
    found = _missed(account, state, here) + _flags(account, state, trigger, here)
    found += [Transition(Kind.OUTCOME, name, here) for name in trigger.outcomes]
    found += _band(account, state, trigger, here)
    refresh(account, state)
    return found


def _missed(account: Account, state: AlertState, here: Crossing) -> list[Transition]:
    found = []
    for step, due in sorted([(step, due) for due, step in account.open_steps]):
        if due <= here.since and state.missed.get(step) != due:
            state.missed[step] = due
            found.append(Transition(Kind.MILESTONE_MISSED, step, Crossing(due, here.cause, here.history)))
    return found


def _flags(account: Account, state: AlertState, trigger: Trigger, here: Crossing) -> list[Transition]:
    """An event's own flag is told at once. A derived one waits, unless an event made a large step of it."""
    found = []
    for index in account.model.flags_by_name:
        flag = account.flags[index]
        if not flag.available:
            state.flags.pop(flag.name, None)
            continue
        crossing = state.flags.get(flag.name)
        at_once = crossing is None and (flag.watched is None or _sudden(trigger))
        if crossing is None:
            crossing = here
        if not crossing.told and (at_once or _confirmed(account, crossing, here)):
            crossing = Crossing(crossing.since, crossing.cause, crossing.history, told=True)
            found.append(Transition(Kind.FLAG, flag.name, crossing))
        state.flags[flag.name] = crossing
    return found


def _band(account: Account, state: AlertState, trigger: Trigger, here: Crossing) -> list[Transition]:
    told, lines = state.band, _lines(account)
    if not account.weights.sufficient:
        state.band = INSUFFICIENT
        state.waiting = {}
        return []
    if told is None or told is INSUFFICIENT:
        return [_to_band(state, lines.first_band(account.score), here, trigger)]
    better = lines.better_band(told, account.score)
    if better is not told:
        state.waiting = {}
        return [_to_band(state, better, here, trigger)]
    return _worse(account, state, trigger, here)


def _worse(account: Account, state: AlertState, trigger: Trigger, here: Crossing) -> list[Transition]:
    """Each line waits for its own minimum duration. Of those confirmed the worst is told, once."""
    told, confirmed = state.band, None
    for band in WORSE[told] if told is not None else ():
        if not below(account.score, _lines(account).line(band)):
            state.waiting.pop(band, None)
            continue
        crossing = state.waiting.get(band)
        at_once = crossing is None and _sudden(trigger)
        if crossing is None:
            crossing = state.waiting[band] = here
        if at_once or _confirmed(account, crossing, here):
            confirmed = (band, crossing)
    if confirmed is None:
        return []
    band, crossing = confirmed
    state.waiting = {worse: waits for worse, waits in state.waiting.items() if worse in WORSE[band]}
    return [_to_band(state, band, crossing, trigger)]


def _to_band(state: AlertState, band: Band, crossing: Crossing, trigger: Trigger) -> Transition:
    was, first = state.band, not state.banded
    state.band, state.banded = band, True
    # A first band is where an account stands, not a change; unless it took until now to know.
    quiet = first and (trigger.first or trigger.history)
    quiet = quiet or (band is GREEN and state.episode is None)
    return Transition(Kind.BAND, band.value, crossing, quiet=quiet, was=was)


def _sudden(trigger: Trigger) -> bool:
    """A step this large needs no minimum duration."""
    return round(trigger.lost, 6) >= SUDDEN_POINTS


def _confirmed(account: Account, crossing: Crossing, here: Crossing) -> bool:
    clock = account.context.clock
    return clock.operational(here.since) >= clock.operational(crossing.since) + _lines(account).min_duration


def _lines(account: Account) -> BandLines:
    return account.model.bands[account.context.stage]
