"""Looks at stored accounts through the pure core, each as of the moment that may be spoken of."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta

from msgspec import Struct

from scoring.api.delay import Delay
from scoring.health import Account, Day, Scorer, View
from scoring.health.moments import to_datetime
from scoring.postgres.snapshot import StateRow

# How far ahead silence is played.
AHEAD = timedelta(days=400)


class UnreadableState(Exception):
    """The core can make nothing of the state of an account: another version wrote it, or there is a bug."""

    def __init__(self, account_id: str, reason: str) -> None:
        super().__init__(reason)
        self.account_id = account_id


class MomentOutOfRange(Exception):
    """Nobody looks there: what was before `soonest` (seconds since the epoch) is in the history."""

    def __init__(self, soonest: float) -> None:
        super().__init__()
        self.soonest = soonest


class AccountLook(Struct, frozen=True):
    """`clock` is the moment of the account's own last change, in seconds since the epoch, `today` the day of it."""

    view: View
    clock: float
    today: Day | None


class AccountReader:
    def __init__(self, scorer: Scorer, moments: Mapping[int, float], reasons: Mapping[int, Delay | None]) -> None:
        """`moments` says of each partition as of when it may be spoken of, in seconds since the epoch; `reasons` why
        that is not now.
        """
        self.scorer = scorer
        self._moments = moments
        self._reasons = reasons

    @property
    def earliest(self) -> float:
        return min(self._moments.values(), default=0.0)

    def held(self, *rows: StateRow) -> Delay | None:
        """What holds back the earliest of them, or of all partitions."""
        partitions = [stored.partition for stored in rows] or list(self._moments)
        behind = [number for number in partitions if self._reasons.get(number) is not None]
        if not behind:
            return None
        return self._reasons[min(behind, key=lambda number: self._moments.get(number, 0.0))]

    @property
    def today(self) -> date:
        return to_datetime(max(self._moments.values(), default=0.0)).date()

    def moment(self, stored: StateRow) -> float:
        """As of when its partition may be spoken of."""
        return self._moments.get(stored.partition, 0.0)

    def score(self, stored: StateRow) -> float:
        """Raises `UnreadableState`."""
        with _reading(stored):
            account = self._open(stored)
            return self.scorer.health(account, self._soonest(account, stored)).score

    def look(self, stored: StateRow, at: float | None = None) -> AccountLook:
        """As of the soonest moment that may be spoken of, or at a later one, at most `AHEAD`.

        Raises `UnreadableState`, and `MomentOutOfRange` for any other moment.
        """
        with _reading(stored):
            account = self._open(stored)
            soonest = self._soonest(account, stored)
            if at is None:
                at = soonest
            if not soonest <= at <= soonest + AHEAD.total_seconds():
                raise MomentOutOfRange(soonest)
            return AccountLook(
                view=self.scorer.view(account, at), clock=account.clock, today=self.scorer.today(account)
            )

    def _open(self, stored: StateRow) -> Account:
        if stored.body is None:
            raise UnreadableState(stored.account_id, "there is no state: none of its records could be scored")
        return self.scorer.load(stored.account_id, stored.body)

    def _soonest(self, account: Account, stored: StateRow) -> float:
        # What the account did was recorded by then, however far its partition's ticks have come.
        return max(account.clock, self.moment(stored))


@contextmanager
def _reading(stored: StateRow) -> Iterator[None]:
    try:
        yield
    except (UnreadableState, MomentOutOfRange):
        raise
    except Exception as error:  # whatever it is: one account must not hide the others
        raise UnreadableState(stored.account_id, f"{type(error).__name__}: {error}") from error
