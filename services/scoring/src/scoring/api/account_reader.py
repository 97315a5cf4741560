"""Computes stored accounts with the core, each as of the moment that its partition is scored up to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta

from msgspec import Struct, field

from common.contracts.signals import Contact, Health
from scoring.api.delay import Delay
from scoring.health import NO_PAUSES, Account, Day, Pauses, Scorer, Summary, View
from scoring.health.moments import to_date, to_datetime
from scoring.postgres.snapshot import StateRow

# How far ahead an account may be read, as if it stayed silent.
MAX_AHEAD = timedelta(days=400)


class UnreadableState(Exception):
    """The core cannot read an account's state: another version wrote it, or there is a bug."""

    def __init__(self, account_id: str, reason: str) -> None:
        super().__init__(reason)
        self.account_id = account_id


class MomentOutOfRange(Exception):
    """The moment is too far ahead, or before `soonest` (seconds since the epoch): that is in the history."""

    def __init__(self, soonest: float) -> None:
        super().__init__()
        self.soonest = soonest


class DaysAway(Struct, frozen=True, rename={"first": "from"}):
    """From the first day to the last of them."""

    first: date
    until: date


class AccountReading(Struct, frozen=True):
    """`clock` is the moment of the account's last change, in seconds since the epoch; `today` is its open day.

    `contacts` are the people whom a signal would name, `away` the days on which the account is closed.
    `facts_learned` is the moment of the event that said each fact.
    """

    view: View
    clock: float
    today: Day | None
    contacts: tuple[Contact, ...] = ()
    away: tuple[DaysAway, ...] = ()
    facts_learned: dict[str, float] = field(default_factory=dict)


class RowReading(Struct, frozen=True):
    """What a list says of an account; `today` is its open day, None if it was not asked for."""

    summary: Summary
    today: Day | None


class AccountReader:
    def __init__(
        self,
        scorer: Scorer,
        moments: Mapping[int, float],
        delays: Mapping[int, Delay | None],
        pauses: Mapping[int, Pauses],
    ) -> None:
        """By partition: the moment that answers are computed for, in seconds since the epoch, why it is not now, and
        the pauses of feeds."""
        self.scorer = scorer
        self._pauses = pauses
        self._moments = moments
        self._delays = delays

    @property
    def earliest(self) -> float:
        return min(self._moments.values(), default=0.0)

    @property
    def latest(self) -> float:
        return max(self._moments.values(), default=0.0)

    def find_delay(self, *rows: StateRow) -> Delay | None:
        """The delay of the partition furthest behind: of these rows, or of all partitions without rows."""
        partitions = [stored.partition for stored in rows] or list(self._moments)
        behind = [number for number in partitions if self._delays.get(number) is not None]
        if not behind:
            return None
        return self._delays[min(behind, key=lambda number: self._moments.get(number, 0.0))]

    @property
    def today(self) -> date:
        return to_datetime(self.latest).date()

    def moment(self, stored: StateRow) -> float:
        """The moment that answers about its partition are computed for."""
        return self._moments.get(stored.partition, 0.0)

    def score(self, stored: StateRow) -> float:
        """Raises `UnreadableState`."""
        return self.health(stored)[0].score

    def health(self, stored: StateRow, at: float | None = None) -> tuple[Health, float]:
        """The health and its moment: that of its partition, or a later one `at`. Raises `UnreadableState`."""
        with _core_errors_as_unreadable(stored):
            account = self._open(stored)
            moment = max(self._soonest(account, stored), at or 0.0)
            return self.scorer.health(account, moment), moment

    def read(self, stored: StateRow, at: float | None = None) -> AccountReading:
        """As of its partition's moment, or of a later one within `MAX_AHEAD`.

        Raises `UnreadableState`, and `MomentOutOfRange` for any other moment.
        """
        with _core_errors_as_unreadable(stored):
            account = self._open(stored)
            soonest = self._soonest(account, stored)
            if at is None:
                at = soonest
            if not soonest <= at <= soonest + MAX_AHEAD.total_seconds():
                raise MomentOutOfRange(soonest)
            return AccountReading(
                view=self.scorer.view(account, at),
                clock=account.clock,
                today=self.scorer.today(account),
                contacts=account.people.contacts(),
                away=tuple(DaysAway(to_date(first), to_date(until)) for first, until in account.away.days),
                facts_learned={name: moment for name, (moment, _) in account.writers.items()},
            )

    def read_row(self, stored: StateRow, *, ahead: bool = True, today: bool = True) -> RowReading:
        """As of its partition's moment; the forecast only if `ahead`. Raises `UnreadableState`."""
        with _core_errors_as_unreadable(stored):
            account = self._open(stored)
            found = self.scorer.summary(account, self._soonest(account, stored), ahead=ahead)
            return RowReading(found, self.scorer.today(account) if today else None)

    def _open(self, stored: StateRow) -> Account:
        if stored.body is None:
            raise UnreadableState(stored.account_id, "there is no state: none of its records could be scored")
        return self.scorer.load(stored.account_id, stored.body, self._pauses.get(stored.partition, NO_PAUSES))

    def _soonest(self, account: Account, stored: StateRow) -> float:
        # The account's own records may be newer than the last tick of its partition.
        return max(account.clock, self.moment(stored))


@contextmanager
def _core_errors_as_unreadable(stored: StateRow) -> Iterator[None]:
    try:
        yield
    except (UnreadableState, MomentOutOfRange):
        raise
    except Exception as error:  # of any kind: one account must not hide the others
        raise UnreadableState(stored.account_id, f"{type(error).__name__}: {error}") from error
