"""What a batch publishes and stores: rows of the outbox, and the signals and days of the tables. Pure."""

from common.contracts.dead_letters import DeadReason
from common.contracts.events import Tick
from common.contracts.signals import Facts, FactsChanged, Signal, encode_signals_record
from scoring.health import Account, Day, Step
from scoring.partition.commit import AccountRow, OutboxRow, OutboxTopic

_TICK = encode_signals_record(Tick())


class BatchOutput:
    """Collects rows of the outbox and signals, in the order of the log, and the days of accounts."""

    def __init__(self) -> None:
        self.outbox: list[OutboxRow] = []
        self.signals: list[Signal] = []
        self._days: dict[tuple[str, int], Day] = {}

    @property
    def days(self) -> tuple[Day, ...]:
        """The last version of each day of an account."""
        return tuple(self._days.values())

    def add_step(self, step: Step, *, recorded: float) -> None:
        for day in step.days:
            self._days[day.account_id, day.day.toordinal()] = day
        for signal in step.signals:
            self.signals.append(signal)
            self.outbox.append(signal_row(signal, recorded=recorded))


def account_row(account: Account) -> AccountRow:
    return AccountRow(account.account_id, account.facts, account.band, account.stage)


def signal_row(signal: Signal, *, recorded: float) -> OutboxRow:
    """`recorded` is the record time. It stamps signals of history, whose own time may be years ago."""
    return OutboxRow(
        topic=OutboxTopic.SIGNALS,
        stamp=_stamp(recorded if signal.history else signal.at.timestamp()),
        key=signal.account_id.encode(),
        value=encode_signals_record(signal),
    )


def told_facts(facts: Facts) -> tuple[object, ...]:
    """The facts whose change is published."""
    known = (facts.name, facts.owner, facts.tier, facts.arr, facts.language, facts.time_zone, facts.parent)
    return *known, facts.merged_into


def facts_row(account: Account, *, at: float) -> OutboxRow:
    """Published at once, not only with the next signal: alerts must know who owns an account."""
    value = encode_signals_record(FactsChanged(account.account_id, account.facts))
    return OutboxRow(OutboxTopic.SIGNALS, _stamp(at), None, value)


def tick_row(*, at: float) -> OutboxRow:
    """A tick for the signals topic: in stream mode its readers get the time from nothing else."""
    return OutboxRow(OutboxTopic.SIGNALS, _stamp(at), None, _TICK)


def silence_letter(account_id: str, *, at: float) -> OutboxRow:
    """The dead letter of a core that failed as time passed: there is no record, so the key names the account."""
    return OutboxRow(OutboxTopic.DEAD, _stamp(at), account_id.encode(), None, DeadReason.CORE_FAILED)


def _stamp(moment: float) -> int:
    return round(moment * 1000)
