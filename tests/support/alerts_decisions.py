"""An account's signals decided one run after the other, as the reader would, with nothing stored and nothing sent.

`DecidedAccount` plays the part of the tables: what was sent is told, what was not is pending.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from alerts.channels.registry import Channel
from alerts.decisions.account import (
    PAST_BANDS,
    AccountDecisions,
    AccountHistory,
    NewMessage,
    PastSignal,
    PendingMessage,
    RoutedSignal,
    ToldSignal,
)
from alerts.decisions.decide import address_key_of, decide_account
from alerts.decisions.joining import past_signal
from alerts.decisions.reasons import DecisionReason
from alerts.routing.destination import Destination, Target
from alerts.samples import NOON, Sample
from common.contracts.signals import Band, Kind, Severity, Signal

WEEK = 7 * 86_400.0
DAY = 86_400.0
SLACK = Destination("owner", (Target(Channel.SLACK, "U1"),), ("root",), WEEK)
MAIL = Destination("desk", (Target(Channel.EMAIL, "desk@example.com"),), ("root",), WEEK)
SLOW = Destination("owner", (Target(Channel.SLACK, "U1"),), ("root",), WEEK, resolve_after=DAY)
"""A recovery has to last a day; elsewhere it is told at once."""
NOBODY = Destination("nobody", (), ("root",), WEEK)


def band(to: str, *, hours: float = 0.0, opens: Signal | None = None) -> Signal:
    """A signal into a band; of the episode that `opens` began, or the one that begins it."""
    episode = None if opens is None else opens.episode
    score = {"green": 80.0, "yellow": 60.0, "red": 30.0}[to]
    return Sample(to=to, at=at(hours), after=score, episode=episode).build()


def flag(name: str, *, hours: float = 0.0, opens: Signal | None = None, severity: Severity | None = None) -> Signal:
    episode = None if opens is None else opens.episode
    return Sample(kind=Kind.FLAG, to=name, at=at(hours), episode=episode, severity=severity).build()


def flag_with_band(name: str, to: str, *, hours: float = 0.0, opens: Signal | None = None) -> Signal:
    """A flag that brings a band from green, or from yellow."""
    was = Band.YELLOW if to == "red" and opens is not None else Band.GREEN
    severity = Severity.CRITICAL if to == "red" else Severity.WARNING
    score = {"yellow": 60.0, "red": 30.0}[to]
    episode = None if opens is None else opens.episode
    flag = Sample(kind=Kind.FLAG, to=name, at=at(hours), after=score, was=was, band=Band(to))
    return replace(flag.build(), severity=severity, **({"episode": episode} if episode else {}))


def outcome(name: str, *, hours: float = 0.0) -> Signal:
    return Sample(kind=Kind.OUTCOME, to=name, at=at(hours)).build()


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


class DecidedAccount:
    def __init__(self) -> None:
        self.pending: list[tuple[str, NewMessage]] = []
        self.told: list[ToldSignal] = []
        self.bands: list[PastSignal] = []
        self.newest: tuple[Signal, ...] = ()  # bands of episodes with pending messages
        self.acknowledged: dict[str, Severity] = {}
        self.left = False
        self.timer: float | None = None
        self._made = 0

    def decide(
        self, *signals: Signal, to: Sequence[Destination] = (SLACK,), now: Signal | None = None
    ) -> AccountDecisions:
        """As of the newest signal's moment, or that of `now`."""
        newest = now or signals[-1]
        return self._decide(signals, to=to, now=newest.at.timestamp())

    def fire(self) -> dict[str, DecisionReason]:
        """The account's timer; the reason of each decision that follows."""
        assert self.timer is not None
        pending = {signal.signal_id: signal.to for _, one in self.pending for signal in one.signals}
        found = self._decide((), to=(), now=self.timer)
        return {pending[one.signal_id]: one.reason for one in found.decisions}

    def _decide(self, signals: Sequence[Signal], *, to: Sequence[Destination], now: float) -> AccountDecisions:
        self.bands += [past_signal(one) for one in signals if one.told_band is not None]
        found = decide_account(
            AccountHistory(
                "cust-001",
                pending=tuple(
                    PendingMessage(name, one.destination, one.signals, one.maybe_told, held=one.held_until is not None)
                    for name, one in self.pending
                ),
                told=tuple(self.told),
                bands=self.newest,
                past_bands=tuple(self.bands[-PAST_BANDS:]),
                acknowledged=self.acknowledged,
                left=self.left,
                timer=self.timer,
            ),
            [RoutedSignal(signal, tuple(to)) for signal in signals],
            now=now,
        )
        self.pending = [
            (name, replace(one, held_until=None) if name in found.released else one)
            for name, one in self.pending
            if name not in found.dropped
        ]
        self.timer = found.timer
        for one in found.messages:
            self._made += 1
            self.pending.append((f"n-{self._made}", one))
        return found

    def reasons(self, *signals: Signal, to: Sequence[Destination] = (SLACK,)) -> dict[str, DecisionReason]:
        """Of each decision that follows, by what it is about."""
        about = {signal.signal_id: signal.to for _, one in self.pending for signal in one.signals}
        found = self.decide(*signals, to=to)
        about |= {signal.signal_id: signal.to for signal in signals}
        return {about[one.signal_id]: one.reason for one in found.decisions}

    def send(self, *, sure: bool = True) -> list[list[str]]:
        """All that waits and is not held goes out; of each message what it says, the head first."""
        sent = [one for _, one in self.pending if one.held_until is None]
        for one in sent:
            decided = max(signal.at for signal in one.signals).timestamp()
            self.told += [ToldSignal(signal, one.destination, decided, sure, one.thread) for signal in one.signals]
        self.pending = [(name, one) for name, one in self.pending if one.held_until is not None]
        return [[signal.to for signal in one.signals] for one in sent]

    def waiting(self) -> list[list[str]]:
        return [[signal.to for signal in one.signals] for _, one in self.pending]

    def address_keys(self) -> list[str | None]:
        return [address_key_of(one.destination) for _, one in self.pending]

    def unanswered(self) -> None:
        """Everything that waits was tried, and no answer came."""
        self.pending = [
            (name, NewMessage(one.destination, one.reason, one.signals, maybe_told=True)) for name, one in self.pending
        ]


GREEN = Band.GREEN.value
