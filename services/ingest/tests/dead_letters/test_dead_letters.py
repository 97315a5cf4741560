"""The dead topic, read and sent again: nothing in it can break a command, and nothing is sent for ever."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from common.bus.errors import BusUnavailable, RecordRefused
from common.bus.memory import MAX_RECORD_BYTES, MemoryBroker
from common.bus.partitioner import partition_of
from common.bus.ports import Ack, Outgoing, Record
from common.contracts.events import CardActivated, Event, encode_events_record
from common.topics import TimeMode, Topics, ensure
from ingest.dead_letters.answers import letters_answer
from ingest.dead_letters.letter import DeadLetter, LetterPosition, parse_position
from ingest.dead_letters.listing import OTHER_REASONS, LetterList, list_letters
from ingest.dead_letters.reading import DeadTopic, ScanTooLong
from ingest.dead_letters.resending import EventResender, LetterResender, ResendRefusal
from ingest.dead_letters.selection import LetterSelection
from ingest.dead_letters.sending import LetterSender, ResendReport
from ingest.dead_letters.text import list_text
from support.erased_subjects import erased_subjects

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOPICS = Topics()
PARTITIONS = 4
EVERYTHING = LetterSelection()


def event(number: int, account_id: str = "acme", source: str = "web", user_id: str | None = None) -> bytes:
    one = Event(f"e-{number}", account_id, "report.opened", NOON, source, NOON, user_id)
    return encode_events_record(one)


class Deployment:
    """A log in memory, whose clock goes on by a minute with each letter."""

    def __init__(self, mode: TimeMode = TimeMode.WALL) -> None:
        self.now = NOON.timestamp()
        self.mode = mode
        self.erased = erased_subjects(accounts=["gone"], users=["nobody"])
        self.broker = MemoryBroker(clock=lambda: self.now)
        self.producer = self.broker.producer()
        self.dead = DeadTopic(self.broker.admin(), topic=TOPICS.dead)

    async def prepare(self) -> None:
        await ensure(
            self.broker.admin(), TOPICS, mode=self.mode, partitions=PARTITIONS, replication=1, retention_days=35
        )

    async def set_aside(
        self,
        value: bytes,
        *headers: tuple[str, bytes],
        reason: str = "core_failed",
        key: bytes | None = b"acme",
        partition: int = 0,
    ) -> LetterPosition:
        named = (("reason", reason.encode()), *headers)
        stamp = round(self.now * 1000)
        (ack,) = await self.producer.send(TOPICS.dead, [Outgoing(partition, key, value, named, stamp)])
        self.now += 60.0
        return LetterPosition(ack.partition, ack.offset)

    async def found(self, selection: LetterSelection = EVERYTHING, *, limit: int = 50) -> LetterList:
        return await list_letters(self.dead, selection, limit=limit)

    def sender(self, *, again: bool = False, producer: "Choosy | None" = None) -> LetterSender:
        return LetterSender(
            self.dead,
            LetterResender({"scoring": EventResender(partitions=PARTITIONS, mode=self.mode, erased=self.erased)}),
            producer or self.producer,
            events_topic=TOPICS.events,
            dead_topic=TOPICS.dead,
            again=again,
        )

    async def resend(self, selection: LetterSelection, *, again: bool = False) -> ResendReport:
        report = ResendReport()
        await self.sender(again=again).send(selection, report)
        return report

    def sent(self) -> list[Record]:
        return [record for number in range(PARTITIONS) for record in self.broker.records(TOPICS.events, number)]


@pytest.fixture
async def deployment() -> Deployment:
    made = Deployment()
    await made.prepare()
    return made


def at(*positions: LetterPosition) -> LetterSelection:
    return LetterSelection(positions=frozenset(positions))


# What may be in the topic, and what the list shows of it: reason, source, account, event, id.
STRANGE = [
    (event(1), (), "acme", ("core_failed", "web", "acme", "report.opened", "e-1")),
    # No JSON: the key still says whose it was.
    (b"\xff\xfe", (), "acme", ("core_failed", None, "acme", None, None)),
    (b"", (), None, ("core_failed", None, None, None, None)),
    (b"[1, 2]", (), None, ("core_failed", None, None, None, None)),
    (b'{"account_id": 7, "name": {"a": 1}, "source": "crm"}', (), None, ("core_failed", "crm", None, None, None)),
    (b"[" * 100_000, (), "acme", ("core_failed", None, "acme", None, None)),
    # A key that is no text
    (b"{}", (), b"\xff", ("core_failed", None, "\\xff", None, None)),
    # Headers of another program, and of an SDK's message
    (b"{}", (("trace", b"\xff"), ("source", b"sdk")), None, ("core_failed", "sdk", None, None, None)),
    # A reason with a control character is kept as it is: the table escapes it.
    (b"{}", (("reason", b"\x1b[2J"),), None, ("\x1b[2J", None, None, None, None)),
]


@pytest.mark.parametrize(("value", "headers", "key", "told"), STRANGE)
async def test_whatever_is_in_the_topic_is_listed(
    deployment: Deployment,
    value: bytes,
    headers: Sequence[tuple[str, bytes]],
    key: str | bytes | None,
    told: tuple[str | None, ...],
) -> None:
    await deployment.set_aside(value, *headers, key=key.encode() if isinstance(key, str) else key)
    (listed,) = (await deployment.found()).newest
    letter = listed.letter
    assert (letter.reason, letter.source, letter.account, letter.event, letter.event_id) == told


async def test_the_newest_are_shown_and_all_are_counted(deployment: Deployment) -> None:
    for number in range(30):
        reason = "unreadable" if number % 3 == 0 else "core_failed"
        await deployment.set_aside(event(number), reason=reason, partition=number % PARTITIONS)
    found = await deployment.found(limit=4)
    assert [listed.letter.event_id for listed in found.newest] == ["e-26", "e-27", "e-28", "e-29"]
    assert found.counts == {"core_failed": 20, "unreadable": 10}


async def test_letters_are_chosen_by_reason_source_account_and_time(deployment: Deployment) -> None:
    for number, source in enumerate(("web", "crm", "web", "web")):
        await deployment.set_aside(event(number, f"account {number}", source), reason=f"r{number // 2}")
    minute = timedelta(minutes=1)
    cases = [
        (LetterSelection(reason="r0"), ["e-0", "e-1"]),
        (LetterSelection(source="web"), ["e-0", "e-2", "e-3"]),
        (LetterSelection(account="account 2"), ["e-2"]),
        # From the first moment on, and before the second
        (LetterSelection(since=NOON + minute, until=NOON + 3 * minute), ["e-1", "e-2"]),
        (LetterSelection(source="web", since=NOON + minute, reason="r1"), ["e-2", "e-3"]),
        (at(LetterPosition(0, 1), LetterPosition(0, 3), LetterPosition(9, 0)), ["e-1", "e-3"]),
    ]
    for selection, ids in cases:
        assert [listed.letter.event_id for listed in (await deployment.found(selection)).newest] == ids, selection


async def test_reasons_of_strangers_take_no_memory_without_bound(deployment: Deployment) -> None:
    for number in range(60):
        await deployment.set_aside(b"{}", reason=f"reason {number}")
    counts = (await deployment.found()).counts
    assert (len(counts), counts[OTHER_REASONS]) == (51, 10)


@pytest.mark.parametrize("stamp", [-1, 2**62, 253_402_300_799_999])
async def test_a_letter_with_an_impossible_time_hides_no_other(stamp: int) -> None:
    """In stream mode whoever writes a record gives it its time."""
    deployment = Deployment(TimeMode.STREAM)
    await deployment.prepare()
    await deployment.set_aside(event(1))
    await deployment.producer.send(TOPICS.dead, [Outgoing(0, b"acme", event(2), (), stamp)])
    found = await deployment.found(LetterSelection(since=datetime(1970, 1, 1, tzinfo=UTC)))
    assert {letter.event_id for letter in letters_answer(found).letters} == {"e-1", "e-2"}
    assert "e-1" in list_text(found)
    assert all(one.letter.at + timedelta(days=1) for one in found.newest), "a page of older ones may begin there"


async def test_a_list_holds_no_record_and_no_text_without_bound(deployment: Deployment) -> None:
    long = "x" * 200_000
    strange = msgspec.json.encode({"account_id": long, "name": long, "source": long, "event_id": long})
    await deployment.set_aside(strange, ("trace", b"x" * 1_000), key=None)
    (listed,) = (await deployment.found()).newest
    letter = listed.letter
    for told in (letter.account, letter.event, letter.source, letter.event_id):
        assert told == "x" * 2_000
    assert (letter.record.value, letter.record.key, tuple(letter.record.headers)) == (None, None, ())


async def test_the_very_bytes_go_to_the_partition_of_their_account(deployment: Deployment) -> None:
    value = event(1, "zeta").replace(b'"name"', b' "name"')
    position = await deployment.set_aside(value, key=b"zeta", partition=(partition_of(b"zeta", PARTITIONS) + 1) % 4)
    report = await deployment.resend(at(position))
    (record,) = deployment.sent()
    assert report.sent == 1
    assert (record.partition, record.key, record.value) == (partition_of(b"zeta", PARTITIONS), b"zeta", value)
    assert dict(record.headers) == {"resent_from": str(position).encode(), "attempt": b"2"}
    assert record.timestamp == round(deployment.now * 1000), "the log stamps it anew"


async def test_in_stream_mode_a_record_keeps_its_time() -> None:
    deployment = Deployment(TimeMode.STREAM)
    await deployment.prepare()
    position = await deployment.set_aside(event(1))
    await deployment.resend(at(position))
    assert deployment.sent()[0].timestamp == round(NOON.timestamp() * 1000)


# What is not sent again: the letter, and why.
REFUSED = [
    (b"\xff", (), ResendRefusal.UNREADABLE, "can never be read"),
    (b'{"type":"event"}', (), ResendRefusal.UNREADABLE, "can never be read"),
    (event(1, "a\0b"), (), ResendRefusal.UNREADABLE, "account id"),
    (event(1, "a" * 2_001), (), ResendRefusal.UNREADABLE, "account id"),
    (event(1, "gone"), (), ResendRefusal.ERASED, "account was erased"),
    (event(1, user_id="nobody"), (), ResendRefusal.ERASED, "person was erased"),
    (b"", (), ResendRefusal.NO_RECORD, "as time passed"),
    (b"", (("truncated", b"true"),), ResendRefusal.TRUNCATED, "bytes are gone"),
    (encode_events_record(CardActivated("c", "x")), (), ResendRefusal.NOT_AN_EVENT, "'card.activated'"),
    (b'{"type":"calendar.day"}', (), ResendRefusal.NOT_AN_EVENT, "does not know records of the type 'calendar.day'"),
    (event(1), (("origin", b"ingest"),), ResendRefusal.UNKNOWN_ORIGIN, "cannot resend what 'ingest' set aside"),
]


@pytest.mark.parametrize(("value", "headers", "reason", "said"), REFUSED)
async def test_what_can_never_be_scored_is_refused_with_the_reason(
    deployment: Deployment, value: bytes, headers: Sequence[tuple[str, bytes]], reason: ResendRefusal, said: str
) -> None:
    bad = await deployment.set_aside(value, *headers)
    good = await deployment.set_aside(event(2))
    report = await deployment.resend(at(bad, good))
    assert (report.sent, report.refused) == (1, {reason: 1})
    ((position, detail),) = report.refusals
    assert position == bad
    assert said in detail
    assert [record.value for record in deployment.sent()] == [event(2)]


async def test_what_was_sent_again_is_marked_and_not_sent_once_more(deployment: Deployment) -> None:
    selection = LetterSelection(reason="core_failed")
    for number in range(450):
        await deployment.set_aside(event(number), partition=number % 2)
    assert (await deployment.resend(selection)).sent == 450
    await deployment.set_aside(event(450))

    report = await deployment.resend(selection)
    assert (report.sent, report.refused) == (1, {ResendRefusal.ALREADY_RESENT: 450})
    assert sorted(record.value or b"" for record in deployment.sent()) == sorted(event(n) for n in range(451))
    found = await deployment.found(limit=1)
    assert (found.counts, found.resent) == ({"core_failed": 451}, {"core_failed": 451}), "markers are no letters"
    assert (await deployment.resend(selection, again=True)).sent == 451


async def test_nothing_is_sent_where_it_is_only_counted(deployment: Deployment) -> None:
    await deployment.set_aside(event(1))
    await deployment.set_aside(b"\xff")
    report = ResendReport()
    await deployment.sender().count(LetterSelection(reason="core_failed"), report)
    assert (report.sent, report.refused) == (1, {ResendRefusal.UNREADABLE: 1})
    assert deployment.sent() == []


async def test_what_fails_each_time_is_sent_a_third_time_only_by_its_position(deployment: Deployment) -> None:
    second = await deployment.set_aside(event(1), ("attempt", b"2"))
    third = await deployment.set_aside(event(1), ("attempt", b"3"))
    report = await deployment.resend(LetterSelection(reason="core_failed"))
    assert (report.sent, report.refused) == (1, {ResendRefusal.TOO_MANY_ATTEMPTS: 1})
    assert dict(deployment.sent()[0].headers)["resent_from"] == str(second).encode()
    assert (await deployment.resend(at(third))).sent == 1
    assert dict(deployment.sent()[1].headers)["attempt"] == b"4"


@pytest.mark.parametrize("header", [b"0", b"-1", b"x", b"", b"9" * 40])
async def test_a_foreign_attempt_counts_as_the_first(deployment: Deployment, header: bytes) -> None:
    await deployment.set_aside(event(1), ("attempt", header))
    assert (await deployment.found()).newest[0].letter.attempt == 1


class Choosy:
    """A log that never takes one record, and is away after so many sends."""

    def __init__(self, deployment: Deployment, *, hated: bytes = b"", answers: int = 1_000) -> None:
        self._producer = deployment.producer
        self._hated = hated
        self._answers = answers

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        if any(record.value == self._hated for record in records):
            raise RecordRefused("too large")
        if self._answers == 0:
            raise BusUnavailable("away")
        self._answers -= 1
        return await self._producer.send(topic, records)


async def test_a_record_that_the_log_never_takes_holds_up_no_other(deployment: Deployment) -> None:
    for number in range(3):
        await deployment.set_aside(event(number))
    report = ResendReport()
    sender = deployment.sender(producer=Choosy(deployment, hated=event(1)))
    await sender.send(LetterSelection(reason="core_failed"), report)
    assert (report.sent, report.refused) == (2, {ResendRefusal.REFUSED_BY_LOG: 1})
    assert [record.value for record in deployment.sent()] == [event(0), event(2)]


class Interrupted(DeadTopic):
    """The time is over after the first letter that is selected."""

    async def letters(self, partition: int, selection: LetterSelection) -> AsyncGenerator[DeadLetter, None]:
        async with aclosing(super().letters(partition, selection)) as found:
            async for letter in found:
                yield letter
                raise ScanTooLong


async def test_what_was_found_before_the_time_was_over_is_sent(deployment: Deployment) -> None:
    """Else a partition that takes too long would never have one of its letters sent, however often one asks."""
    await deployment.set_aside(event(1))
    await deployment.set_aside(event(2))
    deployment.dead = Interrupted(deployment.broker.admin(), topic=TOPICS.dead)
    report = ResendReport()
    with pytest.raises(ScanTooLong):
        await deployment.sender().send(EVERYTHING, report)
    assert (report.sent, len(deployment.sent())) == (1, 1)
    deployment.dead = DeadTopic(deployment.broker.admin(), topic=TOPICS.dead)
    assert [(one.letter.event_id, one.resent) for one in (await deployment.found()).newest] == [
        ("e-1", True),
        ("e-2", False),
    ]


async def test_after_an_outage_the_same_command_sends_the_rest(deployment: Deployment) -> None:
    selection = LetterSelection(reason="core_failed")
    for number in range(450):
        await deployment.set_aside(event(number))
    report = ResendReport()
    # One batch and its marker, then the log is away.
    with pytest.raises(BusUnavailable):
        await deployment.sender(producer=Choosy(deployment, answers=2)).send(selection, report)
    assert report.sent == 200
    assert (await deployment.resend(selection)).sent == 250
    assert [record.value for record in deployment.sent()] == [event(number) for number in range(450)]


async def test_a_crash_before_the_marker_sends_a_copy_and_loses_nothing(deployment: Deployment) -> None:
    selection = LetterSelection(reason="core_failed")
    await deployment.set_aside(event(1))
    with pytest.raises(BusUnavailable):
        await deployment.sender(producer=Choosy(deployment, answers=1)).send(selection, ResendReport())
    assert (await deployment.resend(selection)).sent == 1
    assert [record.value for record in deployment.sent()] == [event(1)] * 2, "scoring takes the second for a duplicate"


async def test_a_foreign_marker_marks_nothing(deployment: Deployment) -> None:
    position = await deployment.set_aside(event(1))
    for body in (b"", b"\xff", b'{"offsets":["x"]}', b'{"offsets":[-1,99999999999999999]}'):
        await deployment.producer.send(TOPICS.dead, [Outgoing(0, None, body, (("resent", b""),))])
    assert (await deployment.resend(at(position))).sent == 1


async def test_one_letter_is_read_by_its_position(deployment: Deployment) -> None:
    position = await deployment.set_aside(event(1), partition=3)
    await deployment.resend(at(position))
    letter = await deployment.dead.read(position)
    assert letter is not None
    assert (str(letter.position), letter.event_id, letter.at) == ("3:0", "e-1", NOON)
    # Nothing, a marker, no such partition
    for other in ("0:0", "3:1", "99:0"):
        assert await deployment.dead.read(parse_position(other)) is None


async def test_a_letter_almost_as_large_as_a_record_may_be_is_sent_again(deployment: Deployment) -> None:
    value = event(1).replace(b'"report.opened"', b'"' + b"x" * (MAX_RECORD_BYTES - 1_000) + b'"')
    await deployment.set_aside(value)
    assert (await deployment.resend(LetterSelection(reason="core_failed"))).sent == 1


@pytest.mark.parametrize("text", ["", "3", "3:", ":1", "-1:0", "a:b", "3:1 ", "1:2:3", "\u0663:1"])
def test_a_position_has_one_form(text: str) -> None:
    with pytest.raises(ValueError, match="is no position"):
        parse_position(text)
