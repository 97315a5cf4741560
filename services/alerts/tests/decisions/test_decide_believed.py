"""Whatever an account does: what its reader takes it for is true in the end, and good news is never told too early."""

from itertools import pairwise
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.decisions.joining import badness, past_signal
from common.contracts.signals import Signal
from support.alerts_decisions import DAY, SLOW, WEEK, DecidedAccount, band, flag_with_band
from support.examples import examples

HOUR = 3600.0
# Hours between two bands: seconds, around `resolve_after`, around `repeat_interval`, long.
GAPS = st.sampled_from([0.001, 1.0, 23.0, 25.0, 100.0, 167.0, 169.0, 400.0])


class Change(NamedTuple):
    """Some hours after the one before. `sends` says whether what is pending goes out before the next one.

    `by` is the flag that brings the band, if it is a worse one.
    """

    hours: float
    to: str
    sends: bool
    with_next: bool  # one poll brings both
    by: str | None = None


FLAGS = st.sampled_from([None, None, "payment_failed", "champion_left"])
CHANGES = st.builds(Change, GAPS, st.sampled_from(["green", "yellow", "red"]), st.booleans(), st.booleans(), FLAGS)
_BADNESS = {"green": 0, "yellow": 1, "red": 2}


class Told(NamedTuple):
    at: float
    to: str


class Reader:
    """One address, with all that it was told."""

    def __init__(self) -> None:
        self.account = DecidedAccount()
        self.told: list[Told] = []

    def hears(self, now: float) -> None:
        """Of each message the newest band counts: the title names it, or it stands below."""
        sent = [message for _, message in self.account.pending if message.held_until is None]
        self.account.send()
        for message in sent:
            newest = max((one for one in message.signals if one.told_band), key=lambda one: one.at)
            self.told.append(Told(now, str(newest.told_band)))

    def waits_until(self, until: float) -> None:
        """Every timer that is due by then fires, and what it releases is sent."""
        while self.account.timer is not None and self.account.timer <= until:
            now = self.account.timer
            self.account.fire()
            self.hears(now)

    @property
    def believes(self) -> str:
        return self.told[-1].to if self.told else "green"


def bands(changes: list[Change]) -> list[tuple[Change, Signal]]:
    """As scoring tells them: each another band than the one before, and in an episode until it is green."""
    found: list[tuple[Change, Signal]] = []
    hours, opened, last = 0.0, None, "green"
    for change in changes:
        hours += change.hours
        if change.to == last:
            continue
        worse = _BADNESS[change.to] > _BADNESS[last]
        if change.by is not None and worse:
            signal = flag_with_band(change.by, change.to, hours=hours, opens=opened)
        else:
            signal = band(change.to, hours=hours, opens=opened)
        opened = None if change.to == "green" else opened or signal
        last = change.to
        found.append((change, signal))
    return found


def lived(changes: list[Change]) -> tuple[Reader, list[Signal]]:
    reader, signals = Reader(), []
    together: list[Signal] = []
    for change, signal in bands(changes):
        reader.waits_until(signal.at.timestamp() if not together else 0.0)
        together.append(signal)
        signals.append(signal)
        if change.with_next:
            continue
        reader.account.decide(*together, to=(SLOW,))
        together = []
        if change.sends:
            reader.hears(signal.at.timestamp())
    if together:
        reader.account.decide(*together, to=(SLOW,))
    if signals:
        reader.hears(signals[-1].at.timestamp())
        reader.waits_until(signals[-1].at.timestamp() + 10 * WEEK)
    return reader, signals


@settings(max_examples=examples(400), deadline=None)
@given(st.lists(CHANGES, max_size=14))
def test_what_the_reader_believes_is_so_in_the_end(changes: list[Change]) -> None:
    reader, signals = lived(changes)
    actual = signals[-1] if signals else None
    if actual is None or actual.to == "green":
        assert reader.believes == "green"
    else:
        assert badness(actual) <= _BADNESS[reader.believes]
    assert reader.account.pending == []
    assert reader.account.timer is None


@settings(max_examples=examples(400), deadline=None)
@given(st.lists(CHANGES, max_size=14))
def test_all_clears_are_a_day_apart_and_each_ends_an_alarm(changes: list[Change]) -> None:
    reader, signals = lived(changes)
    clear = [one.at for one in reader.told if one.to == "green"]
    assert all(later - earlier >= DAY for earlier, later in pairwise(clear))
    alarmed = False
    for one in reader.told:
        assert one.to != "green" or alarmed, "an all-clear of what nobody was told"
        alarmed = one.to != "green"
    past = [past_signal(one) for one in signals]
    for at, to in {one.at: one.to for one in reader.told}.items():  # the last word of each moment
        # A tick of the same moment may come before or after the change.
        standing = {
            *[each.told_band for each in past if each.at < at][-1:],
            [each.told_band for each in past if each.at <= at][-1],
        }
        assert to != "green" or "green" in standing, "good news that is no longer so"
