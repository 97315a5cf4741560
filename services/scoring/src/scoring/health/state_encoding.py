"""An account as bytes, and back: a function of its records alone, byte for byte. `stored` has the layout."""

from typing import Final

import msgspec

from scoring.health.account import Account
from scoring.health.alert_state import AlertState
from scoring.health.evaluation import snapshot_at
from scoring.health.facts import with_tier
from scoring.health.feeding import project, restore_journey, set_context
from scoring.health.feeds import Pauses, find_hold
from scoring.health.first_look import FirstLook
from scoring.health.former_facts import FormerFacts
from scoring.health.incremental import set_horizon
from scoring.health.journey import JourneyState, UsageSample
from scoring.health.ledger import CAP, Ledger
from scoring.health.model import CardModel
from scoring.health.posting import mark_posted, set_day_end
from scoring.health.request import OpenRequest
from scoring.health.state_format import (
    FORMAT,
    FORMAT_WITHOUT_POSTED,
    FormerFigure,
    StoredAccount,
    StoredJourney,
    StoredLedger,
    StoredLook,
    StoredPart,
    StoredRequest,
    StoredState,
    decode,
)
from scoring.health.trajectory import Trajectory, sums_by_driver
from scoring.health.transitions import refresh_derived

_encoder: Final = msgspec.msgpack.Encoder()


def dump(account: Account) -> bytes:
    """A `StoredAccount`, and a part for each metric and flag whose state has changed since its account began."""
    has_records, state = account.has_records, account.state
    head = (
        account.born if has_records else None,
        account.clock,
        account.posted,
        account.writers,
        _stored_state(state),
        _ledger(account, account.change, of_day=False) if has_records else None,
        (account.day_number, _ledger(account, account.day, of_day=True)) if has_records else None,
        (account.posted_cap, account.posted_cost) if account.posted_cap else None,
        None if account.request is None else _stored_request(account.request),
        account.people.stored(),
        account.away.dump(),
        account.former_facts.dump(),
        None if account.look is None else _stored_look(account.look),
        account.overrides.dump(),
        account.away.told,
        _stored_journey(account.journey),
        account.sources,
    )
    samples = account.journey.samples
    parts: dict[str, object] = {}
    for metric in account.metrics:
        kept, posted = metric.dump(), metric.posted if metric.posted_available else None
        former = [sample.figures[metric.index] for sample in samples]
        if former:
            parts[account.model.metric_keys[metric.index]] = (kept, posted, former)
        elif kept is not None or posted is not None:
            parts[account.model.metric_keys[metric.index]] = (kept, posted)
    for flag in account.flags:
        kept = flag.dump()
        if kept is not None:
            parts[account.model.flag_keys[flag.index]] = (kept, None)
    return bytes([FORMAT]) + _encoder.encode((head, parts))


def load(account_id: str, body: bytes, model: CardModel, pauses: Pauses) -> Account:
    """Parts of definitions that the card does not have are left behind. Raises UnknownFormat."""
    stored, parts = decode(body)
    account = model.account(account_id)
    account.pauses = pauses
    if stored.born is None:
        return account
    account.born, account.clock = stored.born, stored.clock
    _restore_what_was_said(account, stored)
    account.state = _alert_state(stored.state)
    account.request = None if stored.request is None else _request(stored.request)
    if stored.look is not None:
        account.look, account.look_at = _look(stored.look), stored.look.due
    if stored.journey is not None:
        restore_journey(account, _journey(stored.journey, len(model.metric_keys)))
    posted = _restore_parts(account, parts)
    set_context(account, account.clock)
    if stored.journey is None:
        # Nobody knows since when it is in its stage.
        account.journey.stage = account.context.stage
    project(account, model.full_reaction)
    refresh_derived(account, account.state)
    now = snapshot_at(account, account.clock)
    account.posted_weights = model.weighting.of(account.context.stage, posted)
    if stored.cap is not None:
        account.posted_cap, account.posted_cost = stored.cap
    # Bodies of format 1 were posted up to the clock. Later ones say what was posted, and reading must not change it.
    if body[0] == FORMAT_WITHOUT_POSTED:
        mark_posted(account, now)
    if stored.change is not None and stored.day is not None:
        account.change = _restore(account, stored.change, of_day=False)
        account.day = _restore(account, stored.day.ledger, of_day=True)
        account.day_number = stored.day.day
        set_day_end(account)
    set_horizon(account, account.clock)
    return account


