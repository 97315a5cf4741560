"""What must hold after whatever befell the system. Pure: what was sent, what the log comes to and what was found, in;
every violation, out.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum

from msgspec import Struct, field

from common.bus.ports import Record
from common.contracts.events import Event, decode_events_record
from common.contracts.signals import Signal
from support import reckoning
from support.audit import assert_table, check_told
from support.quick import QUIET_AFTER
from support.recount import Recount, Rows, Told

ID_BYTES = 16
# Moments are whole seconds where silence comes due.
_SECOND = 1.0
_MILLISECOND = 0.001


class Kind(StrEnum):
    """Of violations."""

    LOST = "answered 2xx, and not counted"
    DOUBLED = "counted more than once"
    UNKNOWN = "counted, and never sent"
    TABLE = "a table does not hold what the log comes to"
    TOLD = "the signals topic does not hold what the log comes to"
    QUIET = "told to have gone quiet while its events were on the log"
    RECORDED = "alerts did not record every signal once"
    MESSAGE = "a message did not arrive, or too often"
    UNEXPLAINED = "a message arrived again, and nothing had befallen that explains it"
    ANSWER = "ingest gave an answer that it should not give"
    ENDED = "a process ended by itself"
    NOT_LEVEL = "the system did not come level"


class Violation(Struct, frozen=True):
    kind: Kind
    detail: str


class Sessions:
    """When each account had a session, as the log tells it: a count of its own of who is silent."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str, str]] = set()
        self._moments: dict[str, list[tuple[float, float]]] = {}

    def read(self, record: Record, event: Event) -> None:
        name = (event.source, event.account_id, event.event_id)
        first = name not in self._known
        self._known.add(name)
        if not first or event.name != "session.started":
            return
        stamp = record.timestamp / 1000
        moments = self._moments.setdefault(event.account_id, [(float("-inf"), float("-inf"))])
        moments.append((stamp, max(moments[-1][1], min(stamp, event.time.timestamp()))))

    def silent_for(self, account_id: str, moment: float) -> float:
        """Seconds, by all that the log had taken before this moment: what is told at a session tells of before it."""
        moments = self._moments.get(account_id, [])
        before = bisect_left(moments, (moment - _MILLISECOND / 2, 0.0))
        return moment - moments[before - 1][1] if before else float("inf")


class Evidence(Struct, frozen=True, kw_only=True):
    """All of one camp up to now. `told` is the signals topic and what still waits in the outbox.

    `seen` are the ids that scoring says it has counted, `scored` its tables, `alerted` those of alerts.
    """

    sent: Collection[str]
    accepted: Collection[str]
    recounts: Mapping[int, Recount]
    sessions: Sessions
    seen: Sequence[bytes]
    scored: Rows
    told: Mapping[int, Sequence[Told]]
    on_topic: Mapping[int, Sequence[Told]]
    alerted: Rows
    mails: Sequence[str]
    posts: Mapping[tuple[str, str], int]


class Figures(Struct, frozen=True, kw_only=True):
    """Of a camp. `counted` is what the log comes to; what scoring counted more often is `doubled`."""

    sent: int = 0
    accepted: int = 0
    counted: int = 0
    lost: int = 0
    doubled: int = 0
    signals: int = 0
    copies: int = 0
    alerts: int = 0
    messages: int = 0
    repeats: int = 0


class Findings(Struct, frozen=True):
    figures: Figures
    violations: tuple[Violation, ...] = field(default_factory=tuple)


def checked(evidence: Evidence) -> Findings:
    found: list[Violation] = []
    figures = _counts(evidence, found)
    _tables(evidence, found)
    copies = _signals(evidence, found)
    _quiet(evidence, found)
    alerts, messages, repeats = _messages(evidence, found)
    return Findings(
        Figures(
            **figures,
            signals=len({signal.signal_id for one in evidence.recounts.values() for signal in one.signals}),
            copies=copies,
            alerts=alerts,
            messages=messages,
            repeats=repeats,
        ),
        tuple(found),
    )


