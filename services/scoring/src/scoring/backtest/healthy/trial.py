"""Simulated firms through the core: which alarms were false, and after how many days trouble was told."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from msgspec import Struct

from common.contracts.signals import Band
from scoring.backtest.healthy.firms import CLOSES, OPENS, YEAR, AbsenceReason, Attendance
from scoring.backtest.healthy.stories import Group, Plot, plot
from scoring.backtest.healthy.work import events_of
from scoring.backtest.runs.account_run import run_account
from scoring.backtest.runs.card_runs import scorer_of
from scoring.backtest.runs.pool import Progress, work_on
from scoring.backtest.runs.trace import RunPlan, TracedSignal
from scoring.cards.identity import use_pinned_time_zones
from scoring.health import Card, Scorer
from scoring.health.moments import DAY, day_number, midnight

# An alarm is put down to what kept most people away in the days before it, if that was not only chance.
_CAUSE_DAYS = 14
_CAUSE_SHARE = 0.2


class FalseAlarm(Struct, frozen=True):
    """`signal` is the flag, the step, or the colour of the band."""

    signal: str
    cause: AbsenceReason


class FirmResult(Struct, frozen=True):
    """`false_alarms` of a firm that is well; else days from the trouble to the first alarm, and to the red band.

    None: not within the time that counts.
    """

    false_alarms: tuple[FalseAlarm, ...] = ()
    told_after: float | None = None
    red_after: float | None = None


class GroupResult(Struct, frozen=True):
    group: Group
    firms: tuple[FirmResult, ...]


class TrialRequest(Struct, frozen=True):
    card: Card
    seed: int


class _PreparedTrial:
    scorer: Scorer
    seed: int


FirmNumber = tuple[Group, int]


def run_trial(
    card: Card,
    groups: Sequence[Group],
    *,
    seed: int,
    processes: int | None = None,
    progress: Progress = lambda done, total: None,
) -> list[GroupResult]:
    """Every firm of every group under the card. The same seed gives the same firms."""
    firms: list[FirmNumber] = [(group, number) for group in groups for number in range(group.firms)]
    request = TrialRequest(card, seed)
    found = iter(work_on(firms, _run_firm, prepare=_prepare, request=request, processes=processes, progress=progress))
    return [GroupResult(group, tuple(next(found) for _ in range(group.firms))) for group in groups]


def _prepare(request: TrialRequest) -> None:
    use_pinned_time_zones()
    _PreparedTrial.scorer, _PreparedTrial.seed = scorer_of(request.card), request.seed


def _run_firm(firm: FirmNumber) -> FirmResult:
    group, number = firm
    # Text, so that no two firms draw the same numbers.
    random = Random(f"{_PreparedTrial.seed}/{group.story.name}/{group.users}/{number}")
    return judge(plot(group, number, random=random), _PreparedTrial.scorer, random)


def judge(story: Plot, scorer: Scorer, random: Random) -> FirmResult:
    events = events_of(random, story.firm, story.days, core_until=story.core_until, closes=story.closes)
    plan = RunPlan(day_number(OPENS), 0, midnight(CLOSES), scores=False)
    trace = run_account(scorer, story.firm.account_id, ((each.time.timestamp(), each) for each in events), plan)
    until = midnight(story.judged_until)
    signals = [each for each in trace.signals if each.at < until]
    if story.trouble is None:
        alarms = [each for each in signals if each.is_alert and each.at >= midnight(YEAR)]
        return FirmResult(tuple(FalseAlarm(each.to, cause_of(each.at, story.days)) for each in alarms))
    trouble = midnight(story.trouble)
    return FirmResult(
        told_after=_first((each.at for each in signals if each.is_alert), trouble),
        red_after=_red_after(signals, trouble),
    )


def cause_of(at: float, days: Iterable[Attendance]) -> AbsenceReason:
    """What kept most people away in the 14 days before an alarm at `at` (UTC)."""
    last = datetime.fromtimestamp(at, UTC).date()
    away = dict.fromkeys(AbsenceReason, 0)
    total = 0
    for each in days:
        if last - timedelta(days=_CAUSE_DAYS) <= each.day < last:
            total += len(each.present) + sum(each.absent.values())
            for reason, count in each.absent.items():
                away[reason] += count
    away.pop(AbsenceReason.CHANCE)
    worst = max(away, key=lambda reason: away[reason])
    return worst if away[worst] > 0 and away[worst] >= _CAUSE_SHARE * total else AbsenceReason.CHANCE


def _first(moments: Iterable[float], since: float) -> float | None:
    """Days from `since` to the first of these moments after it."""
    return next(((at - since) / DAY for at in moments if at >= since), None)


def _red_after(signals: Sequence[TracedSignal], trouble: float) -> float | None:
    bands = [each for each in signals if each.band is not None]
    before = [each for each in bands if each.at < trouble]
    if before and before[-1].band is Band.RED:
        return 0.0
    return _first((each.at for each in bands if each.band is Band.RED), trouble)
