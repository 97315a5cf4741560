"""Scores a run of one partition's records. It reads no clock and no table: the changes come out as one `Commit`."""

from collections.abc import Callable, Collection, Sequence

from common.bus.ports import Record
from common.contracts.dead_letters import DeadReason
from common.contracts.events import (
    CardActivated,
    Erased,
    Erasure,
    ErasureLifted,
    Event,
    FeedPaused,
    FeedResumed,
    Lifting,
    MentionsErased,
    Tick,
    UserErased,
    UserErasureLifted,
)
from common.erasures.erasure_spans import ErasureReason
from scoring.health import EMPTY_STEP, Account, Scorer, Step
from scoring.health.facts import MERGED
from scoring.partition.batch_feeds import BatchFeeds
from scoring.partition.commit import AccountRow, BatchReport, Commit, Erasing, LogPosition, OutboxRow, dead_letter
from scoring.partition.counting import EventCounting
from scoring.partition.dedupe import hour_of
from scoring.partition.erasing import NOTHING_RENAMED, RenamedCount, erasure_of, forwarded_erasure, with_substitutes
from scoring.partition.event_use import EventUse
from scoring.partition.kpi_entries import KPI_EVENTS, KpiEntries, entry_of, restatements
from scoring.partition.memory import PartitionMemory
from scoring.partition.origin import record_hash
from scoring.partition.outgoing import BatchOutput, account_row, facts_row, silence_letter, tick_row, told_facts
from scoring.partition.people import PeopleChanges
from scoring.partition.records import DecodedRecord, account_of_key

Poison = frozenset[tuple[int, str]]
"""(offset, account) pairs at which the core is known to raise."""


class Poisoned(Exception):
    """The core raised: score this batch again without that record."""

    def __init__(self, offset: int, account_id: str) -> None:
        super().__init__(f"the core raised on offset {offset} for account {account_id!r}")
        self.offset = offset
        self.account_id = account_id


