"""What `dead list` and `dead show` print."""

import json

import msgspec

from common.bus.ports import PlainRecord
from common.contracts.dead_letters import DeadReason
from ingest.dead_letters.answers import letters_answer
from ingest.dead_letters.letter import read_letter
from ingest.dead_letters.listing import LetterList, ListedLetter
from ingest.dead_letters.offset_set import OffsetSet
from ingest.dead_letters.reasons import explain
from ingest.dead_letters.text import letter_text, list_text

STAMP = 1_772_452_800_000
EVENT = b'{"type":"event","event_id":"e-1","account_id":"acme","name":"report.opened","source":"web"}'


def listed(
    value: bytes, *headers: tuple[str, bytes], key: bytes | None = b"acme", resent: bool = False
) -> ListedLetter:
    named = (("reason", b"core_failed"), *headers)
    return ListedLetter(read_letter(PlainRecord(3, 17, STAMP, key, value, named)), resent)


def test_a_table_and_a_count_by_reason() -> None:
    found = LetterList()
    found.newest = [listed(EVENT, ("attempt", b"2"), resent=True), listed(b"\xff", key=None)]
    found.counts.update({"core_failed": 1_200, "unreadable": 3})
    found.resent.update({"core_failed": 7})
    assert list_text(found).splitlines() == [
        "POSITION  TIME                  REASON       ORIGIN   SOURCE  ACCOUNT  EVENT          ID   ATTEMPT  RESENT",
        "3:17      2026-03-02 12:00:00Z  core_failed  scoring  web     acme     report.opened  e-1  2        yes",
        "3:17      2026-03-02 12:00:00Z  core_failed  scoring  -       -        -              -    1        -",
        "... the newest 2 of 1,203",
        "",
        "core_failed  1,200  7 sent again",
        "unreadable   3",
    ]


def test_the_list_as_json() -> None:
    found = LetterList(newest=[listed(EVENT, ("attempt", b"2"), resent=True)])
    found.counts.update({"core_failed": 1})
    assert json.loads(msgspec.json.encode(letters_answer(found))) == {
        "letters": [
            {
                "position": "3:17",
                "at": "2026-03-02T12:00:00Z",
                "reason": "core_failed",
                "origin": "scoring",
                "source": "web",
                "account": "acme",
                "event": "report.opened",
                "event_id": "e-1",
                "attempt": 2,
                "resent": True,
                "means": explain("core_failed", origin="scoring").means,
                "do": explain("core_failed", origin="scoring").do,
            }
        ],
        "counts": {"core_failed": 1},
        "resent": {},
        "complete": True,
    }


def test_an_empty_topic_is_one_line() -> None:
    assert list_text(LetterList()) == "no dead letter"


def test_a_letter_is_shown_whole_with_what_to_do() -> None:
    assert letter_text(listed(EVENT, ("attempt", b"2"), resent=True)).splitlines() == [
        "position  3:17",
        "time      2026-03-02 12:00:00Z",
        "reason    core_failed",
        "means     The scoring core raised an error on this record. The account stayed as it was before it.",
        f"do        {explain('core_failed', origin='scoring').do}",
        "attempt   2, sent again since",
        "key       acme",
        "header    reason: core_failed",
        "header    attempt: 2",
        "value     91 bytes",
        "{",
        '  "type": "event",',
        '  "event_id": "e-1",',
        '  "account_id": "acme",',
        '  "name": "report.opened",',
        '  "source": "web"',
        "}",
    ]


def test_nothing_of_a_record_reaches_the_terminal_as_a_command() -> None:
    nasty = "\x1b[2J\u202e".encode()
    shown = letter_text(listed(b'{"a": "' + "\u202e\u0085".encode() + b'"}', ("x\x1b", nasty), key=nasty))
    shown += letter_text(listed(nasty + bytes(10_000)))
    shown += list_text(LetterList(newest=[listed(b"{}", ("source", nasty))]))
    assert all(line.isprintable() for line in shown.split("\n"))
    assert shown.count("\\x1b[2J\\u202e") >= 3
    assert len(shown) < 30_000


def test_every_reason_is_explained_and_unknown_ones_as_such() -> None:
    told = {reason: explain(reason, origin="scoring") for reason in DeadReason}
    assert len(set(told.values())) == len(DeadReason)
    assert "does not know the reason" in explain("no_account", origin="scoring").means
    assert "header `errors`" in explain("no_account", origin="ingest").means


def test_a_set_of_offsets_holds_what_was_added_and_no_more() -> None:
    found = OffsetSet(1_000)
    for offset in (1_000, 1_007, 1_008, 5_000, 999, -5, 10**15):
        found.add(offset, below=6_000)
    assert [offset for offset in range(990, 6_100) if offset in found] == [1_000, 1_007, 1_008, 5_000]
    assert 10**15 not in found
