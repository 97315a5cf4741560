"""What an evaluation changes in an account's alert state, and which of it is told.

`would_change` says whether an evaluation changes the state, `update_state` changes it.
"""

from math import inf
from typing import Final

from common.contracts.signals import Band, Kind, Status
from scoring.health.account import Account
from scoring.health.alert_state import SUDDEN_POINTS, AlertState
from scoring.health.bands import GREEN, INSUFFICIENT, RED, WORSE, BandLines, is_below
from scoring.health.evaluation import score_at
from scoring.health.flag_telling import repeats_silence, wait_of
from scoring.health.hold import after_hold, band_lasts_until, flag_lasts_until, has_waiting_cap, is_held_back
from scoring.health.journey_told import is_told_too_soon, journey_changes, journey_to_tell
from scoring.health.properties import hash_of
from scoring.health.state_format import (
    ArrOrigin,
    Crossing,
    DecidedOutcome,
    HeldOverride,
)
from scoring.health.trigger import Transition, Trigger, is_better
from scoring.health.weights import Weights


def would_change(account: Account, state: AlertState, tau: float) -> bool:
    """Whether the last evaluation, which was at `tau`, disagrees with the alert state."""
    if _band_changes(account, state, account.score, account.weights, tau) or _arr_moves(account, state):
        return True
    if _has_ended(account) != state.ended or journey_to_tell(account, state.journey) is not state.journey:
        return True
    if account.readiness is not None and account.readiness.has_changed:
        return True
    return any([flag.available != (flag.name in state.flags) for flag in account.flags])


def would_change_at(account: Account, state: AlertState, tau: float) -> bool:
    """What `would_change` would say after an evaluation at `tau`, without making one."""
    score, weights = score_at(account, tau)
    if _band_changes(account, state, score, weights, tau):
        return True
    if (readiness := account.readiness) is not None and (readiness.at(tau) is not None) != readiness.ready:
        return True
    return any([(flag.at(tau) is not None) != (flag.name in state.flags) for flag in account.flags])


def _band_changes(account: Account, state: AlertState, score: float, weights: Weights, tau: float) -> bool:
    if account.overrides.held(account.context, tau) != state.override:
        return True
    # While a person's band holds, neither the score nor the evidence changes it.
    if state.override is not None:
        return state.deadline <= tau
    # The evidence became enough for a band, or too little.
    if state.band is None or weights.sufficient == (state.band is INSUFFICIENT):
        return True
    return state.deadline <= tau or is_below(score, state.low) or not is_below(score, state.high)


# The names of lines beside those of the worse bands, of flags and of steps.
_CONTRACTION: Final = "contraction"
_TOLD_OF_WHO_LEFT: Final = (Kind.OUTCOME, Kind.RETRACTED)
_BETTER: Final = "better"
_SUFFICIENT: Final = "sufficient"
_NO_OVERRIDE: Final = "no override"


def has_given_notice(account: Account) -> bool:
    """Whether the customer leaves or has left, by the account's status or by a flag that is up."""
    if account.facts.status is not Status.ACTIVE:
        return True
    return any([account.flags[index].available for index in account.model.notice_flags])


def expected_flags(account: Account) -> list[str]:
    """The flags that are not told: who has given notice is expected to stay away."""
    if not has_given_notice(account):
        return []
    return [account.flags[index].name for index in account.model.silence_flags]


def may_grow(account: Account, state: AlertState) -> bool:
    """Nobody offers more to a customer who is unwell or leaves."""
    return state.band is GREEN and not has_given_notice(account)


def crossed_lines(account: Account, before: AlertState, at: float) -> list[str]:
    """The lines that the last evaluation, at the UTC moment `at`, crosses as seen from the alert state `before`."""
    found = [f"missed {step}" for due, step in account.told_steps if due <= at and before.missed.get(step) != due]
    found += [f"flag {flag.name}" for flag in account.flags if flag.available]
    if _has_contracted(account, before):
        found.append(_CONTRACTION)
    found += [each.line for each in journey_changes(account, before.journey, journey_to_tell(account, before.journey))]
    held = account.overrides.held(account.context, account.context.clock.operational(at))
    if held is not None or before.override is not None:
        return found if held == before.override and not before.ended else [*found, _override_line(held)]
    if not account.weights.sufficient:
        return found
    lines, score, band = _band_lines(account), account.score, before.band
    if band is None or band is INSUFFICIENT or (before.ended and not _has_ended(account)):
        return [*found, _SUFFICIENT]
    found += [worse.value for worse in WORSE[band] if is_below(score, lines.line(worse))]
    if lines.better_band(band, score) is not band:
        found.append(_BETTER)
    return found


