"""The figures of all metrics as they are kept: what to look at before a renewal, and how a month ended."""

from typing import Final

from common.contracts.signals import PlannedStep, UsageFigure, UsageReview
from scoring.health.account import Account
from scoring.health.evaluation import HealthSnapshot
from scoring.health.journey import SAMPLE_EVERY, UsageSample
from scoring.health.moments import DAY, end_of_day, first_of_next_month, local_day, month_of, to_datetime
from scoring.health.receipts import dimensions
from scoring.health.state_format import FormerFigure
from scoring.health.view import MonthEnd

# Seconds. Who was seen within them counts as active.
LATELY: Final = 28.0 * DAY
_SECOND: Final = 1.0
# Days. Nobody asks for KPIs of a longer time.
_LONGEST_SILENCE: Final = 3660


def keep_sample(account: Account, seen: HealthSnapshot) -> None:
    """Adds a sample of the usage if the last one is old enough; `seen` is the evaluation with which a day closes.

    Without a renewal window in the card nothing is kept.
    """
    if account.model.stages.window == 0:
        return
    journey, zone = account.journey, account.context.zone
    last = journey.samples[-1].at if journey.samples else account.born
    if account.day_number - local_day(last, zone) >= SAMPLE_EVERY:
        journey.add_sample(UsageSample(seen.at, _figures(account, seen)))


def month_ends(account: Account, next_day: int, at: float) -> list[float]:
    """The last second (UTC) of each month that is over when the account goes on from its open day to `next_day`.

    Months of silence have one, too, of the last ten years. `at` is the moment of going on.
    """
    found: list[float] = []
    month = max(account.day_number, next_day - _LONGEST_SILENCE)
    while month_of(month) != month_of(next_day):
        month = first_of_next_month(month)
        end = end_of_day(month - 1, account.context.zone) - _SECOND
        # An account that moves to another zone may begin the next day before it has begun there.
        found.append(min(max(end, account.clock), at))
    return found


def month_end(account: Account, seen: HealthSnapshot) -> MonthEnd:
    """How the account ends a month; `seen` is the evaluation of its last second."""
    adoption: dict[str, float] = {}
    for metric, definition in zip(account.metrics, account.model.card.metrics, strict=True):
        value = _value(account, metric.index, seen) if definition.dimension == "adoption" else None
        if value is not None:
            adoption[metric.name] = value
    return MonthEnd(account.account_id, seen.at, seen.score, dimensions(account, seen), adoption)


def review_usage(account: Account, at: HealthSnapshot) -> UsageReview:
    """The usage review at the account's last evaluation `at`. Former figures are at least SAMPLE_EVERY days old."""
    samples = account.journey.samples
    former = samples[0] if samples and at.at - samples[0].at >= SAMPLE_EVERY * DAY else None
    nothing: list[FormerFigure] = [(None, None)] * len(account.metrics)
    before = nothing if former is None else former.figures
    found: list[UsageFigure] = []
    for metric, definition, old in zip(account.metrics, account.model.card.metrics, before, strict=True):
        if not account.model.weighting.applies(account.context.stage, metric.index):
            continue
        points, former_points = at.points[metric.index], old[0]
        if points is None and former_points is None:
            continue
        found.append(
            UsageFigure(
                metric=metric.name,
                dimension=definition.dimension,
                points=points,
                value=_value(account, metric.index, at),
                former_points=None if former_points is None else float(former_points),
                former_value=old[1],
            )
        )
    people = account.model.people_metric
    return UsageReview(
        figures=tuple(found),
        since=None if former is None else to_datetime(former.at),
        active_people=None if people is None else account.metrics[people].members_since(at.at - LATELY),
        promised=tuple([PlannedStep(step, to_datetime(due)) for due, step in account.open_steps]),
    )


def _figures(account: Account, seen: HealthSnapshot) -> list[FormerFigure]:
    return [
        (None if points is None else round(points), _value(account, index, seen))
        for index, points in enumerate(seen.points)
    ]


def _value(account: Account, index: int, at: HealthSnapshot) -> float | None:
    if at.points[index] is None:
        return None
    return account.metrics[index].value_at(account.context.clock.operational(at.at), account.context)
