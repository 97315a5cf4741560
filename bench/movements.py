"""What the last weeks left of silent accounts: closed days, and signals of changed bands."""

import time
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.peers.job import Scorer
from bench.silent import DAY, NAMES
from common.contracts.events import Event
from common.contracts.signals import Signal
from local.stack.processes import ServerError
from scoring.health.view import Day

PLAYED_DAYS = 120
MOVED_EVERY = 20  # one account in so many has another band than a week ago

_NUMBERED = "SELECT account_id, partition, row_number() OVER (ORDER BY account_id)::integer AS n FROM scoring.account"
# Every other day of four weeks, with the parts and events of a real day.
_DAYS = f"""
INSERT INTO scoring.day (account_id, day, partition, body)
SELECT account_id, current_date - back, partition, json_build_object(
    'account_id', account_id, 'day', current_date - back,
    'since', extract(epoch FROM current_date - back - 1), 'before', 45 + (n + back) % 40,
    'after', 45 + (n * 7 + back) % 40, 'parts', CAST(:parts AS json), 'events', CAST(:events AS json))
FROM ({_NUMBERED}) AS numbered
CROSS JOIN generate_series(1, 27, 2) AS back
"""
_SIGNALS = f"""
INSERT INTO scoring.signal (signal_id, account_id, partition, kind, at, body)
SELECT 'moved-' || account_id, account_id, partition, 'band', :now - n % 7 * 86400, CAST(:body AS json)
FROM ({_NUMBERED}) AS numbered
WHERE n % :every = 0
"""


async def fill_movements(engine: AsyncEngine, scorer: Scorer) -> None:
    """The accounts must be in the table."""
    day, signal = _played(scorer)
    of_day: dict[str, Any] = {name: msgspec.json.encode(getattr(day, name)).decode() for name in ("parts", "events")}
    of_signals = {"now": time.time(), "body": msgspec.json.encode(signal).decode(), "every": MOVED_EVERY}
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text(_DAYS), of_day)
        await connection.execute(text(_SIGNALS), of_signals)
        await connection.execute(text("VACUUM ANALYZE scoring.day, scoring.signal"))


def _played(scorer: Scorer) -> tuple[Day, Signal]:
    """A day with events, and a signal of a band, of somebody who came every day and then did not."""
    account, days, signals = scorer.create("played"), list[Day](), list[Signal]()
    begun = time.time() - PLAYED_DAYS * DAY
    for n in range(PLAYED_DAYS):
        moment = begun + n * DAY
        if n < PLAYED_DAYS / 4:
            at = datetime.fromtimestamp(moment, UTC)
            event = Event(f"e{n}", "played", NAMES[n % len(NAMES)], at, "web", at, user_id=f"user-{n % 7}")
            step = scorer.apply(account, event, moment)
        else:
            step = scorer.advance(account, moment)
        days += [day for day in step.days if day.events]
        signals += [signal for signal in step.signals if signal.kind == "band"]
    if not days or not signals:
        raise ServerError("a history of use and silence brought no day with events, or no signal of a band")
    return days[-1], signals[-1]