def _restore_what_was_said(account: Account, stored: StoredAccount) -> None:
    """Facts, people, closures and overrides: what events have said, whatever the card."""
    account.posted, account.writers = stored.facts, stored.writers
    account.facts = with_tier(stored.facts, account.model.tiers)
    account.people.restore(stored.people)
    account.away.restore(*stored.away, stored.told_away)
    if (former := stored.former_facts) is not None:
        writers = {field: (moment, by) for moment, by, fields in former.writers for field in fields}
        account.former_facts = FormerFacts(former.facts, writers)
    account.overrides.restore(stored.overrides)
    account.sources = stored.sources
    account.hold = find_hold(account.sources, account.pauses)


def _restore_parts(account: Account, parts: dict[str, StoredPart]) -> int:
    """The states of metrics and flags, and their former figures. Returns the metrics with posted points, as bits."""
    posted = 0
    for metric in account.metrics:
        part = parts.get(account.model.metric_keys[metric.index])
        if part is not None:
            if part.state is not None:
                metric.restore(part.state)
            if part.posted is not None:
                metric.posted_available, metric.posted = True, part.posted
                posted |= metric.bit
            for sample, figure in zip(account.journey.samples, part.former, strict=False):
                sample.figures[metric.index] = figure
    for flag in account.flags:
        part = parts.get(account.model.flag_keys[flag.index])
        if part is not None:
            flag.restore(part.state)
    return posted


def _stored_state(state: AlertState) -> tuple[object, ...]:
    return (
        state.band,
        state.had_band,
        state.pending,
        state.flags,
        state.missed,
        state.episode,
        state.arr,
        state.ended,
        state.arr_origin,
        state.outcomes,
        state.band_since,
        state.override,
        state.journey,
    )


def _stored_request(request: OpenRequest) -> tuple[object, ...]:
    return (
        request.since,
        request.last,
        _stored_state(request.before),
        request.score,
        request.health,
        request.crossed,
        request.outcomes,
        request.cause,
        request.history,
        request.touched,
        request.withdrawn,
    )


def _request(stored: StoredRequest) -> OpenRequest:
    request = OpenRequest(stored.since, _alert_state(stored.before), stored.score, stored.health)
    request.last, request.cause, request.history = stored.last, stored.cause, stored.history
    request.crossed, request.outcomes, request.touched = stored.crossed, stored.outcomes, stored.touched
    request.withdrawn = stored.withdrawn
    return request


def _stored_look(look: FirstLook) -> tuple[object, ...]:
    return look.began, look.due, look.first, look.importing, look.provisional


def _look(stored: StoredLook) -> FirstLook:
    return FirstLook(
        stored.began, stored.due, first=stored.first, importing=stored.importing, provisional=stored.provisional
    )


def _alert_state(stored: StoredState) -> AlertState:
    state = AlertState()
    state.band, state.had_band, state.episode = stored.band, stored.had_band, stored.episode
    state.pending, state.flags, state.missed = stored.pending, stored.flags, stored.missed
    state.ended, state.band_since, state.override = stored.ended, stored.band_since, stored.override
    state.arr, state.arr_origin, state.outcomes = stored.arr, stored.arr_origin, stored.outcomes
    state.journey = stored.journey
    return state


def _stored_journey(journey: JourneyState) -> tuple[object, ...]:
    return journey.stage, journey.stage_since, journey.ready_since, [sample.at for sample in journey.samples]


def _journey(stored: StoredJourney, metrics: int) -> JourneyState:
    """The figures of the samples are filled in from the parts; a metric that is new to the card has none."""
    journey = JourneyState()
    journey.stage, journey.stage_since, journey.ready_since = stored.stage, stored.stage_since, stored.ready_since
    for moment in stored.samples:
        figures: list[FormerFigure] = [(None, None)] * metrics
        journey.samples.append(UsageSample(moment, figures))
    return journey


def _ledger(account: Account, ledger: Ledger, *, of_day: bool) -> tuple[object, ...]:
    sums = sums_by_driver(account.trajectories, ledger.former, of_day=of_day)
    return ledger.since, ledger.before, ledger.after, sums, ledger.movers


def _restore(account: Account, stored: StoredLedger, *, of_day: bool) -> Ledger:
    ledger = Ledger(stored.since, stored.before)
    ledger.after = stored.after
    for mover in stored.movers:
        ledger.add_mover(mover)
    metrics: dict[str, Trajectory] = {metric.name: metric for metric in account.metrics}
    flags: dict[str, Trajectory] = {flag.name: flag for flag in account.flags}
    for driver, by_name in stored.sums.items():
        for name, points in by_name.items():
            line = (flags if driver == CAP else metrics).get(name)
            if line is None:
                ledger.former.append((driver, name, points))
            else:
                (line.day if of_day else line.change).post(driver, points)
    return ledger
