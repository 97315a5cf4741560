"""An account as somebody reads it: nothing changes by being looked at."""

from common.contracts.signals import Band, Change, Forecast, Health, Level
from scoring.core import receipt
from scoring.core.account import Account
from scoring.core.flag import Flag
from scoring.core.keeping import course_of
from scoring.core.moments import seconds, to_datetime
from scoring.core.plan import Plan
from scoring.core.sight import Course, Sight
from scoring.core.standing import Standing
from scoring.core.view import FlagUp, Missed, Pending, View


def health(standing: Standing, sight: Sight, course: Course) -> Health:
    # There is a band as soon as there is a record; without evidence it says so.
    band = standing.band or Band.INSUFFICIENT
    return Health(score=sight.score, band=band, coverage=sight.weights.coverage, stage=course.stage)


def view(
    account: Account,
    sight: Sight,
    *,
    plan: Plan,
    level: Level,
    change: Change,
    forecast: Forecast | None,
) -> View:
    standing, course = account.record.standing, course_of(account, plan)
    return View(
        at=to_datetime(sight.at),
        health=health(standing, sight, course),
        level=level,
        change=change,
        dimensions=receipt.dimensions(sight, metrics=plan.metrics, stage=course.stage),
        forecast=forecast,
        flags=_flags(standing, sight, plan.flags),
        missed=tuple(Missed(step, to_datetime(due)) for due, step in course.steps if due <= sight.at),
        episode=standing.episode,
        pending=_pending(standing, course),
    )


def _flags(standing: Standing, sight: Sight, flags: tuple[Flag, ...]) -> tuple[FlagUp, ...]:
    up = []
    for flag, cap in zip(flags, sight.caps.points, strict=True):
        crossing = standing.flags.get(flag.name)
        if cap is not None and crossing is not None:
            up.append(FlagUp(flag.name, to_datetime(crossing.since), cap, crossing.told))
    return tuple(up)


def _pending(standing: Standing, course: Course) -> Pending | None:
    """The worst that waits."""
    if not standing.waiting:
        return None
    band = Band.RED if Band.RED in standing.waiting else Band.YELLOW
    since = standing.waiting[band].since
    return Pending(band, to_datetime(since), to_datetime(since + seconds(course.bands.min_duration)))
