"""`python -m ingest events`: a file checked before anybody posts it, and the page of the catalogue."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from common.__main__ import main as common_main
from common.catalogue import page
from ingest.__main__ import main
from ingest.events.batch import RequestContext, parse_items
from ingest.events.body_items import BodyFormat, split_body
from ingest.receiving.bounds import BOUNDS

ROOT = Path(__file__).parents[4]
GOOD = {"event_id": "e-1", "account_id": "acme", "name": "session.started"}


def checked(capsys: pytest.CaptureFixture[str], file: Path, *options: str) -> tuple[int, list[str]]:
    code = main(["events", "check", str(file), *options])
    shown = capsys.readouterr()
    return code, [line.removeprefix(f"{file}: ") for line in (shown.out + shown.err).splitlines()]


def test_each_item_of_a_file_that_would_not_be_taken_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "events.json"
    events = [
        GOOD,
        {**GOOD, "event_id": "e-2", "name": "account.updated", "properties": {"arr": "50,000", "seats": "10"}},
        {"account_id": "acme", "name": "account.updated", "properties": {"seats": "10"}},
        {"account_id": "acme", "name": "session.start"},
        {"account_id": "acme", "name": "session.start"},
        {**GOOD, "name": "session.ended"},
    ]
    file.write_text(json.dumps(events)[:-1] + ',{"a": NaN}]')
    assert checked(capsys, file) == (
        1,
        [
            'item 1 (e-2): properties.arr: wrong_type: expected a number from 0 to 1,000,000,000,000, not "50,000"',
            'item 2: properties.seats: corrected (digits_in_quotes): "10" was taken as 10',
            "item 5 (e-1): an earlier event has this account and id (other_content): only the first counts",
            "item 6: the event: malformed: not JSON: invalid character (byte 6)",
            "not in the catalogue: session.start (2 times), nearest: session.started",
            "5 events would be taken, 1 with corrections, 2 not",
        ],
    )


@pytest.mark.parametrize("text", [json.dumps(GOOD, indent=2), json.dumps([GOOD]), f"\n{json.dumps(GOOD)}\n\n"])
def test_one_event_an_array_and_lines_are_read(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "events"
    file.write_text(text, encoding="utf-8-sig")
    assert checked(capsys, file, "--history") == (0, ["1 events would be taken, 0 with corrections, 0 not"])


def test_a_file_may_hold_more_events_than_a_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text("".join(f"{json.dumps({**GOOD, 'event_id': str(n)})}\n" for n in range(10_001)))
    assert checked(capsys, file)[1] == ["10001 events would be taken, 0 with corrections, 0 not"]


def test_a_broken_line_is_named_by_its_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text(f'{json.dumps(GOOD)}\n{{"broken\n')
    code, lines = checked(capsys, file)
    assert (code, lines[0][:24]) == (1, "line 2: the event: malfo")


@pytest.mark.parametrize("text", ["", '[{"a": 1}'])
def test_a_file_that_cannot_be_read_at_all_is_one_error(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "events.json"
    file.write_text(text)
    code, lines = checked(capsys, file)
    assert (code, len(lines)) == (1, 1)
    assert checked(capsys, tmp_path / "none")[0] == 1


def test_the_page_of_the_catalogue_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["events", "page"]) == 0
    assert capsys.readouterr().out == page.render()
    assert (ROOT / "docs/events.md").read_text(encoding="utf-8") == page.render(), (
        "python -m ingest events page > docs/events.md"
    )


def test_the_events_of_the_readme_are_taken_as_they_are() -> None:
    posts = re.compile(r"curl -sS \$INGEST_URL/v1/events [^\n]*-d '\s*(.*?)'\n", re.DOTALL)
    bodies = posts.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(bodies) == 3
    context = RequestContext(source="readme", received_at=datetime(2026, 5, 1, tzinfo=UTC))
    for body in bodies:
        items = split_body(body.encode(), BodyFormat.JSON, BOUNDS)
        batch = parse_items(items, context, bounds=BOUNDS, new_id=str)
        assert batch.rejected == []
        assert [one.notes for one in batch.accepted] == [()] * len(items)


def test_the_command_is_one_of_common_where_ingest_is_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "events.json"
    file.write_text(json.dumps({**GOOD, "name": "account.updated", "properties": {"arr": "50,000"}}))
    assert common_main(["events", "check", str(file)]) == 1
    assert "arr: " in capsys.readouterr().out


def test_without_a_member_that_gives_commands_common_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("common.__main__.entry_points", lambda group: ())
    assert common_main(["events", "check", "events.json"]) == 2
    assert "services/ingest" in capsys.readouterr().err
