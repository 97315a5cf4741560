"""The checker, seen to fail: a small camp in which all is well, and then one thing is not."""

import msgspec
import pytest

from chaos.check import Evidence, Kind, Sessions, checked, event_of
from common.bus.ports import PlainRecord, Record
from common.contracts.events import Event, Tick, encode_events_record
from common.contracts.signals import Signal, decode_signals_record
from common.topics import TimeMode
from scoring.cards.country_days import country_days
from scoring.health.scorer import Scorer
from scoring.worker.assembly import origin
from support.office import DESK
from support.quick import QUICK
from support.recount import Recount, Told
from support.scoring_harness import START, event

# One whose name ends in an odd digit is heard of in Slack, one in an even digit by e-mail.
BY_SLACK, BY_MAIL = "account-3", "account-2"
SECONDS_ACTIVE, SECONDS = 6, 40


def log() -> list[Record]:
    """Two accounts at work for a while, and then only ticks: both are told to have gone quiet. One comes back."""
    said: list[tuple[float, Event | Tick]] = []
    for second in range(SECONDS):
        at = START + second
        if second < SECONDS_ACTIVE:
            said += [(at, event(one, "session.started", at, event_id=f"{one} {second}")) for one in (BY_SLACK, BY_MAIL)]
        said.append((at, Tick()))
    said.append((at, event(BY_SLACK, "session.started", at, event_id="back")))
    return [
        PlainRecord(0, offset, round(at * 1000), None, encode_events_record(one), ())
        for offset, (at, one) in enumerate(said)
    ]


def evidence() -> Evidence:
    card, mine = origin(QUICK, name="card", time_mode=TimeMode.WALL, partitions=1)
    recount = Recount(
        Scorer(card, mine.card_id, strict=True, calendars=country_days), partition=0, partitions=1, remembered=1_000
    )
    sessions = Sessions()
    for record in log():
        recount.read(record)
        if (said := event_of(record)) is not None:
            sessions.read(record, said)
    told = recount.told()
    ids = list(recount.counted)
    return Evidence(
        sent=ids,
        accepted=ids,
        recounts={0: recount},
        sessions=sessions,
        seen=[n.to_bytes(16) for n in range(len(ids))],
        scored=recount.rows(),
        told={0: told},
        on_topic={0: told},
        alerted=alerted(recount.signals),
        mails=[name(one) for one in recount.signals if one.account_id == BY_MAIL],
        posts={(f"slack:{DESK}", BY_SLACK): sum(one.account_id == BY_SLACK for one in recount.signals)},
    )


def alerted(signals: list[Signal]) -> dict[str, list[tuple[object, ...]]]:
    """One message for each signal, sent at the first attempt."""
    address_keys = {BY_SLACK: f"slack:{DESK}", BY_MAIL: "email:mailbox@example.com"}
    return {
        "alert": [(one.signal_id, msgspec.json.encode(one).decode(), 0, False) for one in signals],
        "decision": [(one.signal_id,) for one in signals],
        "notification": [
            (name(one), one.account_id, address_keys[one.account_id], "sent", [one.signal_id], False) for one in signals
        ],
        "attempt": [(name(one), "sent") for one in signals],
    }


def name(signal: Signal) -> str:
    return f"message of {signal.signal_id}"


@pytest.fixture
def well() -> Evidence:
    return evidence()


def kinds(found: Evidence) -> set[Kind]:
    return {violation.kind for violation in checked(found).violations}


def test_nothing_is_found_where_all_is_well(well: Evidence) -> None:
    findings = checked(well)
    assert findings.violations == ()
    figures = findings.figures
    assert figures.counted == figures.accepted == 2 * SECONDS_ACTIVE + 1
    assert figures.signals == figures.alerts == figures.messages > 0
    assert any(one.to == "gone_quiet" for one in well.recounts[0].signals)


def test_an_accepted_event_that_is_not_on_the_log_is_lost(well: Evidence) -> None:
    ids = [*well.accepted, "accepted, and nowhere"]
    assert kinds(msgspec.structs.replace(well, sent=ids, accepted=ids)) == {Kind.LOST}


def test_an_event_that_nobody_sent_is_found(well: Evidence) -> None:
    sent = list(well.sent)[1:]
    assert kinds(msgspec.structs.replace(well, sent=sent, accepted=sent)) == {Kind.UNKNOWN}


@pytest.mark.parametrize(
    "more",
    [
        (0).to_bytes(16),  # an id that is there already
        (10**6).to_bytes(16),  # one that the log does not have twice, nor once
    ],
)
def test_an_event_that_scoring_counted_again_is_doubled(well: Evidence, more: bytes) -> None:
    assert kinds(msgspec.structs.replace(well, seen=[*well.seen, more])) == {Kind.DOUBLED}


