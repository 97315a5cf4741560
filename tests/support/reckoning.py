"""After whatever befell alerts: what it recorded and what it told, against the signals topic and what arrived."""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from alerts.errors import Failure
from common.contracts.signals import Band, Kind, Signal, Status
from support.alerting import Alerting
from support.audit import told_by
from support.office import concerns_somebody
from support.recount import Rows, Told

_log = logging.getLogger(__name__)
_BADNESS = {Band.GREEN: 0, Band.YELLOW: 1, Band.RED: 2}
# One without an outcome was cut short, and nobody tried again: what it was to say was decided anew.
_CUT_SHORT = (None, Failure.CUT_SHORT)
# Whoever made such an attempt cannot know whether it arrived.
_UNKNOWN = (*_CUT_SHORT, Failure.NO_ANSWER, Failure.BAD_ANSWER)
STORED = {
    "alert": "SELECT signal_id, body::text, partition, waiting FROM alerts.alert ORDER BY seq",
    "decision": "SELECT DISTINCT signal_id FROM alerts.decision",
    "notification": """SELECT notification_id, account_id, address_key, status, signals, held_until IS NOT NULL
                       FROM alerts.notification
                       ORDER BY seq""",
    "attempt": "SELECT notification_id, outcome FROM alerts.attempt",
}


class Message(Struct, frozen=True):
    """A row of alerts.notification, and the outcomes of its attempts."""

    name: str
    account_id: str
    address_key: str
    status: str
    signals: tuple[str, ...]
    outcomes: tuple[str | None, ...]
    held: bool = False  # for a while: what was decided after it may arrive before it

    @property
    def least(self) -> int:
        """How often it must have arrived, and `most` how often it may have."""
        return self.status == "sent"

    @property
    def most(self) -> int:
        return sum(outcome == "sent" or outcome in _UNKNOWN for outcome in self.outcomes)


class Figures(Struct, frozen=True):
    """`copies` are signals that the topic holds more than once, `repeats` messages that arrived again."""

    signals: int
    copies: int
    messages: int
    dropped: int
    cut_short: int
    repeats: int


async def reckoned(alerting: Alerting) -> Figures:
    """Asserts that every signal on the topic was recorded and decided, and once; that all that was to be told arrived,
    in order, and a second time only where an attempt did not end; that whoever should know, knows.

    Scoring must have told all that it has to tell; replicas may run.
    """
    system = alerting.system
    told = await told_by(system)
    await alerting.quiet()
    stored = await stored_between_messages(alerting)
    signals = recorded(told, stored)
    assert not waiting(stored)
    messages = messages_of(stored)
    repeats = arrived_by_mail(alerting.office.mailed, messages) + arrived_in_slack(alerting.office.posted, messages)
    once_in_each_lane(messages)
    known_to_whom_it_concerns(signals.values(), messages)
    figures = Figures(
        signals=len(signals),
        copies=sum(map(len, told.values())) - len(signals),
        messages=sum(one.status == "sent" for one in messages),
        dropped=sum(one.status == "dropped" for one in messages),
        cut_short=sum(outcome in _CUT_SHORT for one in messages for outcome in one.outcomes),
        repeats=repeats,
    )
    _log.info("reckoned %s", figures)
    return figures


async def stored_between_messages(alerting: Alerting) -> Rows:
    """What `STORED` finds while no message arrives: one that was held may go out at any time."""
    while True:
        arrived = alerting.office.messages
        stored = await alerting.system.snapshot(STORED)
        if alerting.office.messages == arrived:
            return stored


def recorded(told: Mapping[int, Sequence[Told]], stored: Rows) -> Mapping[str, Signal]:
    """All that the topic holds, in the order in which it was recorded. Asserts that nothing else was, and each decided.

    `stored` is what `STORED` finds.
    """
    on_topic = {one.signal_id: (partition, one.value) for partition, each in told.items() for one in reversed(each)}
    found = {signal_id: (partition, body) for signal_id, body, partition, _ in stored["alert"]}
    assert found.keys() == on_topic.keys(), f"{len(found)} of {len(on_topic)} signals are recorded"
    signals = {signal_id: msgspec.json.decode(body, type=Signal) for signal_id, (_, body) in found.items()}
    for signal_id, (partition, value) in on_topic.items():
        assert found[signal_id][0] == partition
        assert signals[signal_id] == msgspec.json.decode(value, type=Signal)
    assert {row[0] for row in stored["decision"]} == signals.keys(), "each signal is decided"
    return signals


