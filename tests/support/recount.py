"""One partition's log counted again by the plainest program that could do it: one record after the other.

It shares with the worker the contracts and the pure core and nothing else: no batches, no memory to drop, no timers
kept in order, no database. What it comes to is what the tables and the signals topic must hold, to the byte.
"""

from datetime import UTC, date, datetime
from math import ceil, inf
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from common.bus.partitioner import partition_of
from common.bus.ports import Record
from common.contracts.events import Announcement, CardActivated, Event, FeedPaused, Tick, decode_events_record
from common.contracts.signals import Signal, encode_signals_record
from scoring.health.account import Account
from scoring.health.feeds import FeedPause, Pauses
from scoring.health.hold import waits_for_resume
from scoring.health.scorer import Scorer
from scoring.health.view import Day, Step

HOUR = 3600
REMEMBERED_HOURS = 24


class Told(NamedTuple):
    """A signal as a record: `key` and `value` are bytes on the topic."""

    signal_id: str
    key: bytes
    value: bytes


Rows = dict[str, list[tuple[Any, ...]]]


class Seen:
    """Guarantee 2 with a plain dict: an id counts again 25 clock hours, or `remembered` ids, after it counted."""

    def __init__(self, remembered: int) -> None:
        self._remembered = remembered
        self._counted: dict[tuple[str, str, str], tuple[int, int]] = {}
        self._ordinal = 0

    def __call__(self, event: Event, hour: int) -> bool:
        name = (event.source, event.account_id, event.event_id)
        if name in self._counted:
            ordinal, its_hour = self._counted[name]
            if self._ordinal - ordinal <= self._remembered and hour - its_hour <= REMEMBERED_HOURS:
                return True
        self._counted[name] = (self._ordinal, hour)
        self._ordinal += 1
        return False


class PersonHistory:
    """What the events of one person said, as they came. `said` has values with their event times."""

    def __init__(self) -> None:
        self.days: list[date] = []
        self.left: list[date] = []
        self.said: list[tuple[float, str, Any]] = []

    def hear(self, event: Event, moment: float) -> None:
        day = datetime.fromtimestamp(moment, UTC).date()
        self.days.append(day)
        if event.name == "champion.left":
            self.left.append(day)
            self.said.append((moment, "champion", False))
        elif event.name == "user.updated":
            self.said += [(moment, name, value) for name, value in event.properties.items()]

    def row(self) -> tuple[Any, ...]:
        known: dict[str, Any] = {"champion": False}
        # A sort keeps the order of the log at equal times.
        for _, name, value in sorted(self.said, key=itemgetter(0)):
            known[name] = value
        fields = (known.get("name"), known.get("email"), known.get("role"), bool(known["champion"]))
        return max(self.days), max(self.left, default=None), *fields