def refresh_derived(account: Account, state: AlertState) -> None:
    """Recomputes the range in which no band changes, and the next deadline."""
    lines, clock = _band_lines(account), account.context.clock
    state.low, state.high = -inf, inf
    deadline = inf
    if state.override is not None:
        deadline = clock.operational(state.override.ends)
    elif state.band is not None:
        state.low, state.high = lines.stable_range(state.band, state.pending)
    for band, crossing in state.pending.items():
        deadline = min(deadline, band_lasts_until(account, state, band, crossing))
    for flag in account.flags:
        crossed = state.flags.get(flag.name)
        if crossed is not None and not crossed.told and not repeats_silence(account.model, flag, state.flags):
            deadline = min(deadline, flag_lasts_until(account, crossed, wait_of(flag, lines)))
    for due, step in account.told_steps:
        if state.missed.get(step) != due:
            deadline = min(deadline, after_hold(account, clock.operational(due)))
    if state.journey.is_new and not account.context.is_new:
        over = clock.operational(account.context.stage_dates.new_until)
        if after_hold(account, over) > over:
            deadline = min(deadline, after_hold(account, over))
    state.deadline = deadline


def return_to(account: Account, state: AlertState) -> None:
    """Puts back a former alert state, of an account that has moved on since."""
    account.state = state
    refresh_derived(account, state)


def update_state(account: Account, state: AlertState, trigger: Trigger, at: float) -> list[Transition]:
    """Brings the alert state up to date with the last evaluation, which was at the UTC moment `at`.

    Returns what changed in the order in which it is told: what was withdrawn, missed steps, flags, a contraction,
    outcomes, the band, the journey.
    """
    present = trigger.crossed_at(at)
    ended = _has_ended(account)
    # Nobody was told how a customer stands who was away and has come back, so their band is told as a first one. So it
    # is after a merge that was taken back.
    if state.ended and not ended:
        state.band, state.pending = None, {}
    state.ended = ended
    found = [Transition(Kind.RETRACTED, each.to, each.crossing, withdraws=each.kind) for each in trigger.withdrawn]
    found += _missed(account, state, trigger, present) + _flags(account, state, trigger, present)
    found += _contraction(account, state, trigger, present)
    found += [Transition(Kind.OUTCOME, name, present) for name in trigger.outcomes]
    found += [Transition(Kind.OUTCOME, name, crossing) for name, crossing in trigger.decided]
    if not account.is_merged:
        _note_outcomes(state, found)
    found += _as_expected(_band(account, state, trigger, present), found)
    found += _journey(account, state, trigger, present)
    refresh_derived(account, state)
    if not ended:
        return found
    # Of an account that was merged nothing is told: it goes on as the other one.
    if account.is_merged:
        return [each._replace(shown_only=True) for each in found]
    # Of an account whose contract has ended only outcomes and withdrawals are told: that who left is silent is no news.
    return [each if each.kind in _TOLD_OF_WHO_LEFT else each._replace(shown_only=True) for each in found]


def _has_ended(account: Account) -> bool:
    return account.facts.status is Status.CHURNED or account.is_merged


def regard_as_told(account: Account, at: float, *, first: bool) -> None:
    """What stands at a first look, at the UTC moment `at` of the last evaluation, is told and waits for nothing.

    Nothing was before the `first` look of an account, so its band is a first band. At a later one that holds for what
    history brought.
    """
    state, lines = account.state, _band_lines(account)
    band, crossing = state.band, Crossing(at, "", False)
    if first and account.weights.sufficient and state.override is None:
        band = lines.first_band(account.score)
        crossing = state.pending.get(band, crossing)
        state.pending = {}
    elif not first:
        for worse, crossed in state.pending.items():
            if crossed.history and (band is not RED or worse is RED):
                band, crossing = worse, crossed
    if band is not None and band is not state.band:
        state.band, state.had_band, state.band_since = band, True, crossing.since
        state.pending = {worse: crossed for worse, crossed in state.pending.items() if worse in WORSE[band]}
    for flag in account.flags:
        raised = state.flags.get(flag.name)
        if raised is None or not (first or raised.history):
            continue
        if repeats_silence(account.model, flag, state.flags):
            state.flags[flag.name] = raised._replace(history=False, told=raised.told and not first)
        elif flag.hold > 0.0 and not raised.told:
            # It is told when its `hold` is over, also if history raised it.
            state.flags[flag.name] = raised._replace(history=False)
        else:
            state.flags[flag.name] = Crossing(raised.since, raised.cause, raised.history, told=True)
    refresh_derived(account, state)


