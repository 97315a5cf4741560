"""The words of `python -m ingest dead`."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from common.commands.command_line import parse
from ingest.__main__ import COMMANDS
from ingest.dead_letters.letter import LetterPosition

MOMENTS = [
    ("2026-03-02T12:00:00Z", datetime(2026, 3, 2, 12, tzinfo=UTC)),
    ("2026-03-02T12:00:00+01:00", datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=1)))),
    # A day begins at midnight UTC.
    ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
]


@pytest.mark.parametrize(("words", "moment"), MOMENTS)
def test_a_moment_has_a_zone(words: str, moment: datetime) -> None:
    asked = parse("python -m ingest", COMMANDS, ["dead", "list", "--since", words, "--until", words])
    assert (asked.since, asked.until) == (moment, moment)


def test_a_duration_is_so_long_ago() -> None:
    before = datetime.now(UTC)
    asked = parse("python -m ingest", COMMANDS, ["dead", "resend", "--since", "24h"])
    assert before <= asked.since + timedelta(hours=24) <= datetime.now(UTC)


def test_positions_are_read_as_list_shows_them() -> None:
    asked = parse("python -m ingest", COMMANDS, ["dead", "resend", "3:17", "0:2"])
    assert asked.positions == [LetterPosition(3, 17), LetterPosition(0, 2)]


WRONG = [
    "list --since yesterday",
    "list --since 2026-03-02T12:00:00",
    "list --limit 0",
    "list --limit 10001",
    "show",
    "show 17",
    "resend 3:x",
    "delete 3:17",
]


@pytest.mark.parametrize("words", WRONG)
def test_what_is_not_valid_ends_with_exit_code_2(words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parse("python -m ingest", COMMANDS, ["dead", *words.split()])
    assert ended.value.code == 2
