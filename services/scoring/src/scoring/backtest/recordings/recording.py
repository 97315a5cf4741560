"""Recorded events by account, in the order in which they are applied, and the days on which they happened."""

from array import array
from collections.abc import Iterator, Mapping
from math import ceil, floor, inf

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from common.contracts.events import Event
from scoring.backtest.errors import TooFewEvents
from scoring.health.facts import RETRACTED
from scoring.health.metrics.milestone.definition import PLANNED, REACHED
from scoring.health.moments import DAY, parse_day, parse_moment
from scoring.health.properties import withdrawn_event

# An event of this name is the decision to leave, beside those of an outcomes file.
ENDED = "contract.ended"
NOBODY = -1

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Event)


PackedEvent = tuple[float, bytes]
"""The time (UTC) at which an event is applied, and the event as bytes: small, and cheap to give to another process."""


def unpack(body: bytes) -> Event:
    return _decoder.decode(body)


class AccountEvents(Struct, frozen=True, gc=False):
    """All events of one account in the order in which they are applied."""

    account_id: str
    events: tuple[PackedEvent, ...]


class EventColumns(Struct, frozen=True):
    """One entry for each event: indexes of its account, its name and its user (or NOBODY), and its UTC day."""

    account: "array[int]"
    name: "array[int]"
    user: "array[int]"
    day: "array[int]"


class StepRecord(Struct, frozen=True, gc=False):
    """A milestone step of an account: planned to be `due`, or reached (`due` is None), at `at`; both UTC."""

    account: int
    step: str
    at: float
    due: float | None


class Recording(Struct, frozen=True):
    """Days are whole UTC days since the epoch. `day_zero` is the day from which observation dates are counted.

    `days` is how many were recorded, the last one perhaps in part. Time passes up to `end` (UTC). `decisions` say when
    an account decided to leave (UTC), for those that did. `steps` are what was planned and reached.
    `duplicates` and `unreadable` count what was left out, `imported` the events of imports, which count as if live.
    """

    accounts: tuple[AccountEvents, ...]
    names: tuple[str, ...]
    columns: EventColumns
    first_day: int
    days: int
    day_zero: int
    end: float
    decisions: Mapping[str, float]
    steps: tuple[StepRecord, ...] = ()
    duplicates: int = 0
    imported: int = 0
    unreadable: int = 0

    @property
    def events(self) -> int:
        return len(self.columns.day)

    @property
    def last_date(self) -> int:
        """The last midnight that was reached, in days from the first one."""
        return floor(self.end / DAY) - self.first_day


class RecordingBuilder:
    """Collects events in any order. The same (source, account, event id) counts once, as in the running system."""

    def __init__(self) -> None:
        self._events: dict[str, list[PackedEvent]] = {}
        self._accounts: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._users: dict[str, int] = {}
        self._columns = EventColumns(array("i"), array("i"), array("i"), array("i"))
        self._seen: set[int] = set()
        self._decisions: dict[str, float] = {}
        # By identity: contracts that ended (account, time), and the last retraction of each event.
        self._ended: dict[int, tuple[str, float]] = {}
        self._retracted: dict[int, float] = {}
        self._steps: list[StepRecord] = []
        self._newest = -inf
        self.duplicates = 0
        self.imported = 0
        self.unreadable = 0

    def __len__(self) -> int:
        return len(self._columns.day)

    def add(self, event: Event, at: float) -> None:
        """Adds an event that is applied at `at` (UTC). At equal times the one that was added first comes first."""
        # Sixty-four bits each: a collision among a hundred million events has a chance of one in three thousand.
        identity = hash((event.source, event.account_id, event.event_id))
        if identity in self._seen:
            self.duplicates += 1
            return
        self._seen.add(identity)
        if event.history:
            # Applied at its own time it counts as if live; otherwise nothing of an import would be signalled.
            event = replace(event, history=False)
            self.imported += 1
        self._events.setdefault(event.account_id, []).append((at, _encoder.encode(event)))
        columns = self._columns
        account = self._accounts.setdefault(event.account_id, len(self._accounts))
        columns.account.append(account)
        columns.name.append(self._names.setdefault(event.name, len(self._names)))
        columns.day.append(floor(at / DAY))
        user = event.user_id
        columns.user.append(NOBODY if user is None else self._users.setdefault(user, len(self._users)))
        self._newest = max(self._newest, at)
        if event.name == ENDED:
            self._ended[identity] = (event.account_id, at)
        elif event.name == RETRACTED and (withdrawn := withdrawn_event(event)) is not None:
            of = hash((withdrawn[0], event.account_id, withdrawn[1]))
            self._retracted[of] = max(at, self._retracted.get(of, at))
        step: object = event.properties.get("step")
        if event.name in (PLANNED, REACHED) and isinstance(step, str):
            due = _due(event.properties.get("due")) if event.name == PLANNED else None
            if event.name == REACHED or due is not None:
                self._steps.append(StepRecord(account, step, at, due))

    def decide(self, account_id: str, at: float) -> None:
        """The account decided to leave at `at` (UTC). The earliest decision counts."""
        self._decisions[account_id] = min(at, self._decisions.get(account_id, inf))

    def build(self, *, day_zero: int | None = None, end: float | None = None) -> Recording:
        """Raises `TooFewEvents` if there is none. Without `end`, time passes to the midnight after the last event."""
        if not self._events:
            raise TooFewEvents("no event was found")
        first_day, last_day = min(self._columns.day), max(self._columns.day)
        reached = (last_day + 1) * DAY if end is None else max(end, self._newest)
        return Recording(
            accounts=tuple(self._sorted_accounts()),
            names=tuple(self._names),
            columns=self._columns,
            first_day=first_day,
            days=max(ceil(reached / DAY), last_day + 1) - first_day,
            day_zero=first_day if day_zero is None else day_zero,
            end=reached,
            decisions=self._standing_decisions(),
            steps=tuple(self._steps),
            duplicates=self.duplicates,
            imported=self.imported,
            unreadable=self.unreadable,
        )

    def _standing_decisions(self) -> dict[str, float]:
        """The earliest of each account. A contract whose end was retracted afterwards did not end."""
        found = {one: at for one, at in self._decisions.items() if one in self._events}
        for identity, (account_id, at) in self._ended.items():
            if self._retracted.get(identity, -inf) < at:
                found[account_id] = min(at, found.get(account_id, inf))
        return found

    def _sorted_accounts(self) -> Iterator[AccountEvents]:
        """In the order in which the columns number them."""
        for account_id in self._accounts:
            yield AccountEvents(account_id, tuple(sorted(self._events[account_id], key=lambda one: one[0])))


def _due(named: object) -> float | None:
    """When a planned step is due (UTC). A date is over at its end."""
    day = parse_day(named)
    return parse_moment(named) if day is None else (day + 1) * DAY