def _as_expected(bands: list[Transition], before: list[Transition]) -> list[Transition]:
    """The bands, of which a worse one is not told if it has the same cause as a flag that is not told."""
    expected = [each.crossing.cause for each in before if each.kind is Kind.FLAG and each.shown_only]
    return [
        each._replace(shown_only=True) if each.crossing.cause in expected and not is_better(each) else each
        for each in bands
    ]


def _missed(account: Account, state: AlertState, trigger: Trigger, present: Crossing) -> list[Transition]:
    found = []
    for step, due in sorted([(step, due) for due, step in account.told_steps]):
        # Once per due moment: a step that is planned anew may be missed again.
        if due <= present.since and state.missed.get(step) != due and not is_held_back(account, due, present.since):
            state.missed[step] = due
            crossing = trigger.crossing(f"missed {step}", present)
            found.append(Transition(Kind.MILESTONE_MISSED, step, crossing._replace(since=due)))
    return found


def _flags(account: Account, state: AlertState, trigger: Trigger, present: Crossing) -> list[Transition]:
    """A flag that an event raised is told at once. A derived one waits, unless the event cost enough points.

    One with a `hold` always waits. One that repeats another flag (`repeats_silence`) waits until that is down.
    """
    found = []
    expected, on_hold = expected_flags(account), is_held_back(account, present.since, present.since)
    up = [flag.name for flag in account.flags if flag.available]
    for index in account.model.flags_by_name:
        flag = account.flags[index]
        # A flag that went down and comes up again is a new crossing.
        if not flag.available:
            state.flags.pop(flag.name, None)
            continue
        crossing = state.flags.get(flag.name)
        at_once = crossing is None and flag.hold == 0.0 and (flag.watched is None or (_sudden(trigger) and not on_hold))
        if crossing is None:
            crossing = trigger.crossing(f"flag {flag.name}", present)
        lasts_until = flag_lasts_until(account, crossing, wait_of(flag, _band_lines(account)))
        is_confirmed = at_once or account.context.clock.operational(present.since) >= lasts_until
        if not crossing.told and is_confirmed and not repeats_silence(account.model, flag, up):
            if flag.tells:
                found.append(Transition(Kind.FLAG, flag.name, crossing, shown_only=flag.name in expected))
            crossing = Crossing(crossing.since, crossing.cause, crossing.history, told=True)
        state.flags[flag.name] = crossing
    return found


def _note_outcomes(state: AlertState, found: list[Transition]) -> None:
    """An outcome is told as it is; only which event decided it is kept, for a retraction."""
    for each in found:
        if each.kind is Kind.OUTCOME and isinstance(each.crossing.cause, tuple):
            state.outcomes[each.to] = DecidedOutcome(hash_of(*each.crossing.cause), each.crossing.history)


def _arr_moves(account: Account, state: AlertState) -> bool:
    """Whether ARR rose above the highest, became known or unknown, or fell by enough to tell."""
    arr, highest = account.facts.arr, state.arr
    if arr is None or highest is None:
        return (arr is None) != (highest is None)
    return arr > highest or _has_contracted(account, state)


def _has_contracted(account: Account, state: AlertState) -> bool:
    arr, highest = account.facts.arr, state.arr
    if arr is None or highest is None or highest <= 0.0:
        return False
    return arr < highest and arr <= highest * (1.0 - account.model.contraction)


def _contraction(account: Account, state: AlertState, trigger: Trigger, present: Crossing) -> list[Transition]:
    """Once for each fall that is large enough: from then on the lower amount is the one to fall from."""
    if not _arr_moves(account, state):
        return []
    highest, fell = state.arr, _has_contracted(account, state)
    state.arr = account.facts.arr
    crossing, writer = trigger.crossing(_CONTRACTION, present), account.writers.get("arr")
    state.arr_origin = None if writer is None else ArrOrigin(writer[1], highest, fell, crossing.history)
    return [Transition(Kind.CONTRACTION, "arr", crossing, arr_before=highest)] if fell else []


