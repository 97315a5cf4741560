"""What an account's health was at every moment: the core is asked anew at each of them, and no entry is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import fmean
from typing import NamedTuple

from common.contracts.events import Event, Tick
from common.contracts.signals import Band
from scoring.health.scorer import Scorer
from scoring.health.view import View

Moment = tuple[Event | Tick, datetime]


class Stand(NamedTuple):
    """A band and a stage from a moment on, and the score at it; both times are seconds since the epoch."""

    at: float
    known_at: float
    band: Band
    stage: str
    score: float


class Month(NamedTuple):
    """An account in the last second of a month."""

    at: float
    known_at: float
    score: float
    points: float | None
    values: dict[str, float | None]


@dataclass
class Health:
    """`score` is that of the last record of the log."""

    stands: list[Stand] = field(default_factory=list)
    months: list[Month] = field(default_factory=list)
    score: float | None = None

    def known(self, known_at: datetime | None) -> "Health":
        """Who asks for what was known at some time is not told the score of now."""
        if known_at is None:
            return self
        until = known_at.timestamp()
        return Health(
            [one for one in self.stands if one.known_at <= until], [one for one in self.months if one.known_at <= until]
        )

    def stand(self, until: datetime) -> Stand | None:
        return next((one for one in reversed(self.stands) if one.at < until.timestamp()), None)

    def month(self, until: datetime) -> Month | None:
        return next((one for one in reversed(self.months) if one.at < until.timestamp()), None)

    def was_red(self, since: datetime, until: datetime) -> bool:
        """At some time between the two moments."""
        before = self.stand(since)
        within = [one for one in self.stands if since.timestamp() <= one.at < until.timestamp()]
        return any(one.band is Band.RED for one in (*within, *([before] if before else ())))


def follow_health(scorer: Scorer, account_id: str, log: Sequence[Moment]) -> Health:
    """Asks before and after each record of the account, and each time that silence alone changes anything."""
    account, found = scorer.create(account_id), Health()
    clock: float | None = None

    def goes_on_to(at: float, known_at: float) -> None:
        nonlocal clock
        for end in _month_ends(clock, at):
            found.months.append(_month(scorer.view(account, end), end, known_at))
        clock = at

    def stands(at: float, known_at: float) -> None:
        view = scorer.view(account, at)
        stand = Stand(at, known_at, view.health.band, view.health.stage, view.health.score)
        if not found.stands or found.stands[-1][2:4] != stand[2:4]:
            found.stands.append(stand)

    for event, recorded in log:
        now = recorded.timestamp()
        if isinstance(event, Event) and event.account_id != account_id:
            continue
        while (due := scorer.find_due(account)) is not None and due <= now:
            goes_on_to(due, now)
            scorer.advance(account, due)
            stands(due, now)
        if isinstance(event, Event):
            goes_on_to(now, now)
            scorer.apply(account, event, now)
            stands(now, now)
        elif clock is not None:
            found.score = scorer.view(account, now).health.score
    return found


def _month_ends(since: float | None, until: float) -> Iterator[float]:
    """The last second of each month that ends between the two moments."""
    if since is None:
        return
    day = datetime.fromtimestamp(since, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while True:
        day = day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)
        if day.timestamp() > until:
            return
        yield day.timestamp() - 1.0


def _month(view: View, at: float, known_at: float) -> Month:
    of_adoption = [one for one in view.level.contributions if one.dimension == "adoption"]
    # Each metric of the card has the same share of its dimension.
    points = fmean(one.points for one in of_adoption) if of_adoption else None
    return Month(at, known_at, view.health.score, points, {one.metric: one.value for one in of_adoption})
