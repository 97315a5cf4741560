"""What was told of an event that `event.retracted` takes back; `feeding` takes back what the event had set."""

from datetime import date

from common.contracts.signals import Kind
from scoring.health.account import Account
from scoring.health.alert_state import AlertState
from scoring.health.flag_telling import was_told
from scoring.health.journey_told import first_value_event
from scoring.health.moments import day_number
from scoring.health.properties import EventName, hash_of
from scoring.health.state_format import Crossing, DecidedOutcome, WithdrawnSignal


def withdraw(
    account: Account,
    withdrawn: EventName,
    steps_before: list[tuple[float, str]],
    present: Crossing,
    end_before: date | None,
) -> list[WithdrawnSignal]:
    """What was told because of an event that is retracted now, and does not stand without it.

    The account was evaluated at `present.since`; `steps_before` are its told steps before that, and `end_before` is
    when its contract ended then. From now on the alert state says that nothing of this was told, so it may be told
    anew. Of an open request that is the state before its first event: what happened since was not told.
    """
    request = account.request
    state = account.state if request is None else request.before
    found = _withdraw_steps(account, state, steps_before, present)
    found += _withdraw_flags(account, state, withdrawn, present)
    found += _withdraw_window(account, state, end_before, present)
    by = hash_of(*withdrawn)
    found += _withdraw_value(account, state, by, present)
    origin = state.arr_origin
    if origin is not None and origin.by == by:
        state.arr, state.arr_origin = origin.former, None
        if origin.told:
            found.append(WithdrawnSignal(Kind.CONTRACTION, "arr", _crossing(present, history=origin.history)))
    for name in sorted(state.outcomes):
        if state.outcomes[name].by == by:
            found.append(WithdrawnSignal(Kind.OUTCOME, name, _crossing(present, history=state.outcomes[name].history)))
            del state.outcomes[name]
    if request is not None:
        draft = account.state.arr_origin
        if draft is not None and draft.by == by:
            account.state.arr, account.state.arr_origin = draft.former, None
        request.outcomes = [each for each in request.outcomes if each[1].cause != withdrawn]
    return found


def _withdraw_steps(
    account: Account, state: AlertState, steps_before: list[tuple[float, str]], present: Crossing
) -> list[WithdrawnSignal]:
    """Steps that were told as missed and are not overdue any more."""
    overdue = {step for due, step in account.told_steps if due <= present.since}
    found = []
    for due, step in steps_before:
        if state.missed.get(step) == due and step not in overdue:
            del state.missed[step]
            found.append(WithdrawnSignal(Kind.MILESTONE_MISSED, step, present))
    return found


def _withdraw_window(
    account: Account, state: AlertState, end_before: date | None, present: Crossing
) -> list[WithdrawnSignal]:
    """The renewal window that was told of a contract end which the retraction has changed."""
    told, end = state.journey.window, account.facts.contract_end
    if told is None or end_before is None or end == end_before or day_number(end_before) != told:
        return []
    state.journey = state.journey._replace(window=None)
    return [WithdrawnSignal(Kind.RENEWAL_WINDOW, "open", present)]


def _withdraw_value(account: Account, state: AlertState, by: int, present: Crossing) -> list[WithdrawnSignal]:
    """First value, unless another event says that it was reached."""
    told, step = state.journey.value, account.model.stages.value
    if told is None or told.by != by or step is None:
        return []
    other = first_value_event(account)
    if other is not None:
        state.journey = state.journey._replace(value=DecidedOutcome(other, told.history))
        return []
    state.journey = state.journey._replace(value=None)
    return [WithdrawnSignal(Kind.VALUE_REACHED, step, _crossing(present, history=told.history))]


def _withdraw_flags(
    account: Account, state: AlertState, withdrawn: EventName, present: Crossing
) -> list[WithdrawnSignal]:
    """Flags that the event had raised, unless another event keeps them up."""
    found = []
    for index in account.model.flags_by_name:
        flag = account.flags[index]
        crossing = state.flags.get(flag.name)
        if crossing is None or crossing.cause != withdrawn or flag.available:
            continue
        del state.flags[flag.name]
        if was_told(flag, crossing):
            found.append(WithdrawnSignal(Kind.FLAG, flag.name, _crossing(present, history=crossing.history)))
    return found


def _crossing(present: Crossing, *, history: bool) -> Crossing:
    """What was told as history is withdrawn as history."""
    return Crossing(present.since, present.cause, present.history or history)
