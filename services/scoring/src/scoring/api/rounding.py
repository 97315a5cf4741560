"""Answers with scores and points to a tenth. Parts that were rounded still add up to the difference beside them.

Of the parts of one sum those with the largest remainders are rounded up, so that no rounding is left over. Parts that
come to 0.0 are left out.
"""

from collections.abc import Sequence
from math import floor

from msgspec.structs import replace

from common.contracts.signals import Health, MovingEvent, Part
from scoring.api import answers, portfolio_answers

_TENTHS = 10


def tenth(points: float) -> float:
    """To the next tenth; never -0.0."""
    return round(points * _TENTHS) / _TENTHS + 0.0


def shared_out(points: Sequence[float], *, total: float) -> list[float]:
    """To tenths that add up to `total`, which is in tenths, if the sum of `points` is nearly that."""
    exact = [each * _TENTHS for each in points]
    tenths = [floor(each) for each in exact]
    missing = round(total * _TENTHS) - sum(tenths)
    if not missing:
        return [each / _TENTHS for each in tenths]
    by_remainder = sorted(range(len(exact)), key=lambda index: tenths[index] - exact[index])
    for index in by_remainder[:missing] if missing >= 0 else by_remainder[missing:]:
        tenths[index] += 1 if missing > 0 else -1
    return [each / _TENTHS for each in tenths]


def listed(row: answers.Listed) -> answers.Listed:
    trend = row.trend and tuple(replace(one, score=tenth(one.score)) for one in row.trend)
    return replace(row, score=None if row.score is None else tenth(row.score), trend=trend)


def mover(row: portfolio_answers.BandMover) -> portfolio_answers.BandMover:
    return replace(row, before=None if row.before is None else tenth(row.before), after=tenth(row.after))


def account(answer: answers.Account) -> answers.Account:
    return replace(
        answer,
        score=tenth(answer.score),
        dimensions={name: None if points is None else tenth(points) for name, points in answer.dimensions.items()},
        change=moved(answer.change),
        flags=tuple(flag if flag.cap is None else replace(flag, cap=tenth(flag.cap)) for flag in answer.flags),
        children=None if answer.children is None else children(answer.children),
    )


def children(below: answers.Children) -> answers.Children:
    worst = tuple(each if each.score is None else replace(each, score=tenth(each.score)) for each in below.worst)
    return replace(below, score=None if below.score is None else tenth(below.score), worst=worst)


def history(answer: answers.History) -> answers.History:
    return replace(
        answer,
        days=tuple(_day(one) for one in answer.days),
        signals=tuple(_signal(one) for one in answer.signals),
    )


def receipts(answer: answers.Receipts) -> answers.Receipts:
    signals = tuple(replace(one, change=moved(one.change)) for one in answer.signals)
    return replace(answer, level=_level(answer.level), signals=signals)


def moved(change: answers.Moved) -> answers.Moved:
    before, after = tenth(change.before), tenth(change.after)
    parts = _parts(change.parts, before=before, after=after)
    return replace(change, before=before, after=after, parts=parts, events=_events(change.events))


def _day(day: answers.HistoryDay) -> answers.HistoryDay:
    before, after = tenth(day.before), tenth(day.after)
    parts = _parts(day.parts, before=before, after=after)
    return replace(day, before=before, after=after, parts=parts, events=_events(day.events))


def _signal(signal: answers.HistorySignal) -> answers.HistorySignal:
    before = None if signal.before is None else _health(signal.before)
    return replace(signal, before=before, after=_health(signal.after))


def _health(health: Health) -> Health:
    return replace(health, score=tenth(health.score))


def _parts(parts: Sequence[Part], *, before: float, after: float) -> tuple[Part, ...]:
    shares = shared_out([part.points for part in parts], total=after - before)
    # Two years of days have thousands of parts, and this is faster than `replace`.
    return tuple([Part(part.metric, part.driver, points) for part, points in zip(parts, shares, strict=True) if points])


def _events(events: Sequence[MovingEvent]) -> tuple[MovingEvent, ...]:
    rounded = (replace(event, points=tenth(event.points)) for event in events)
    return tuple(event for event in rounded if event.points)


def _level(level: answers.LevelNow) -> answers.LevelNow:
    """A metric that costs nothing stays: its value and points say why."""
    score, reference = tenth(level.score), tenth(level.reference)
    shares = shared_out([part.contribution for part in level.contributions], total=score - reference)
    contributions = tuple(
        replace(part, points=tenth(part.points), contribution=share)
        for part, share in zip(level.contributions, shares, strict=True)
    )
    return replace(level, score=score, reference=reference, contributions=contributions, sum=score)