class Recount:
    """`read` takes the records of one partition in their order, from its first one on."""

    def __init__(self, scorer: Scorer, *, partition: int, partitions: int, remembered: int) -> None:
        self._scorer = scorer
        self._partition = partition
        self._partitions = partitions
        self._seen = Seen(remembered)
        self._days: dict[tuple[str, date], Day] = {}
        self.accounts: dict[str, Account] = {}
        self.people: dict[tuple[str, str], PersonHistory] = {}
        self.signals: list[Signal] = []
        self.dead: list[tuple[str, bytes | None, bytes | None]] = []
        self.counted: list[str] = []
        self.duplicates = 0
        self.ticks = 0
        self.applied: list[str] = []
        self.pauses: dict[str, FeedPause] = {}
        self.clock = 0.0
        self.newest = 0.0
        self.to_offset = 0

    def read(self, record: Record) -> None:
        moment = record.timestamp / 1000
        self.newest = max(self.newest, moment)
        self.to_offset = record.offset + 1
        try:
            said = decode_events_record(record.value or b"")
        except msgspec.DecodeError:
            self._set_aside("unreadable", record)
            self._close_request((record.key or b"").decode(errors="replace"))
            return
        if isinstance(said, Tick):
            self._tick(moment)
        elif isinstance(said, Announcement):
            self._announce(said, moment)
        elif isinstance(said, CardActivated):
            self._set_aside("card_change_not_supported", record)
        elif not isinstance(said, Event):
            raise NotImplementedError(f"no log that is counted again has a {type(said).__name__}")
        elif partition_of(said.account_id.encode(), self._partitions) != self._partition:
            self._set_aside("wrong_partition", record)
        else:
            self._event(said, moment)

    def rows(self) -> Rows:
        """What the tables must hold of this partition, whatever the order."""
        mine = self._partition
        accounts = self.accounts.items()
        signals = {one.signal_id: one for one in reversed(self.signals)}.values()
        return {
            "state": [(name, mine, self._scorer.dump(one)) for name, one in accounts],
            "timer": [(name, mine, due) for name, one in accounts if (due := self._timer(one)) is not None],
            "account": [
                (name, mine, *msgspec.structs.astuple(one.facts), one.band, one.stage) for name, one in accounts
            ],
            "person": [(account, mine, user, *one.row()) for (account, user), one in self.people.items()],
            "signal": [
                (one.signal_id, one.account_id, mine, one.kind.value, one.at.timestamp(), _json(one)) for one in signals
            ],
            "feed_pause": [(mine, *one) for one in self.pauses.values()],
            "applied": [(mine, one) for one in self.applied],
            "day": [(name, day, mine, _json(one)) for (name, day), one in self._days.items()],
            "position": [(mine, self.to_offset, self.clock, self.newest)],
        }

    def told(self) -> list[Told]:
        """Every signal in the order in which it came about."""
        return [Told(one.signal_id, one.account_id.encode(), encode_signals_record(one)) for one in self.signals]

    def _event(self, event: Event, moment: float) -> None:
        if self._seen(event, int(self.newest // HOUR)):
            self.duplicates += 1
            if not event.more:
                self._close_request(event.account_id)
            return
        self.counted.append(event.event_id)
        if event.user_id is not None and event.name != "health.overridden":
            person = self.people.setdefault((event.account_id, event.user_id), PersonHistory())
            person.hear(event, min(event.time.timestamp(), max(moment, self.clock)))
        account = self.accounts.setdefault(event.account_id, self._scorer.create(event.account_id, self._pauses()))
        self._take(self._scorer.apply(account, event, max(moment, self.clock)))

    def _timer(self, account: Account) -> int | None:
        """Its due moment; what waits for a feed is looked at again every six hours."""
        due = self._scorer.find_due(account)
        if not waits_for_resume(account):
            return due
        check = (int(self.clock) // (6 * HOUR) + 1) * 6 * HOUR
        return check if due is None else min(due, check)

    def _close_request(self, account_id: str) -> None:
        """A record that does not count ends a request all the same."""
        if account_id in self.accounts:
            self._take(self._scorer.close_request(self.accounts[account_id]))

    def _announce(self, said: Announcement, moment: float) -> None:
        self._tick(moment)
        if said.id in self.applied:
            return
        self.applied.append(said.id)
        known = self.pauses.get(said.source, FeedPause(said.source, inf, -inf))
        if isinstance(said, FeedPaused):
            since = min(said.since.timestamp(), self.clock, known.since if known.until > self.clock else inf)
            self.pauses[said.source] = FeedPause(said.source, since, inf)
        elif known.until == inf:
            lasted = min(max(self.clock - known.since, 6 * HOUR), 24 * HOUR)
            self.pauses[said.source] = known._replace(until=float(ceil(self.clock + lasted)))
        # Whoever reads an account from here on knows of it.
        for name, account in self.accounts.items():
            self.accounts[name] = self._scorer.load(name, self._scorer.dump(account), self._pauses())

    def _pauses(self) -> Pauses:
        """Those that are in force."""
        return tuple(one for one in self.pauses.values() if one.until > self.clock)

    def _tick(self, moment: float) -> None:
        self.ticks += 1
        self.clock = max(self.clock, moment)
        moments = [(self._scorer.find_due(account), name) for name, account in self.accounts.items()]
        for _, name in sorted((due, name) for due, name in moments if due is not None and due <= self.clock):
            self._take(self._scorer.advance(self.accounts[name], self.clock))

    def _take(self, step: Step) -> None:
        assert not step.mismatches
        self.signals += step.signals
        for day in step.days:
            self._days[day.account_id, day.day] = day

    def _set_aside(self, reason: str, record: Record) -> None:
        self.dead.append((reason, record.key, record.value))


def _json(value: Signal | Day) -> str:
    return msgspec.json.encode(value).decode()