def test_a_state_that_is_off_by_a_byte_is_found(well: Evidence) -> None:
    (account, partition, body), *others = well.scored["state"]
    states = [(account, partition, body[:-1] + bytes([body[-1] ^ 1])), *others]
    assert kinds(msgspec.structs.replace(well, scored={**well.scored, "state": states})) == {Kind.TABLE}


@pytest.mark.parametrize(("by", "kinds_found"), [(-3, set()), (1, {Kind.TABLE})])
def test_a_timer_may_be_early_and_never_late(well: Evidence, by: int, kinds_found: set[Kind]) -> None:
    timers = [(account, partition, due + by) for account, partition, due in well.scored["timer"]]
    assert timers
    assert kinds(msgspec.structs.replace(well, scored={**well.scored, "timer": timers})) == kinds_found


def test_a_timer_that_is_not_there_is_found(well: Evidence) -> None:
    timers = well.scored["timer"][1:]
    assert kinds(msgspec.structs.replace(well, scored={**well.scored, "timer": timers})) == {Kind.TABLE}


def test_a_receipt_that_reads_otherwise_is_found_on_the_topic_and_in_alerts(well: Evidence) -> None:
    told = list(well.told[0])
    said = decode_signals_record(told[0].value)
    assert isinstance(said, Signal)
    level = msgspec.structs.replace(said.receipt.level, score=said.receipt.level.score + 1)
    receipt = msgspec.structs.replace(said.receipt, level=level)
    changed = msgspec.json.encode(msgspec.structs.replace(said, receipt=receipt))
    told[0] = Told(told[0].signal_id, told[0].key, changed)
    tampered = msgspec.structs.replace(well, told={0: told}, on_topic={0: told})
    assert kinds(tampered) == {Kind.TOLD, Kind.RECORDED}


def test_a_signal_that_was_never_told_is_found(well: Evidence) -> None:
    told = well.told[0][1:]
    assert kinds(msgspec.structs.replace(well, told={0: told})) == {Kind.TOLD}


def test_signals_that_changed_places_are_found_and_named(well: Evidence) -> None:
    first, second, *others = well.told[0]
    swapped = {0: [second, first, *others]}
    (found,) = checked(msgspec.structs.replace(well, told=swapped, on_topic=swapped)).violations
    assert found.kind is Kind.TOLD
    assert found.detail.index(second.signal_id) < found.detail.index(first.signal_id)


def test_a_signal_told_twice_is_a_copy_and_no_more(well: Evidence) -> None:
    told = [*well.told[0], well.told[0][0]]
    findings = checked(msgspec.structs.replace(well, told={0: told}, on_topic={0: told}))
    assert (findings.violations, findings.figures.copies) == ((), 1)


def test_a_signal_that_alerts_did_not_record_is_found(well: Evidence) -> None:
    rows = {**well.alerted, "alert": well.alerted["alert"][1:]}
    assert Kind.RECORDED in kinds(msgspec.structs.replace(well, alerted=rows))


def test_a_message_that_arrived_again_without_a_reason_is_found(well: Evidence) -> None:
    assert kinds(msgspec.structs.replace(well, mails=[*well.mails, well.mails[0]])) == {Kind.MESSAGE}
    ((place, count),) = well.posts.items()
    assert kinds(msgspec.structs.replace(well, posts={place: count + 1})) == {Kind.MESSAGE}


def test_a_message_whose_attempt_was_cut_short_may_arrive_again(well: Evidence) -> None:
    again = well.mails[0]
    rows = {**well.alerted, "attempt": [*well.alerted["attempt"], (again, "cut short")]}
    findings = checked(msgspec.structs.replace(well, alerted=rows, mails=[*well.mails, again]))
    assert (findings.violations, findings.figures.repeats) == ((), 1)


def test_a_message_that_never_arrived_is_found(well: Evidence) -> None:
    assert kinds(msgspec.structs.replace(well, mails=well.mails[1:])) == {Kind.MESSAGE}


def test_a_silence_that_was_told_while_events_were_on_the_log_is_false(well: Evidence) -> None:
    """As if the log had held a session that scoring had not read when it looked at its clock."""
    quiet = next(one for one in well.recounts[0].signals if one.to == "gone_quiet")
    at = quiet.at.timestamp() - 5
    well.sessions.read(
        PlainRecord(0, 0, round(at * 1000), None, b"", ()), event(quiet.account_id, "session.started", at)
    )
    assert kinds(well) == {Kind.QUIET}
