"""One account: in full, its past, its receipts."""

from datetime import date

from common.problems import Problem
from common.query_parameters import bad_parameter
from scoring.api import answers, telling
from scoring.api.eye import AHEAD, Eye, Look, OutOfReach, Unreadable
from scoring.api.lookout import Lookout
from scoring.api.parameters import HistoryParameters, LookParameters, ReceiptParameters
from scoring.api.tables import Row, Snapshot
from scoring.health.moments import to_date, to_datetime, utc_day
from scoring.health.view import Day


class Reading:
    """Raises the 404 of an unknown account, the 500 of one whose state cannot be read."""

    def __init__(self, lookout: Lookout) -> None:
        self._lookout = lookout

    async def account(self, account_id: str, asked: LookParameters) -> answers.Account:
        async with self._lookout.open() as (eye, snapshot):
            row = await _known(snapshot, account_id)
        look = self._look(eye, row, asked.as_of)
        scorer = eye.scorer
        return telling.account(
            account_id,
            look,
            facts=row.facts,
            card=scorer.card,
            card_id=scorer.card_id,
            held=eye.held(row.stored),
        )

    async def history(self, account_id: str, asked: HistoryParameters) -> answers.History:
        since, until = asked.since, asked.until
        async with self._lookout.open() as (eye, snapshot):
            row = await _known(snapshot, account_id)
            first = None if since is None else to_date(utc_day(since))
            last = None if until is None else to_date(utc_day(until))
            closed = await snapshot.days(account_id, first=first, last=last, limit=asked.limit + 1)
            signals = await snapshot.signals(account_id, since=since, until=until, limit=asked.limit + 1)
        look = self._look(eye, row)
        days = (*_within(look.today, first, last), *closed)
        return answers.History(
            account_id=account_id,
            days=tuple(telling.day(day) for day in days[: asked.limit]),
            more_days=len(days) > asked.limit,
            signals=tuple(telling.signal(one, eye.scorer.card) for one in signals[: asked.limit]),
            more_signals=len(signals) > asked.limit,
            clock=to_datetime(look.clock),
            as_of=look.view.at,
        )

    async def receipts(self, account_id: str, asked: ReceiptParameters) -> answers.Receipts:
        async with self._lookout.open() as (eye, snapshot):
            row = await _known(snapshot, account_id)
            signals = await snapshot.signals(account_id, since=None, until=None, limit=asked.limit + 1)
        look = self._look(eye, row, asked.as_of)
        return answers.Receipts(
            account_id=account_id,
            level=telling.level(look.view.level),
            signals=tuple(telling.receipt(one, eye.scorer.card) for one in signals[: asked.limit]),
            more_signals=len(signals) > asked.limit,
            card_id=eye.scorer.card_id,
            clock=to_datetime(look.clock),
            as_of=look.view.at,
        )

    def _look(self, eye: Eye, row: Row, at: float | None = None) -> Look:
        self._lookout.metrics.looked(1)
        try:
            return eye.look(row.stored, at)
        except OutOfReach as error:
            first = to_datetime(error.soonest).isoformat()
            detail = f"must lie within {AHEAD.days} days after {first}; what was before is in the history"
            raise bad_parameter("query.as_of", "out_of_range", detail) from error
        except Unreadable as error:
            self._lookout.report(error)
            detail = "the account's state cannot be read by this version of scoring; it has been logged"
            raise Problem(500, "state_unreadable", detail) from error


async def _known(snapshot: Snapshot, account_id: str) -> Row:
    row = (await snapshot.rows([account_id])).get(account_id)
    if row is None:
        raise Problem(404, "unknown_account", "nothing is known of an account with this id")
    return row


def _within(day: Day | None, first: date | None, last: date | None) -> tuple[Day, ...]:
    """The day that is not closed yet is in the state and in no table."""
    if day is None or (first is not None and day.day < first) or (last is not None and day.day > last):
        return ()
    return (day,)
