"""Receipts: why a score is what it is (level), and how it got there (change, day)."""

from collections.abc import Sequence
from typing import Final

from common.contracts.signals import Change, Contribution, Driver, Level, MovingEvent, Part
from scoring.health.account import NO_CAP, Account
from scoring.health.evaluation import HealthSnapshot
from scoring.health.ledger import CAP, Ledger
from scoring.health.moments import to_date, to_datetime
from scoring.health.posting import DRIFT, Entry
from scoring.health.trajectory import sums_by_driver
from scoring.health.view import Day

_DRIVERS: Final = {driver.value: driver for driver in Driver}


def level(account: Account, at: HealthSnapshot) -> Level:
    """`score` = `reference` + the sum of all contributions. `at` is the account's last evaluation."""
    contributions = []
    model, context = account.model, account.context
    reference = model.reference
    for metric, definition in zip(account.metrics, model.card.metrics, strict=True):
        points = at.points[metric.index]
        if points is None or at.weights.nothing or not model.weighting.applies(context.stage, metric.index):
            continue
        weight = at.weights.values[metric.index]
        contributions.append(
            Contribution(
                metric=metric.name,
                dimension=definition.dimension,
                points=points,
                weight=weight,
                contribution=weight * (points - reference),
                value=metric.value_at(context.clock.operational(at.at), context),
            )
        )
    if at.capped_by != NO_CAP:
        name, cost = account.flags[at.capped_by].name, at.score - at.mean
        contributions.append(Contribution(metric=name, dimension=CAP, points=at.score, weight=0.0, contribution=cost))
    return Level(score=at.score, reference=reference, contributions=tuple(contributions))


def level_off_by(receipt: Level) -> float:
    """How far the contributions are from explaining the score."""
    total = receipt.reference
    for each in receipt.contributions:
        total += each.contribution
    return total - receipt.score


def dimensions(account: Account, at: HealthSnapshot) -> dict[str, float | None]:
    """Points by dimension, None where nothing is available. A dimension without metrics at this stage is left out."""
    points: dict[str, float] = {}
    shares: dict[str, float] = {}
    applying: list[str] = []
    model = account.model
    for index, definition in enumerate(model.card.metrics):
        if not model.weighting.applies(account.context.stage, index):
            continue
        name, own, share = definition.dimension, at.points[index], definition.share
        applying.append(name)
        if own is not None and share > 0.0:
            points[name] = points.get(name, 0.0) + share * own
            shares[name] = shares.get(name, 0.0) + share
    return {name: points[name] / shares[name] if name in points else None for name in applying}


def change(account: Account, unposted: Sequence[Entry], after: float) -> Change:
    """Since the last band told. `unposted` is what the ledgers do not hold yet, `after` the score with it."""
    sums = sums_by_driver(account.trajectories, account.change.former, of_day=False)
    return _change(account.change, sums, unposted, after)


def day(account: Account, unposted: Sequence[Entry], after: float) -> Day:
    """The open day; the parameters are those of `change`."""
    receipt = _change(account.day, day_sums(account), unposted, after)
    return Day(
        account_id=account.account_id,
        day=to_date(account.day_number),
        since=account.day.since,
        before=receipt.before,
        after=receipt.after,
        parts=receipt.parts,
        events=receipt.events,
    )


def day_off_by(account: Account) -> float:
    """How far the day's postings are from adding up, beyond what rounding may come to."""
    total = account.day.before
    for by_name in day_sums(account).values():
        for points in by_name.values():
            total += points
    return max(abs(total - account.day.after) - DRIFT, 0.0)


def day_sums(account: Account) -> dict[str, dict[str, float]]:
    return sums_by_driver(account.trajectories, account.day.former, of_day=True)


def _change(ledger: Ledger, sums: dict[str, dict[str, float]], unposted: Sequence[Entry], after: float) -> Change:
    """Parts are ordered by size. The largest one takes up the rounding of all steps, so that the sum is exact."""
    for driver, _, name, points in unposted:
        by_name = sums.setdefault(driver, {})
        by_name[name] = by_name.get(name, 0.0) + points
    found: list[tuple[float, str, str, float]] = []
    off = after - ledger.before
    for driver, by_name in sums.items():
        for name, points in by_name.items():
            if points != 0.0:
                found.append((-abs(points), name, driver, points))
                off -= points
    found.sort()
    # A larger difference is a bug, and must show.
    if not found or abs(off) > DRIFT:
        off = 0.0
    parts = []
    for _, name, driver, points in found:
        parts.append(Part(name, _DRIVERS[driver], points + off))
        off = 0.0
    return Change(
        since=to_datetime(ledger.since),
        before=ledger.before,
        after=after,
        parts=tuple(parts),
        events=tuple([MovingEvent(m.source, m.event_id, m.name, m.time, m.points) for m in ledger.movers]),
    )