def _journey(account: Account, state: AlertState, trigger: Trigger, present: Crossing) -> list[Transition]:
    """The changes of the account's journey. To be called when the band is up to date."""
    before, found = state.journey, []
    state.journey = journey_to_tell(account, before)
    for each in journey_changes(account, before, state.journey):
        crossing, shown_only = trigger.crossing(each.line, present), False
        # Only silence makes onboarding late. An event that shows the account to be older does not.
        if each.kind is Kind.ONBOARDING_LATE and not isinstance(crossing.cause, str):
            continue
        if each.since is not None:
            crossing = crossing._replace(since=each.since)
        if each.kind is Kind.EXPANSION_READY:
            # Nobody is told of growth while the account is not green or leaves, nor twice within a short time.
            shown_only = not may_grow(account, state) or is_told_too_soon(before, present.since)
            if not shown_only:
                state.journey = state.journey._replace(expansion=present.since)
        value = state.journey.value
        if each.kind is Kind.VALUE_REACHED and value is not None:
            state.journey = state.journey._replace(value=value._replace(history=crossing.history))
        found.append(Transition(each.kind, each.to, crossing, shown_only=shown_only, days=each.days))
    return found


def _band(account: Account, state: AlertState, trigger: Trigger, present: Crossing) -> list[Transition]:
    current, lines = state.band, _band_lines(account)
    held = account.overrides.held(account.context, account.context.clock.operational(present.since))
    if held is not None or state.override is not None:
        return _override(account, state, trigger, present, held)
    # With too little evidence no band is told, and what was pending is forgotten.
    if not account.weights.sufficient:
        state.band = INSUFFICIENT
        state.pending = {}
        return []
    # The first band for which there is enough evidence needs no minimum duration: nothing was before it.
    if current is None or current is INSUFFICIENT:
        crossing = trigger.crossing(_SUFFICIENT, present)
        return [_to_band(state, lines.first_band(account.score), crossing, trigger)]
    # Better news needs no minimum duration. The hysteresis keeps it from coming back and forth.
    better = lines.better_band(current, account.score)
    if better is not current:
        state.pending = {}
        return [_to_band(state, better, trigger.crossing(_BETTER, present), trigger)]
    return _worse(account, state, trigger, present)


def _override(
    account: Account, state: AlertState, trigger: Trigger, present: Crossing, held: HeldOverride | None
) -> list[Transition]:
    """The band of the override `held`, or by the score, as for a first band, when the override is over."""
    state.override, state.pending = held, {}
    if held is None and not account.weights.sufficient:
        state.band = INSUFFICIENT
        return []
    band = _band_lines(account).first_band(account.score) if held is None else held.to
    if band is state.band:
        return []
    on_hold = held is None and is_held_back(account, present.since, present.since)
    if on_hold and state.band is not None and band in WORSE[state.band]:
        # The score proves nothing, so the worse band begins to wait as any other.
        return []
    return [_to_band(state, band, trigger.crossing(_override_line(held), present), trigger)]


def _override_line(held: HeldOverride | None) -> str:
    return _NO_OVERRIDE if held is None else f"override {held.by_event}"


def _worse(account: Account, state: AlertState, trigger: Trigger, present: Crossing) -> list[Transition]:
    """Each line has a minimum duration of its own. Of the bands confirmed only the worst is told."""
    current, confirmed = state.band, None
    lines, now = _band_lines(account), account.context.clock.operational(present.since)
    on_hold = is_held_back(account, present.since, present.since)
    for band in WORSE[current] if current is not None else ():
        # A score that is back over the line before the minimum duration was over is nothing to tell.
        if not is_below(account.score, lines.line(band)):
            state.pending.pop(band, None)
            continue
        crossing = state.pending.get(band)
        at_once = crossing is None and _sudden(trigger)
        if at_once and on_hold:
            at_once = not has_waiting_cap(account, state, band)
        if crossing is None:
            crossing = state.pending[band] = trigger.crossing(band.value, present)
        if at_once or now >= band_lasts_until(account, state, band, crossing):
            confirmed = (band, crossing)
    if confirmed is None:
        return []
    band, crossing = confirmed
    state.pending = {worse: crossed for worse, crossed in state.pending.items() if worse in WORSE[band]}
    return [_to_band(state, band, crossing, trigger)]


def _to_band(state: AlertState, band: Band, crossing: Crossing, trigger: Trigger) -> Transition:
    was, first = state.band, not state.had_band
    state.band, state.had_band, state.band_since = band, True, crossing.since
    # The first band of a new account, or of its history, is no change that anybody has to hear of.
    shown_only = first and (trigger.first or trigger.history)
    # Green without an episode ends nothing that was told.
    shown_only = shown_only or (band is GREEN and state.episode is None)
    return Transition(Kind.BAND, band.value, crossing, shown_only=shown_only, was=was)


def _sudden(trigger: Trigger) -> bool:
    """An event that cost this much needs no minimum duration. Rounded, as scores are compared."""
    return round(trigger.points_lost, 6) >= SUDDEN_POINTS


def _band_lines(account: Account) -> BandLines:
    return account.model.bands[account.context.stage]
