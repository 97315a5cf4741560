"""Which of an account's signals one address is told: what still stands, and what repeats something told before."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from alerts.decisions.account import PastSignal, ToldSignal, closes_episode
from alerts.decisions.joining import JoinedEpisodes, badness
from alerts.decisions.reasons import DecisionReason, DecisionVerdict
from alerts.decisions.withdrawal import Withdrawal, subjects
from alerts.routing.destination import Destination
from alerts.signals.score import SEVERITY_RANK, clears_flag
from alerts.signals.signal_kinds import overriding, rules_of
from common.contracts.signals import Kind, Severity, Signal

RELAPSE_INTERVALS = 2.0
"""Repeat intervals for which trouble has to last that came back after its recovery was told."""

RESOLVE_AFTER_ACT = 3600.0
"""Seconds, the most that a recovery has to hold where somebody's act brought it."""


class Candidate(NamedTuple):
    """A signal that this address has not been told of.

    `destination` is None if no route leads it here: it can still overtake or close another. `pending` is the message in
    which it waits to be sent, if it does. `decided_before`: it is here only for what it means to the others; `replaces`
    then says that it is told in place of what it overtakes.
    """

    signal: Signal
    destination: Destination | None
    pending: str | None = None
    maybe_told: bool = False
    decided_before: bool = False
    replaces: bool = False


class CandidateDecision(NamedTuple):
    """`reason` is None where the signal does not concern this address.

    `thread` is the episode of the message that it goes on with. `held_until` is the record time until which it waits.
    """

    candidate: Candidate
    destination: Destination | None
    reason: DecisionReason | None
    thread: str
    held_until: float | None


def deduplicate(
    candidates: Sequence[Candidate],
    told: Sequence[ToldSignal],
    *,
    told_receiver: Sequence[ToldSignal],
    episodes: JoinedEpisodes,
    acknowledged: Mapping[str, Severity],
    left: bool,
    now: float,
) -> list[CandidateDecision]:
    """One decision for each candidate; candidates and `told` are of one address, oldest first. `now` is record time.

    `told_receiver` is `told` and what the same receiver was told at the addresses that follow this one. `episodes` says
    which episodes are one alert here.
    """
    address = _AddressDeduplication(
        candidates, told, told_receiver, episodes=episodes, acknowledged=acknowledged, left=left, now=now
    )
    for index in range(len(candidates)):
        address.decide(index)
    return address.decisions()


