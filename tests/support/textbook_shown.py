"""What a view of an account shows of its alert state."""

from datetime import datetime
from typing import NamedTuple

from common.contracts.signals import Band, Override
from support.scorer_api import View
from support.textbook_alerts import Evaluation, ModelState, moment
from support.textbook_history import DAY


class Shown(NamedTuple):
    """What is compared of a view: flags as (name, since, told), the worst band that waits as (band, since, until)."""

    band: Band
    episode: str | None
    flags: set[tuple[str, datetime, bool]]
    missed: set[tuple[str, datetime]]
    pending: tuple[Band, datetime, datetime | None] | None
    override: Override | None


def shown(state: ModelState, now: Evaluation) -> Shown:
    pending = None
    if state.waiting:
        worst = Band.RED if Band.RED in state.waiting else Band.YELLOW
        since = state.waiting[worst].since
        pending = worst, moment(since), moment(since + now.bands.min_duration * DAY)
    by = state.override if state.request is None else state.request.before.override
    return Shown(
        (state.band if state.request is None else state.request.before.band) or Band.INSUFFICIENT,
        state.episode,
        {
            (name, moment(crossed.since), crossed.told and name not in now.rules.never_told)
            for name, crossed in state.flags.items()
            if crossed.told or name not in now.rules.holds
        },
        {(step, moment(due)) for step, due in now.steps.items() if due <= now.at},
        pending,
        None if by is None else Override(by.to, moment(by.ends), by.reason, by.who),
    )


def shown_by(view: View) -> Shown:
    pending = view.pending
    return Shown(
        view.health.band,
        view.episode,
        {(flag.name, flag.since, flag.told) for flag in view.flags},
        {(missed.step, missed.due) for missed in view.missed},
        None if pending is None else (pending.band, pending.since, pending.confirmed_at),
        view.health.override,
    )