def waiting(stored: Rows) -> set[str]:
    """Signals that wait for word that scoring has caught up."""
    return {signal_id for signal_id, _, _, waits in stored["alert"] if waits}


def messages_of(stored: Rows) -> list[Message]:
    """Asserts that each has come to its end, and none in vain."""
    outcomes: dict[str, list[str | None]] = {}
    for name, outcome in stored["attempt"]:
        outcomes.setdefault(name, []).append(outcome)
    messages = [
        Message(name, account_id, address_key, status, tuple(signals), tuple(outcomes.get(name, ())), held)
        for name, account_id, address_key, status, signals, held in stored["notification"]
    ]
    assert {one.status for one in messages} <= {"sent", "dropped", "held"}
    return messages


def arrived_by_mail(names: Sequence[str], messages: Collection[Message]) -> int:
    """Each by its own name; how many came again. `names` are those that arrived, in their order."""
    mails = [one for one in messages if one.address_key.startswith("email:")]
    arrived = Counter(names)
    assert arrived.keys() <= {one.name for one in mails}
    for one in mails:
        assert one.least <= arrived[one.name] <= one.most, f"{one} arrived {arrived[one.name]} times"
    first = {name: place for place, name in reversed(list(enumerate(names)))}
    for thread in _by_thread(mails).values():
        newest = -1
        for one in thread:
            if one.name in first:
                assert first[one.name] > newest, f"{one} arrived before what was decided earlier"
                newest = newest if one.held else first[one.name]
    return arrived.total() - len(arrived)


def arrived_in_slack(posts: Mapping[tuple[str, str], int], messages: Collection[Message]) -> int:
    """A post has no name that we know, so they are counted, by address_key and account; how many came too often."""
    threads = _by_thread(one for one in messages if not one.address_key.startswith("email:"))
    assert posts.keys() <= threads.keys()
    repeats = 0
    for place, thread in threads.items():
        arrived = posts.get(place, 0)
        least, most = sum(one.least for one in thread), sum(one.most for one in thread)
        assert least <= arrived <= most, f"{arrived} posts of {thread}"
        repeats += arrived - least
    return repeats


def _by_thread(messages: Iterable[Message]) -> Mapping[tuple[str, str], list[Message]]:
    threads: dict[tuple[str, str], list[Message]] = {}
    for one in messages:
        threads.setdefault((one.address_key, one.account_id), []).append(one)
    return threads


def once_in_each_lane(messages: Iterable[Message]) -> None:
    told = Counter(
        (one.address_key, signal_id) for one in messages if one.status == "sent" for signal_id in one.signals
    )
    assert [twice for twice, times in told.items() if times > 1] == []


def _tells_band(signal: Signal) -> bool:
    """By itself, with the flag that brings it, or by what a first look found; not that there is no evidence."""
    if signal.kind is Kind.FIRST_LOOK:
        return signal.after.band in _BADNESS
    return signal.told_band is not None


def known_to_whom_it_concerns(signals: Iterable[Signal], messages: Iterable[Message]) -> None:
    """How an account stands now, where somebody has to know: each account's way must have been the same throughout."""
    sent = {signal_id for one in messages if one.status == "sent" for signal_id in one.signals}
    bands: list[Signal] = []
    for signal in signals:
        if signal.facts.status is Status.CHURNED:
            # Nobody is told how a customer stands who has left. What they were told before is over with that.
            bands = [one for one in bands if one.account_id != signal.account_id]
        elif _tells_band(signal) and not signal.history and concerns_somebody(signal):
            bands.append(signal)
    held = {signal_id for one in messages if one.status == "held" for signal_id in one.signals}
    for newest in {one.account_id: one for one in bands}.values():
        own = [one for one in bands if one.account_id == newest.account_id]
        told = [one for one in own if one.signal_id in sent]
        recoveries = [place for place, one in enumerate(told) if one.to == Band.GREEN]
        # What the reader knows of, and does not take for over.
        since = told[recoveries[-1] + 1 if recoveries else 0 :]
        worst = max((_BADNESS[one.after.band] for one in since), default=0)
        if newest.signal_id in held:
            continue  # a relapse, which is told if it lasts
        story = [f"{one.kind} {one.to} {one.after.band}{', told' if one.signal_id in sent else ''}" for one in own[-8:]]
        if newest.to == Band.GREEN:
            assert not worst, f"the recovery of {newest.account_id} was told to whoever knew of it: {story}"
        else:
            assert worst >= _BADNESS[newest.after.band], f"somebody knows how {newest.account_id} is: {story}"
