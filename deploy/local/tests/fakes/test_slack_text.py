from typing import Any

import pytest

from local.fakes.slack_text import as_text


def rich(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(parts)}]}


def test_a_message_reads_as_its_reader_sees_it() -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "🔴 Birch Foods is red"}},
        rich(
            {"type": "text", "text": "Why  ", "style": {"bold": True}},
            {"type": "text", "text": "logins"},
            {"type": "text", "text": "\n"},
            {"type": "link", "url": "https://app.example.com", "text": "Open"},
        ),
        {"type": "context", "elements": [{"type": "plain_text", "text": "Only 62%"}]},
    ]

    assert as_text(blocks) == [
        "🔴 Birch Foods is red",
        "",
        "*Why*  logins",
        "Open: https://app.example.com",
        "",
        "(Only 62%)",
    ]


def test_a_block_that_we_do_not_send_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="video"):
        as_text([{"type": "video"}])
