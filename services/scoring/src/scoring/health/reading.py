"""An account as the read API shows it. Reading changes nothing that is stored or told."""

from datetime import datetime

from scoring.health import posting, receipts
from scoring.health.account import Account
from scoring.health.bands import RED, YELLOW
from scoring.health.context import NOT_POSTED, STAGES
from scoring.health.evaluation import evaluate, snapshot_at
from scoring.health.flag_telling import is_shown, was_told
from scoring.health.forecast import forecast
from scoring.health.hold import band_lasts_until
from scoring.health.moments import LAST, day_number, local_day, to_datetime
from scoring.health.signals import health_of
from scoring.health.view import FeedHold, FlagUp, JourneyPlace, Missed, NextStage, PendingBand, Summary, View


def read_account(account: Account, at: float) -> View:
    """The account at `at`, up to which nothing is due. Leaves it evaluated there."""
    evaluate(account, account.clock)
    expected = forecast(account)
    now = snapshot_at(account, at)
    return View(
        at=to_datetime(at),
        health=health_of(account, now),
        level=receipts.level(account, now),
        change=receipts.change(account, posting.unposted(account, now), now.score),
        dimensions=receipts.dimensions(account, now),
        forecast=expected,
        flags=tuple(_flags(account)),
        missed=_missed(account, at),
        episode=account.state.episode,
        pending=_pending(account),
        journey=_journey(account, at),
        first_look=None if account.look is None else to_datetime(account.look.due),
        on_hold=_on_hold(account, at),
    )


def summarize(account: Account, at: float, *, ahead: bool) -> Summary:
    """As `read_account`, without what a list does not say; the forecast, which takes longest, only if `ahead`."""
    evaluate(account, account.clock)
    expected = forecast(account) if ahead else None
    now = snapshot_at(account, at)
    return Summary(
        to_datetime(at), health_of(account, now), receipts.level(account, now), expected, _missed(account, at)
    )


def _missed(account: Account, at: float) -> tuple[Missed, ...]:
    return tuple([Missed(step, to_datetime(due)) for due, step in account.open_steps if due <= at])


def _journey(account: Account, at: float) -> JourneyPlace:
    context, since, end = account.context, account.journey.stage_since, account.facts.contract_end
    return JourneyPlace(
        stage=account.stage,
        since=None if since is None else to_datetime(since),
        posted=context.stage_dates.posted != NOT_POSTED,
        next=_next_stage(account),
        days_to_renewal=None if end is None else day_number(end) - local_day(at, context.zone),
    )


def _next_stage(account: Account) -> NextStage | None:
    """Not every date changes the stage: where one was posted, the renewal window opens beside it."""
    dates, stage = account.context.stage_dates, account.context.stage
    at = account.context.stage_ends
    while at <= LAST:
        if dates.stage_at(at) != stage:
            return NextStage(STAGES[dates.stage_at(at)], to_datetime(at))
        at = dates.next_after(at)
    return None


def _flags(account: Account) -> list[FlagUp]:
    up = []
    for flag in account.flags:
        crossing = account.state.flags.get(flag.name)
        if flag.available and crossing is not None and is_shown(flag, crossing):
            cap, is_told = flag.points if flag.caps else None, was_told(flag, crossing)
            since = to_datetime(crossing.since)
            up.append(FlagUp(flag.name, since, cap, is_told, flag.count, flag.dropped))
    return up


def _pending(account: Account) -> PendingBand | None:
    """The worst band that is not confirmed yet."""
    waiting = account.state.pending
    if not waiting:
        return None
    band = RED if RED in waiting else YELLOW
    confirmed = account.context.clock.wall(band_lasts_until(account, account.state, band, waiting[band]))
    return PendingBand(band, to_datetime(waiting[band].since), _moment(confirmed))


def _on_hold(account: Account, at: float) -> FeedHold | None:
    hold = account.hold
    if hold is None or not hold.since <= at < hold.until:
        return None
    return FeedHold(hold.source, to_datetime(hold.since), _moment(hold.until))


def _moment(moment: float) -> datetime | None:
    return None if moment > LAST else to_datetime(moment)
