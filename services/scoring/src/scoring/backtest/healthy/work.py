"""What people of a firm do on a day at work, as events of the default scorecard."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from common.contracts.events import Event
from scoring.backtest.healthy.firms import LEAVE, OPENS, Attendance, Firm

SOURCE = "simulated"
_FEATURES = 12
_FAVOURITES = 8
_MORNING, _HOURS = 8, 10
_CORE = ("report.created", "workflow.run")
# The chance that somebody at work does what the product is bought for.
_CORE_CHANCE = 0.8


def events_of(
    random: Random,
    firm: Firm,
    days: Iterable[Attendance],
    *,
    core_until: date = date.max,
    closes: date | None = None,
) -> Iterator[Event]:
    """In the order of time. From `core_until` on nobody does what the product is bought for.

    On the day `closes` the firm says that it closes for the time of its leave.
    """
    writer = _Writer(firm)
    yield from writer.facts()
    favourites = {person.user_id: random.sample(range(_FEATURES), _FAVOURITES) for person in firm.people}
    zone = ZoneInfo(firm.time_zone)
    for attendance in days:
        opens = datetime.combine(attendance.day, time(_MORNING), zone)
        if attendance.day == closes:
            until = attendance.day + LEAVE - timedelta(days=1)
            yield writer.write("account.away", opens, None, **{"from": str(attendance.day), "until": str(until)})
        moments = sorted((opens + timedelta(hours=_HOURS * random.random()), user) for user in attendance.present)
        for at, user in moments:
            yield writer.write("session.started", at, user)
            for feature in random.sample(favourites[user], random.randint(1, 3)):
                yield writer.write("feature.used", at, user, feature=f"feature-{feature}")
            if random.random() < _CORE_CHANCE and attendance.day < core_until:
                yield writer.write(random.choice(_CORE), at, user)


class _Writer:
    def __init__(self, firm: Firm) -> None:
        self._firm = firm
        self._count = 0

    def facts(self) -> Iterator[Event]:
        firm = self._firm
        at = datetime.combine(OPENS, time(), UTC)
        yield self.write(
            "account.updated", at, None, name=firm.account_id, seats=len(firm.people), stage="adoption",
            time_zone=firm.time_zone, country=firm.country,
        )  # fmt: skip
        yield self.write("contract.changed", at, None, arr=1000 * len(firm.people))
        yield self.write("user.updated", at, firm.people[0].user_id, champion=True)

    def write(self, event_name: str, at: datetime, user: str | None, /, **properties: Any) -> Event:
        self._count += 1
        moment = at.astimezone(UTC)
        return Event(
            f"{self._count}",
            self._firm.account_id,
            event_name,
            moment,
            SOURCE,
            moment,
            user_id=user,
            properties=properties,
        )
