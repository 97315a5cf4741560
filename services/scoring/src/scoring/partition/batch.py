"""Scores a run of one partition's records. Nothing here reads a clock or a table: what would change is a value."""

from collections.abc import Callable, Collection, Sequence

from common.bus.ports import Record
from common.contracts.events import CardActivated, Event, Tick
from common.contracts.signals import Signal, encode_signals_record
from scoring.health import EMPTY_STEP, Account, Day, Scorer, Step
from scoring.partition.commit import AccountRow, BatchReport, Commit, DeadReason, LogPosition, OutboxRow, Outlet
from scoring.partition.dedupe import Window, digest, hour_of
from scoring.partition.memory import PartitionMemory
from scoring.partition.origin import record_hash
from scoring.partition.records import Said

Poison = frozenset[tuple[int, str]]
"""(offset, account) pairs at which the core is known to raise."""


class Poisoned(Exception):
    """The core raised: do this batch again without that record."""

    def __init__(self, offset: int, account_id: str) -> None:
        super().__init__(f"the core raised on offset {offset} for account {account_id!r}")
        self.offset = offset
        self.account_id = account_id


class Batch:
    """One run of records over what memory holds. States change in place: after an error they must be read again."""

    def __init__(
        self,
        memory: PartitionMemory,
        scorer: Scorer,
        *,
        owns: Callable[[str], bool],
        poison: Poison,
        suspects: Collection[str] = (),
    ) -> None:
        """`owns` says whether an account id belongs in this partition at all.

        `suspects` are accounts that the core raised on: of each it is seen to after every record whether it still
        can be stored and looked at, so that the record that did it is found and no other.
        """
        self._memory = memory
        self._scorer = scorer
        self._owns = owns
        self._poison = poison
        self._suspects = suspects
        self._window = Window(memory.seen, memory.remembered)
        self._clock = memory.position.clock
        self._newest = memory.position.newest
        self._last: Record | None = None
        self._before: dict[str, tuple[AccountRow | None, float]] = {}
        self.touched: dict[str, Account] = {}
        self._applied: set[str] = set()
        self._moved_at: dict[str, int] = {}  # the offset that last moved each account
        self._days: dict[tuple[str, int], Day] = {}
        self._signals: list[Signal] = []
        self._outbox: list[OutboxRow] = []
        self.report = BatchReport()

    def run(self, records: Sequence[Record], said: Sequence[Said]) -> None:
        """Scores records, of each what it says. Raises `Poisoned` if the core does."""
        counted = self._window.counted
        for record, one in zip(records, said, strict=True):
            self._one(record, one)
        if records:
            self._last = records[-1]
        self.report.records += len(records)
        self.report.events += self._window.counted - counted

    def fire(self, tick: Record, account_ids: Sequence[str]) -> None:
        """A chunk of a big tick, the first accounts in the order of (timer, account): the offset and the clock stay.

        An account whose (due, account) comes after the chunk's last timer waits for a later chunk: of the accounts
        that are not in this one, some may come before it.
        """
        last = (self._memory.timers.of(account_ids[-1]) or 0, account_ids[-1])
        for turn in self._turns(tick.offset, account_ids):
            if turn <= last:
                self._advance(tick.offset, turn[1], tick.timestamp / 1000)

    def commit(self, partition: int, writer: str) -> Commit:
        """What this batch would write. Raises `Poisoned` if the core cannot say what became of an account."""
        states: dict[str, bytes] = {}
        timers: dict[str, int | None] = {}
        rows: list[AccountRow] = []
        for account_id, account in self.touched.items():
            row, clock = self._before[account_id]
            # A timer that found nothing re-arms and touches nothing else.
            if account_id in self._applied or account.clock != clock:
                states[account_id] = self._kept(account)
            if account_id in self._moved_at and (due := self._timer(account)) != self._memory.timers.of(account_id):
                timers[account_id] = due
            if (after := account_row(account)) != row:
                rows.append(after)
        return Commit(
            partition=partition,
            last=self._memory.seq,
            writer=writer,
            position=self._position(),
            states=states,
            timers=timers,
            seen=self._window.blobs(),
            accounts=tuple(rows),
            days=tuple(self._days.values()),
            signals=tuple(self._signals),
            outbox=tuple(self._outbox),
        )

    def _kept(self, account: Account) -> bytes:
        try:
            return self._scorer.dump(account)
        except Exception as error:  # see _event
            raise Poisoned(self._moved_at[account.account_id], account.account_id) from error

    def _timer(self, account: Account) -> int | None:
        try:
            now = max(account.clock, self._clock)  # a tick after the account's last event has passed the timer, maybe
            return self._scorer.choose_timer(account, self._memory.timers.of(account.account_id), now)
        except Exception as error:  # see _event
            raise Poisoned(self._moved_at[account.account_id], account.account_id) from error

    def _one(self, record: Record, said: Said) -> None:
        moment = record.timestamp / 1000
        self._newest = max(self._newest, moment)
        if type(said) is Event:  # nearly all are
            self._event(record, said, moment)
            return
        match said:
            case Tick():
                self._tick(record.offset, moment)
            case CardActivated():
                self._dead(record, DeadReason.CARD_CHANGE)
            case DeadReason():
                self._dead(record, said)

    def _event(self, record: Record, event: Event, moment: float) -> None:
        account_id = event.account_id
        if self._poison and (record.offset, account_id) in self._poison:
            self._dead(record, DeadReason.CORE_FAILED)
            return
        account = self.touched.get(account_id) or self._touch(account_id)
        if account is None:
            self._dead(record, DeadReason.WRONG_PARTITION)
            return
        one = digest(event.source, account_id, event.event_id)
        if not self._window.count(one, hour_of(self._newest)):
            self.report.duplicates += 1
            return
        self._applied.add(account_id)
        self._moved_at[account_id] = record.offset
        try:
            step = self._scorer.apply(account, event, max(moment, self._clock))
            if self._suspects:
                self._see_to(account)
        except Exception as error:  # whatever it is: the record is set aside and the partition goes on
            raise Poisoned(record.offset, account_id) from error
        if step is not EMPTY_STEP:
            self._take(step)

    def _tick(self, offset: int, moment: float) -> None:
        self.report.ticks += 1
        self._clock = max(self._clock, moment)
        for due, account_id in self._turns(offset, self._awake(self._clock)):
            if due <= self._clock:
                self._advance(offset, account_id, self._clock)

    def _awake(self, until: float) -> list[str]:
        """The accounts that have to be woken by then."""
        untouched = [one for one in self._memory.timers.due(until) if one not in self.touched]
        return untouched + [one for one, account in self.touched.items() if account.horizon.wake <= until]

    def _turns(self, offset: int, account_ids: Collection[str]) -> list[tuple[int, str]]:
        """(due, account) of these, in the order in which they fire; from here on each knows when it is due."""
        return sorted((due, one) for one in account_ids if (due := self._due(offset, one)) is not None)

    def _due(self, offset: int, account_id: str) -> int | None:
        if self._poison and (offset, account_id) in self._poison:
            return self._memory.timers.of(account_id)
        account = self._touch(account_id)
        if account is None:
            return None
        self._moved_at.setdefault(account_id, offset)
        try:
            return self._scorer.find_due(account)
        except Exception as error:  # see _event
            raise Poisoned(offset, account_id) from error

    def _advance(self, offset: int, account_id: str, until: float) -> None:
        account = self._touch(account_id)
        if account is None:
            return
        if (offset, account_id) in self._poison:
            self._moved_at[account_id] = offset
            self._scorer.cancel_timer(account)
            self._set_aside(round(until * 1000), account_id.encode(), None, DeadReason.CORE_FAILED)
            return
        self.report.fired += 1
        self._moved_at[account_id] = offset
        try:
            step = self._scorer.advance(account, until)
            self._see_to(account)
        except Exception as error:  # see _event
            raise Poisoned(offset, account_id) from error
        self._take(step)

    def _see_to(self, account: Account) -> None:
        if account.account_id in self._suspects:
            self._scorer.find_due(account)
            self._scorer.dump(account)

    def _touch(self, account_id: str) -> Account | None:
        """The account in its present state; None if it does not belong here."""
        if (account := self.touched.get(account_id)) is not None:
            return account
        account = self._memory.accounts.get(account_id)
        if account is not None:
            self._before[account_id] = (account_row(account), account.clock)
        elif self._owns(account_id):
            account = self._scorer.create(account_id)
            self._before[account_id] = (None, account.clock)
        else:
            return None
        self.touched[account_id] = account
        return account

    def _take(self, step: Step) -> None:
        self.report.mismatches += step.mismatches
        for day in step.days:
            self._day(day)
        for signal in step.signals:
            self._signals.append(signal)
            self._outbox.append(
                OutboxRow(
                    outlet=Outlet.SIGNALS,
                    stamp=round(signal.at.timestamp() * 1000),
                    key=signal.account_id.encode(),
                    value=encode_signals_record(signal),
                )
            )

    def _day(self, day: Day) -> None:
        self._days[day.account_id, day.day.toordinal()] = day

    def _dead(self, record: Record, reason: DeadReason) -> None:
        self._set_aside(record.timestamp, record.key, record.value, reason)

    def _set_aside(self, stamp: int, key: bytes | None, value: bytes | None, reason: DeadReason) -> None:
        self.report.dead.append(reason)
        self._outbox.append(OutboxRow(Outlet.DEAD, stamp, key, value, reason))

    def _position(self) -> LogPosition:
        if self._last is None:
            return self._memory.position
        return LogPosition(
            to_offset=self._last.offset + 1,
            clock=self._clock,
            newest=self._newest,
            last_offset=self._last.offset,
            last_time=self._last.timestamp,
            last_hash=record_hash(self._last),
        )


def account_row(account: Account) -> AccountRow:
    return AccountRow(account.account_id, account.facts, account.band)