class Batch:
    """Scores one run of records. It changes accounts in place: after an error they must be decoded again."""

    def __init__(
        self,
        memory: PartitionMemory,
        scorer: Scorer,
        *,
        owns: Callable[[str], bool],
        poison: Poison,
        suspects: Collection[str],
        use: EventUse,
        forward_ticks: bool = False,
        renamed: RenamedCount = NOTHING_RENAMED,
    ) -> None:
        """`owns` says whether an account id belongs in this partition. `use` counts what the events were good for.

        With `forward_ticks` (stream mode) the readers of the signals get every tick, after the signals that it brings.
        `suspects` are accounts that the core raised on. The batch checks a suspect after each of its records: it is to
        find the record that spoils the account, not a later one that the core raises on. `renamed` is what was written
        before it, of an erasure of a person or of mentions.
        """
        self._memory = memory
        self._scorer = scorer
        self._owns = owns
        self._poison = poison
        self._suspects = suspects
        self.use = use
        self._forward_ticks = forward_ticks
        self.counting = EventCounting(memory)
        self._clock = memory.position.clock
        self._fired_until = self._clock  # a chunk fires timers and does not move the clock
        self._newest = memory.position.newest
        self._last: Record | None = None
        self._before: dict[str, tuple[AccountRow | None, float]] = {}  # row and clock before this batch
        self.touched: dict[str, Account] = {}
        self._applied: set[str] = set()
        self._moved_at: dict[str, int] = {}  # the offset that last moved each account
        self._output = BatchOutput()
        self._people = PeopleChanges(memory.people)
        self._kpi_entries = KpiEntries()
        self._feeds = BatchFeeds(memory)
        self._erasure: Erasing | None = None
        self._renamed = renamed
        self.report = BatchReport()

    def score(self, records: Sequence[Record], decoded: Sequence[DecodedRecord]) -> None:
        """Scores records, given raw and decoded. Raises `Poisoned` if the core does."""
        counted = self.counting.counted
        for record, one in zip(records, decoded, strict=True):
            moment = record.timestamp / 1000
            self._newest = max(self._newest, moment)
            if type(one) is Event:  # nearly all are
                self._apply(record, one, moment)
                continue
            match one:
                case Tick():
                    self._fire_due(record.offset, moment)
                case FeedPaused() | FeedResumed():
                    self._fire_due(record.offset, moment)
                    self.report.announced[self._feeds.apply(one, at=self._clock)] += 1
                case CardActivated():
                    self._dead_letter(record, DeadReason.CARD_CHANGE)
                case DeadReason():
                    self._apply_unreadable(record, one)
                case Erased() | UserErased() | ErasureLifted() | UserErasureLifted() | MentionsErased():
                    self._erase(record, one)
        if records:
            self._last = records[-1]
        self.report.records += len(records)
        self.report.events += self.counting.counted - counted

    def fire_chunk(self, tick: Record, account_ids: Sequence[str]) -> None:
        """Fires a chunk of a big tick, its first accounts by (timer, account). Offset and clock do not move.

        A timer may stand before the due moment. An account that is due after the chunk's last timer waits for a later
        chunk: others there may be due before it.
        """
        last = (self._memory.timers.of(account_ids[-1]) or 0, account_ids[-1])
        self._fired_until = tick.timestamp / 1000
        for due in self._firing_order(tick.offset, account_ids):
            if due <= last:
                self._advance(tick.offset, due[1], tick.timestamp / 1000)

    def commit(self, partition: int, writer: str) -> Commit:
        """What this batch changes. Raises `Poisoned` if the core cannot store an account or find its timer."""
        states: dict[str, bytes] = {}
        timers: dict[str, int | None] = {}
        rows: list[AccountRow] = []
        for account_id, account in self.touched.items():
            row, clock = self._before[account_id]
            # A timer that found nothing due is set again; the state stays as it is stored.
            if account_id in self._applied or account.clock != clock:
                states[account_id] = self._dump(account)
            if account_id in self._moved_at and (due := self._timer(account)) != self._memory.timers.of(account_id):
                timers[account_id] = due
            if (after := account_row(account)) != row:
                rows.append(after)
        return Commit(
            partition=partition,
            last_seq=self._memory.seq,
            writer=writer,
            position=self._position(),
            states=states,
            timers=timers,
            seen=self.counting.blobs(),
            accounts=tuple(rows),
            days=self._output.days,
            signals=tuple(self._output.signals),
            outbox=tuple(self._output.outbox),
            people=self._people.rows(),
            kpi_entries=self._kpi_entries.rows(),
            applied=tuple(self._feeds.applied),
            pauses=self._feeds.pauses,
            erasure=self._erasure,
        )

    def _erase(self, record: Record, said: Erasure | Lifting | MentionsErased) -> None:
        """Raises `ErasureRefused`. The record is a run of its own, so nothing that it deletes is in this batch."""
        if isinstance(said, Erased) and not self._owns(said.account_id):
            self._dead_letter(record, DeadReason.WRONG_PARTITION)
            return
        known = self._memory.erasures
        self._erasure = erasure_of(record, said, known, at=self._newest, renamed=self._renamed)
        if self._erasure is not None:
            self._output.outbox.append(forwarded_erasure(said, at=self._newest))

    def _pass_over(self, event: Event, reason: ErasureReason) -> None:
        self.report.erased[reason] += 1
        # It was counted when it was read first. What came while the account was erased may come again once it is not.
        if reason is ErasureReason.BEFORE_ERASURE:
            self.counting.count_if_new(event, hour_of(self._newest))

    def _drop_of_user(self, offset: int, event: Event) -> None:
        self.report.erased[ErasureReason.USER_ERASED] += 1
        if not event.more:
            self._close_request_of(offset, event.account_id)

    def _apply_unreadable(self, record: Record, reason: DeadReason) -> None:
        account_id = account_of_key(record)
        if account_id is not None and (erased := self._memory.erasures.reason(account_id, record.offset)) is not None:
            self.report.erased[erased] += 1
            return
        self._dead_letter(record, reason)
        self._close_request_of(record.offset, account_id)

    def _dump(self, account: Account) -> bytes:
        try:
            return self._scorer.dump(account)
        except Exception as error:  # see _apply
            raise Poisoned(self._moved_at[account.account_id], account.account_id) from error

    def _timer(self, account: Account) -> int | None:
        try:
            # A tick after the account's last event may have passed the stored timer.
            now = max(account.clock, self._clock, self._fired_until)
            return self._scorer.choose_timer(account, self._memory.timers.of(account.account_id), now)
        except Exception as error:  # see _apply
            raise Poisoned(self._moved_at[account.account_id], account.account_id) from error

    def _apply(self, record: Record, event: Event, moment: float) -> None:
        account_id = event.account_id
        erasures = self._memory.erasures
        if (reason := erasures.reason(account_id, record.offset)) is not None:
            self._pass_over(event, reason)
            return
        if erasures.any_people:
            renamed = with_substitutes(event, record.offset, erasures)
            if renamed is None:
                self._drop_of_user(record.offset, event)
                return
            event = renamed
        if self._poison and (record.offset, account_id) in self._poison:
            self._dead_letter(record, DeadReason.CORE_FAILED)
            if not event.more:
                self._close_request_of(record.offset, account_id)
            return
        account = self.touched.get(account_id) or self._touch(account_id)
        if account is None:
            self._dead_letter(record, DeadReason.WRONG_PARTITION)
            return
        # Only now: a dead letter must not use up its event id.
        if not self.counting.count_if_new(event, hour_of(self._newest)):
            self.report.note_duplicate(event, says_otherwise=self.counting.says_otherwise(event))
            if not event.more:
                self._close_request(record.offset, account)
            return
        self.use.note(event, moment)
        self._applied.add(account_id)
        self._moved_at[account_id] = record.offset
        facts = account.facts
        if account.is_merged and event.name != MERGED:
            self.report.of_merged += 1
        at = max(moment, self._clock)
        try:
            # Before the account knows it: the entry says what is new in the event.
            entry = entry_of(event, account, recorded=at) if event.name in KPI_EVENTS else None
            restated = [] if entry is None else restatements(event, account, recorded=at)
            step = self._scorer.apply(account, event, at)
            if self._suspects:
                self._check_suspect(account)
            self._kpi_entries.note_health(account, step, self._scorer, recorded=at)
        except Exception as error:  # of any kind: the record becomes a dead letter, and the partition goes on
            raise Poisoned(record.offset, account_id) from error
        if entry is not None:
            self._kpi_entries.add(entry, *restated)
        if event.user_id is not None:
            self._people.note(event, event.user_id, at)
        if account.facts is not facts and told_facts(account.facts) != told_facts(facts):
            self._output.outbox.append(facts_row(account, at=at))
        if step is not EMPTY_STEP:
            self._add_step(step, at)
            if step.retraction is not None:
                self.report.note_retraction(event, step.retraction)

    def _close_request(self, offset: int, account: Account) -> None:
        """The account's next record without `more` closes its open request, whether or not the record counts."""
        if account.request is None:
            return
        self._applied.add(account.account_id)
        self._moved_at[account.account_id] = offset
        try:
            step = self._scorer.close_request(account)
            if self._suspects:
                self._check_suspect(account)
            self._kpi_entries.note_health(account, step, self._scorer, recorded=self._newest)
        except Exception as error:  # see _apply
            raise Poisoned(offset, account.account_id) from error
        self._add_step(step, self._newest)

    def _close_request_of(self, offset: int, account_id: str | None) -> None:
        """Of a record that does not count. If the core raises on that, the request stays open until its time ends."""
        if account_id is None or (account := self._touch_known(account_id)) is None or account.request is None:
            return
        if (offset, account_id) not in self._poison:
            self._close_request(offset, account)
            return
        body = self._scorer.dump(account)
        try:
            self._close_request(offset, account)
        except Poisoned:
            self.touched[account_id] = self._scorer.load(account_id, body, self._memory.pauses)

    def _fire_due(self, offset: int, moment: float) -> None:
        """A tick: fires what silence has made due until now."""
        self.report.ticks += 1
        self._clock = max(self._clock, moment)
        # Accounts that this batch has moved are due by their horizons, the others by their stored timers.
        awake = [one for one in self._memory.timers.due(self._clock) if one not in self._moved_at]
        awake += [one for one in self._moved_at if self.touched[one].wake <= self._clock]
        for due, account_id in self._firing_order(offset, awake):
            if due <= self._clock:
                self._advance(offset, account_id, self._clock)
        if self._forward_ticks:
            self._output.outbox.append(tick_row(at=moment))

    def _firing_order(self, offset: int, account_ids: Collection[str]) -> list[tuple[int, str]]:
        """(due moment, account) of these, sorted: in every batch timers fire in the same order."""
        return sorted((due, one) for one in account_ids if (due := self._find_due(offset, one)) is not None)

    def _find_due(self, offset: int, account_id: str) -> int | None:
        if self._poison and (offset, account_id) in self._poison:
            return self._memory.timers.of(account_id)
        account = self._touch(account_id)
        if account is None:
            return None
        self._moved_at.setdefault(account_id, offset)
        try:
            return self._scorer.find_due(account)
        except Exception as error:  # see _apply
            raise Poisoned(offset, account_id) from error

    def _advance(self, offset: int, account_id: str, until: float) -> None:
        account = self._touch(account_id)
        if account is None:
            return
        # The core raises on this account's silence: the timer goes, and a dead letter names the account.
        if (offset, account_id) in self._poison:
            self._moved_at[account_id] = offset
            self._scorer.cancel_timer(account)
            self._add_dead_letter(silence_letter(account_id, at=until), DeadReason.CORE_FAILED)
            return
        self.report.fired += 1
        self._moved_at[account_id] = offset
        request, look = account.request, account.look
        try:
            step = self._scorer.advance(account, until)
            self._check_suspect(account)
            self._kpi_entries.note_health(account, step, self._scorer, recorded=until)
        except Exception as error:  # see _apply
            raise Poisoned(offset, account_id) from error
        # A tick may close a request or take a look and not move the account's clock: of an import, or in stream mode.
        if account.request is not request or account.look is not look:
            self._applied.add(account_id)
        self._add_step(step, until)

    def _check_suspect(self, account: Account) -> None:
        """Does at once what would otherwise raise at a later record, or at the commit."""
        if account.account_id in self._suspects:
            self._scorer.find_due(account)
            self._scorer.dump(account)

    def _touch(self, account_id: str) -> Account | None:
        """The account in its present state; None if it does not belong in this partition."""
        account = self._touch_known(account_id)
        if account is None and self._owns(account_id):
            account = self.touched[account_id] = self._scorer.create(account_id, self._memory.pauses)
            self._before[account_id] = (None, account.clock)
            self._kpi_entries.follow(account, is_new=True)
        return account

    def _touch_known(self, account_id: str) -> Account | None:
        """The account in its present state; None if no record of it was ever applied."""
        account = self.touched.get(account_id)
        if account is None and (account := self._memory.accounts.get(account_id)) is not None:
            self._before[account_id] = (account_row(account), account.clock)
            self._kpi_entries.follow(account, is_new=False)
            self.touched[account_id] = account
        return account

    def _add_step(self, step: Step, recorded: float) -> None:
        self._kpi_entries.note_months(step.months, recorded=recorded)
        self.report.mismatches += step.mismatches
        self._output.add_step(step, recorded=recorded)

    def _dead_letter(self, record: Record, reason: DeadReason) -> None:
        self._add_dead_letter(dead_letter(record, reason), reason)

    def _add_dead_letter(self, letter: OutboxRow, reason: DeadReason) -> None:
        self.report.dead.append(reason)
        self._output.outbox.append(letter)

    def _position(self) -> LogPosition:
        # A chunk of a big tick has read no record, so the position stays.
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