def _counts(evidence: Evidence, found: list[Violation]) -> dict[str, int]:
    counted = Counter(one for recount in evidence.recounts.values() for one in recount.counted)
    lost = set(evidence.accepted) - counted.keys()
    unknown = counted.keys() - set(evidence.sent)
    ids = Counter(blob[n : n + ID_BYTES] for blob in evidence.seen for n in range(0, len(blob), ID_BYTES))
    doubled = ids.total() - counted.total()
    _add(found, Kind.LOST, lost)
    _add(found, Kind.UNKNOWN, unknown)
    if doubled or ids.total() != len(ids):
        detail = f"scoring counted {ids.total()} ids, {len(ids)} of them different; the log holds {counted.total()}"
        found.append(Violation(Kind.DOUBLED, detail))
    return {
        "sent": len(evidence.sent),
        "accepted": len(evidence.accepted),
        "counted": counted.total(),
        "lost": len(lost),
        "doubled": max(0, doubled),
    }


def _add(found: list[Violation], kind: Kind, ids: Collection[str]) -> None:
    if ids:
        found.append(Violation(kind, f"{len(ids)} events, {sorted(ids)[:5]} among them"))


def _tables(evidence: Evidence, found: list[Violation]) -> None:
    expected: Rows = {}
    for recount in evidence.recounts.values():
        for name, rows in recount.rows().items():
            expected.setdefault(name, []).extend(rows)
    for name, rows in expected.items():
        with _noted(found, Kind.TABLE):
            assert_table(name, rows, evidence.scored[name])


def _signals(evidence: Evidence, found: list[Violation]) -> int:
    copies = 0
    for partition, recount in evidence.recounts.items():
        with _noted(found, Kind.TOLD):
            copies += check_told(recount.told(), list(evidence.told[partition]))
    return copies


def _quiet(evidence: Evidence, found: list[Violation]) -> None:
    for recount in evidence.recounts.values():
        for one in recount.signals:
            if one.to == "gone_quiet" and (violation := _too_early(one, evidence.sessions)):
                found.append(violation)


def _too_early(signal: Signal, sessions: Sessions) -> Violation | None:
    silent = sessions.silent_for(signal.account_id, signal.at.timestamp())
    if silent > QUIET_AFTER - _SECOND:
        return None
    return Violation(Kind.QUIET, f"{signal.account_id} at {signal.at:%H:%M:%S}, after {silent:.1f} s of silence")


def _messages(evidence: Evidence, found: list[Violation]) -> tuple[int, int, int]:
    """How many signals are recorded, how many messages were sent, and how many of those arrived again."""
    signals: Mapping[str, Signal] = {}
    messages: list[reckoning.Message] = []
    repeats = 0
    with _noted(found, Kind.RECORDED):
        signals = reckoning.recorded(evidence.on_topic, evidence.alerted)
    with _noted(found, Kind.MESSAGE):
        messages = reckoning.messages_of(evidence.alerted)
        reckoning.once_in_each_lane(messages)
    channels: tuple[Callable[[], int], ...] = (
        lambda: reckoning.arrived_by_mail(evidence.mails, messages),
        lambda: reckoning.arrived_in_slack(evidence.posts, messages),
    )
    for arrived in channels:
        with _noted(found, Kind.MESSAGE):
            repeats += arrived()
    settled = [one for name, one in signals.items() if name not in reckoning.waiting(evidence.alerted)]
    with _noted(found, Kind.MESSAGE):
        reckoning.known_to_whom_it_concerns(settled, messages)
    return len(evidence.alerted["alert"]), sum(one.status == "sent" for one in messages), repeats


@contextmanager
def _noted(found: list[Violation], kind: Kind) -> Iterator[None]:
    """The assertions of the whole-system tests, as violations."""
    try:
        yield
    except AssertionError as error:
        found.append(Violation(kind, str(error)))


def event_of(record: Record) -> Event | None:
    """None for ticks and the like."""
    said = decode_events_record(record.value or b"")
    return said if isinstance(said, Event) else None