class _AddressDeduplication:
    """Keeps what stands by the keys that can end it: a batch may hold thousands of signals of one account."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        told: Sequence[ToldSignal],
        told_receiver: Sequence[ToldSignal],
        *,
        episodes: JoinedEpisodes,
        acknowledged: Mapping[str, Severity],
        left: bool,
        now: float,
    ) -> None:
        self._candidates = candidates
        self._episodes = episodes
        self._acknowledged = self._worst_acknowledged(acknowledged)
        self._left = left
        self._now = now
        # By the first episode of the alert: the last that was told of it, the last that a recovery ends, the last band.
        self._thread = {episodes.first(one.signal.episode): one for one in told}
        self._last_trouble = {
            episodes.first(one.signal.episode): one for one in told if rules_of(one.signal.kind).ends_with_episode
        }
        self._last_band = {episodes.first(one.signal.episode): one for one in told if one.signal.told_band is not None}
        self._told = told
        self._told_receiver = told_receiver
        self._last = self._last_told(told_receiver)
        self._maybe_told = {episodes.first(one.signal.episode): one.destination for one in candidates if one.maybe_told}
        self._standing: dict[_Key, list[int]] = defaultdict(list)
        self._causes: dict[str, set[_Key]] = defaultdict(set)
        for one in candidates:
            if one.signal.told_band is not None and not closes_episode(one.signal):
                self._causes[episodes.first(one.signal.episode)].add(("cause", one.signal.cause))
        self.destinations = [one.destination for one in candidates]
        self.reasons: list[DecisionReason | None] = [None] * len(candidates)
        self._held_until: list[float | None] = [None] * len(candidates)
        self._threads: dict[int, str] = {}  # of withdrawals
        # What is decided of a flag that brings a band if the band does not count.
        self._as_flag: dict[int, DecisionReason] = {}
        # Flags whose band does not count.
        self._only_flags: set[int] = set()

    def decisions(self) -> list[CandidateDecision]:
        each = zip(self._candidates, self.destinations, self.reasons, self._held_until, strict=True)
        return [
            CandidateDecision(
                one, destination, reason, self._threads.get(index) or self._thread_of(one.signal), held_until
            )
            for index, (one, destination, reason, held_until) in enumerate(each)
        ]

    def decide(self, index: int) -> None:
        one = self._candidates[index]
        if closes_episode(one.signal):
            self._close_episode(index)
        elif one.signal.kind is Kind.RETRACTED:
            self._withdraw(index)
        elif one.signal.told_band is not None:
            self._overtake(index)
            if (destination := self.destinations[index]) is not None:
                decide = self._decide_band if one.signal.kind is Kind.BAND else self._decide_flag_with_band
                self.reasons[index] = decide(index, one.signal, destination)
        elif one.destination is not None:
            self.reasons[index] = self._decide_other(one.signal, one.destination)
        if self._stands(index):
            for key in self._keys(one.signal):
                self._standing[key].append(index)

    def _close_episode(self, index: int) -> None:
        """An episode that was never told ends silently; one that was told ends with a recovery."""
        signal, destination, _, _, decided_before, _ = self._candidates[index]
        alert = self._episodes.first(signal.episode)
        maybe_told = alert in self._maybe_told
        self.destinations[index] = destination or self._maybe_told.get(alert)
        for earlier in self._ended_with(alert):
            self.reasons[earlier] = DecisionReason.RECOVERED_BEFORE_TOLD
            self._held_until[earlier] = None
            maybe_told = maybe_told or self._candidates[earlier].maybe_told
            self.destinations[index] = self.destinations[index] or self.destinations[earlier]
        told = None if decided_before else self._last_trouble.get(alert)
        # A recovery is the last that the reader was told of it.
        if told is not None and closes_episode(told.signal):
            told = None
        # Told, or possibly told: the recovery goes out once it has held.
        if told is not None or maybe_told:
            # To the address with the thread, wherever the routes lead now.
            self.destinations[index] = self.destinations[index] if told is None else told.destination
            if (to := self.destinations[index]) is not None:
                until = self._since(signal) + _seconds_to_hold(signal, to)
                self.reasons[index] = self._hold(index, until, DecisionReason.HELD, then=DecisionReason.RECOVERED)
        # Never told, or not since the last recovery: this one is not told, either.
        elif destination is not None:
            self.reasons[index] = DecisionReason.RECOVERED_BEFORE_TOLD

    def _withdraw(self, index: int) -> None:
        """What was told is amended once, to whoever was told and in the same thread. What waits is not sent."""
        signal, destination, pending, _, _, _ = self._candidates[index]
        withdrawal = Withdrawal(signal)
        waited = self._withdraw_waiting(index, withdrawal)
        # From now on the same may be told as something new.
        for subject in subjects(signal.to):
            if subject in self._last and withdrawal.withdraws(self._last[subject].signal):
                del self._last[subject]
        told = withdrawal.told(self._told)
        # Whoever was told is amended, wherever the routes lead now.
        if told is not None:
            self.destinations[index] = told.destination
            self._threads[index] = told.thread or told.signal.episode
            self.reasons[index] = DecisionReason.WITHDRAWN
        # An attempt ended without an answer: they may have been told.
        elif waited.maybe_told is not None:
            self.destinations[index] = waited.maybe_told
            self.reasons[index] = DecisionReason.WITHDRAWN
        # A band that it brought is still to be told, and names it: both are told together, or neither.
        elif waited.band is not None:
            self.destinations[index] = waited.band
            self.reasons[index] = DecisionReason.NEW
            self._standing["episode", self._episodes.first(signal.episode)].append(index)
        # It waits to be sent, and what it amends is too long ago to be known.
        elif pending is not None:
            self.reasons[index] = DecisionReason.WITHDRAWN
        elif waited.found:
            self.reasons[index] = DecisionReason.WITHDRAWN_BEFORE_TOLD
        # The same receiver hears of it where they were told.
        elif destination is not None and withdrawal.told(self._told_receiver) is None:
            self.reasons[index] = DecisionReason.NOTHING_TOLD

    def _withdraw_waiting(self, index: int, withdrawal: Withdrawal) -> "_Waiting":
        """Nobody is told any more of what is not sent yet."""
        found = _Waiting()
        for earlier, candidate in enumerate(self._candidates[:index]):
            if not self._stands(earlier):
                continue
            if withdrawal.brought(candidate.signal) and earlier not in self._only_flags:
                found = found._replace(band=self.destinations[earlier])
                self._as_flag[earlier] = DecisionReason.WITHDRAWN_BEFORE_TOLD
            elif withdrawal.withdraws(candidate.signal):
                self.reasons[earlier] = DecisionReason.WITHDRAWN_BEFORE_TOLD
                self._held_until[earlier] = None
                maybe_told = self.destinations[earlier] if candidate.maybe_told else found.maybe_told
                found = found._replace(found=True, maybe_told=maybe_told)
        return found

    def _since(self, signal: Signal) -> float:
        """Since when it has lasted: its own moment, which another clock may have set later than now."""
        return min(signal.at.timestamp(), self._now)

    def _hold(self, index: int, until: float, waits: DecisionReason, *, then: DecisionReason) -> DecisionReason:
        """`waits` before that record time, `then` afterwards."""
        if self._now >= until:
            return then
        self._held_until[index] = until
        return waits

    def _ended_with(self, alert: str) -> Iterator[int]:
        """What the recovery takes back: signals of the alert's episodes, or of the cause of one of their bands.

        A failed payment raises a flag and a band; once the band is green again the flag is over, too.
        """
        for key in (("episode", alert), *self._causes[alert]):
            for earlier in self._standing.pop(key, ()):
                if self._stands(earlier):
                    yield earlier

    def _overtake(self, index: int) -> None:
        """Of the bands of an alert only the newest stands, and a recovery only while no trouble comes back."""
        one = self._candidates[index]
        subject = self._band_subject(one.signal)
        for earlier in (*self._standing.pop(subject, ()), *self._standing.pop(("recovery", subject[1]), ())):
            if self._stands(earlier):
                # Of a flag only the band is overtaken: the flag is told if it would be told without.
                as_flag = self._as_flag.get(earlier, DecisionReason.OVERTAKEN)
                told = as_flag.verdict is DecisionVerdict.TELL
                self.reasons[earlier] = as_flag if told else DecisionReason.OVERTAKEN
                self._held_until[earlier] = None
                self._only_flags.add(earlier)
                if one.replaces:
                    self.destinations[index] = self.destinations[earlier]

    def _decide_band(self, index: int, signal: Signal, destination: Destination) -> DecisionReason:
        if (silenced := self._silenced(signal)) is not None:
            return silenced
        last = self._last.get(self._band_subject(signal))
        # The first band of the alert that this receiver is told.
        if last is None:
            return DecisionReason.NEW
        worse = badness(signal) - badness(last.signal)
        # Yellow was told, now it is red: told at once.
        if worse > 0:
            return DecisionReason.WORSE
        # The recovery was told, and the same or less is back: told only if it is no relapse of a moment.
        if self._recovery_told(self._episodes.first(signal.episode)):
            until = self._since(signal) + RELAPSE_INTERVALS * destination.repeat_interval
            return self._hold(index, until, DecisionReason.WITHIN_REPEAT, then=DecisionReason.STANDS)
        # Back before the recovery was told: the reader still takes the account for as bad as it is.
        if signal.signal_id == signal.episode and last.signal.episode != signal.episode:
            return DecisionReason.WITHIN_RESOLVE
        # Red was told, now it is yellow: nothing more to do than before.
        if worse < 0:
            return DecisionReason.BETTER
        return DecisionReason.AGAIN if self._repeat_is_due(last, destination) else DecisionReason.NOT_WORSE

    def _decide_flag_with_band(self, index: int, signal: Signal, destination: Destination) -> DecisionReason:
        """It is told if either is news; it waits if the band has to."""
        by_band = self._decide_band(index, signal, destination)
        as_flag = self._as_flag[index] = self._decide_other(signal, destination)
        if by_band.verdict is DecisionVerdict.TELL:
            # The same flag that is still to be told says less.
            for earlier in self._standing.pop(self._subject(signal), ()):
                if self._stands(earlier):
                    self.reasons[earlier] = DecisionReason.OVERTAKEN
                    self._held_until[earlier] = None
            return by_band
        if as_flag.verdict is DecisionVerdict.TELL:
            self._held_until[index] = None
            self._only_flags.add(index)
            return as_flag
        return by_band

    def _decide_other(self, signal: Signal, destination: Destination) -> DecisionReason:
        """A flag, a missed step, an outcome: the same one is told once, however often it comes and goes."""
        if (silenced := self._silenced(signal)) is not None:
            return silenced
        standing = self._standing[self._subject(signal)]
        while standing and not self._stands(standing[-1]):
            standing.pop()
        # The same one is about to be told.
        if standing:
            return DecisionReason.REPEATED
        last = self._last.get(self._subject(signal))
        if last is None:
            return DecisionReason.NEW
        return DecisionReason.AGAIN if self._repeat_is_due(last, destination) else DecisionReason.REPEATED

    def _silenced(self, signal: Signal) -> DecisionReason | None:
        # An outcome is always told, even of an account that has left or is acknowledged.
        if rules_of(signal.kind).always_told:
            return None
        # The account's last outcome was final.
        if self._left:
            return DecisionReason.LEFT
        # Somebody acknowledged the alert, and it has not got worse since.
        acknowledged = self._acknowledged.get(self._episodes.first(signal.episode))
        if acknowledged is not None and SEVERITY_RANK[acknowledged] <= SEVERITY_RANK[signal.severity]:
            return DecisionReason.ACKNOWLEDGED
        return None

    def _worst_acknowledged(self, acknowledged: Mapping[str, Severity]) -> Mapping[str, Severity]:
        """By the first episode of each alert."""
        worst: dict[str, Severity] = {}
        for episode, severity in acknowledged.items():
            first = self._episodes.first(episode)
            worst[first] = min(severity, worst.get(first, severity), key=SEVERITY_RANK.__getitem__)
        return worst

    def _last_told(self, told: Sequence[ToldSignal]) -> "dict[_Key, ToldSignal]":
        """The last of each subject that is known to have arrived; what was withdrawn afterwards is as if never told."""
        last: dict[_Key, ToldSignal] = {}
        for one in told:
            if one.signal.kind == Kind.RETRACTED:
                for subject in subjects(one.signal.to):
                    last.pop(subject, None)
            elif one.sure:
                last.update(dict.fromkeys(self._subjects(one.signal), one))
        return last

    def _recovery_told(self, alert: str) -> bool:
        """Whether a recovery is the last band of the alert that was told, or may have been told."""
        last = self._last_band.get(alert)
        return last is not None and closes_episode(last.signal)

    def _thread_of(self, signal: Signal) -> str:
        told = self._thread.get(self._episodes.first(signal.episode))
        return signal.episode if told is None else told.thread or told.signal.episode

    def _stands(self, index: int) -> bool:
        """Whether it is told, or is held and may still be."""
        reason = self.reasons[index]
        return reason is not None and (reason.verdict is DecisionVerdict.TELL or self._held_until[index] is not None)

    def _repeat_is_due(self, last: ToldSignal, destination: Destination) -> bool:
        return self._now - last.decided >= destination.repeat_interval

    def _subject(self, signal: Signal | PastSignal) -> "_Key":
        """What is told once: a band by its alert, a recovery by its alert, everything else by its name."""
        return self._band_subject(signal) if signal.kind == Kind.BAND else (str(signal.kind), signal.to)

    def _band_subject(self, signal: Signal | PastSignal) -> "_Key":
        return ("recovery" if closes_episode(signal) else "band"), self._episodes.first(signal.episode)

    def _subjects(self, signal: Signal | PastSignal) -> Iterator["_Key"]:
        """A flag that brings a band is both."""
        yield self._subject(signal)
        if signal.kind != Kind.BAND and signal.told_band is not None:
            yield self._band_subject(signal)

    def _keys(self, signal: Signal) -> Iterator["_Key"]:
        """By what a signal can be overtaken, repeated or ended."""
        yield from self._subjects(signal)
        if rules_of(signal.kind).ends_with_episode and not closes_episode(signal):
            yield "episode", self._episodes.first(signal.episode)
            yield "cause", signal.cause


class _Waiting(NamedTuple):
    """What waits of what is withdrawn: `found` if anything does, where it may have been told, where its band goes."""

    found: bool = False
    maybe_told: Destination | None = None
    band: Destination | None = None


_Key = tuple[str, str | tuple[str, str]]


def _seconds_to_hold(signal: Signal, destination: Destination) -> float:
    """How long a recovery has to last before it is told: less where an act of the customer, or of a CSM, brought it."""
    if clears_flag(signal) or overriding(signal) is not None:
        return min(destination.resolve_after, RESOLVE_AFTER_ACT)
    return destination.resolve_after
