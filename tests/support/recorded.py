"""Recordings made by hand: who did something on which day."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from common.contracts.events import Event
from scoring.backtest.recordings.recording import Recording, RecordingBuilder

CHECKOUT = Path(__file__).parents[2]
DAY_0 = datetime(2026, 3, 2, tzinfo=UTC)
NOON = timedelta(hours=12)
USED = "feature.used"


def moment(day: float) -> datetime:
    return DAY_0 + timedelta(days=day)


def event(account_id: str, day: float, name: str = USED, /, **more: Any) -> Event:
    """At noon of that day; its id is what it says, unless given."""
    at = moment(day) + NOON
    given = {"event_id": f"{name}@{day}", "source": "test"} | more
    return Event(account_id=account_id, name=name, time=at, received_at=at, **given)


def recorded(
    active: Mapping[str, Iterable[float]],
    *,
    days: int,
    left: Mapping[str, float] | None = None,
    more: Iterable[Event] = (),
) -> Recording:
    """Everybody is born on day 0, is active on the given days, and time passes for so many days.

    `left` are the days at whose beginning somebody decided to leave.
    """
    builder = RecordingBuilder()
    for account_id, on in active.items():
        born = event(account_id, 0, "account.updated", properties={"owner": f"{account_id[0]}@example.com"})
        for each in (born, *(event(account_id, day) for day in on)):
            builder.add(each, each.time.timestamp())
    for each in more:
        builder.add(each, each.time.timestamp())
    for account_id, day in (left or {}).items():
        builder.decide(account_id, moment(day).timestamp())
    return builder.build(end=moment(days).timestamp())
