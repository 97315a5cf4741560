from typing import Any

import pytest
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

from local.fakes.block_kit import problems

Blocks = list[dict[str, Any]]


def text(length: int, kind: str = "mrkdwn") -> dict[str, Any]:
    return {"type": kind, "text": "x" * length}


def header(length: int) -> Blocks:
    return [{"type": "header", "text": text(length, "plain_text")}]


def section(length: int) -> Blocks:
    return [{"type": "section", "text": text(length)}]


def fields(count: int) -> Blocks:
    return [{"type": "section", "fields": [text(1)] * count}]


def field(length: int) -> Blocks:
    return [{"type": "section", "fields": [text(length)]}]


def context(count: int) -> Blocks:
    return [{"type": "context", "elements": [text(1)] * count}]


def buttons(count: int) -> Blocks:
    return [{"type": "actions", "elements": [button()] * count}]


def button(label: int = 1, **more: str) -> dict[str, Any]:
    return {"type": "button", "text": text(label, "plain_text"), **more}


def label(length: int) -> Blocks:
    return [{"type": "actions", "elements": [button(length)]}]


def value(length: int) -> Blocks:
    return [{"type": "section", "text": text(1), "accessory": button(value="x" * length)}]


def url(length: int) -> Blocks:
    return [{"type": "actions", "elements": [button(url="https://".ljust(length, "x"))]}]


def dividers(count: int) -> Blocks:
    return [{"type": "divider"}] * count


def block_id(length: int) -> Blocks:
    return [{"type": "divider", "block_id": "x" * length}]


def rich(*parts: dict[str, Any], kind: str = "rich_text_section") -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": list(parts)}]}


WORD = {"type": "text", "text": "x", "style": {"bold": True}}
LINK = {"type": "link", "url": "https://example.com", "text": "x"}


@pytest.mark.parametrize(
    ("made", "most", "place"),
    [
        (header, 150, "blocks/0/text/text"),
        (section, 3000, "blocks/0/text/text"),
        (fields, 10, "blocks/0/fields"),
        (field, 2000, "blocks/0/fields/0/text"),
        (context, 10, "blocks/0/elements"),
        (buttons, 25, "blocks/0/elements"),
        (label, 75, "blocks/0/elements/0/text/text"),
        (value, 2000, "blocks/0/accessory/value"),
        (url, 3000, "blocks/0/elements/0/url"),
        (dividers, 50, "blocks"),
        (block_id, 255, "blocks/0/block_id"),
    ],
)
def test_a_limit_is_kept_to_the_letter(made: Any, most: int, place: str) -> None:
    assert problems(made(most)) == []
    (problem,) = problems(made(most + 1))
    assert problem.startswith(f"{place}: ")
    assert str(most + 1) in problem


@pytest.mark.parametrize("made", [header, section, fields, context, buttons, label, value, block_id])
def test_slacks_own_models_draw_no_line_elsewhere(made: Any) -> None:
    """Where they draw one at all: they let long fields and too many blocks through."""
    limits = {header: 150, section: 3000, fields: 10, context: 10, buttons: 25, label: 75, value: 2000, block_id: 255}
    (model,) = Block.parse_all(made(limits[made]))
    model.to_dict()
    (model,) = Block.parse_all(made(limits[made] + 1))
    with pytest.raises(SlackObjectFormationError):
        model.to_dict()


@pytest.mark.parametrize(
    "blocks",
    [
        # A header is plain.
        [{"type": "header", "text": text(1)}],
        [{"type": "header"}],
        [{"type": "section"}],
        [{"type": "section", "text": text(0)}],
        [{"type": "section", "text": "bare"}],
        [{"type": "section", "fields": []}],
        [{"type": "context", "elements": []}],
        [{"type": "context"}],
        [{"type": "context", "elements": [button()]}],
        [{"type": "actions", "elements": [text(1)]}],
        [{"type": "actions", "elements": [button(style="loud")]}],
        [{"type": "actions", "elements": [button(url="javascript:alert(1)")]}],
        [{"type": "image", "image_url": "https://example.com/a.png"}],
        [{"type": "rich_text"}],
        [{"type": "rich_text", "elements": [WORD]}],
        [rich({"type": "text", "text": ""})],
        [rich({"type": "link", "text": "x"})],
        [rich({"type": "link", "text": "", "url": "https://example.com"})],
        [rich({"type": "text", "text": "x", "style": {"loud": True}})],
        # A name that could call everybody.
        [rich({"type": "broadcast", "range": "channel"})],
        [rich({"type": "user", "user_id": "U1"})],
        # A list has sections, and says how it is numbered.
        [rich(WORD, kind="rich_text_list")],
        [{"type": "of next year"}],
        [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}],
        ["divider"],
        {"type": "divider"},
    ],
)
def test_what_slack_cannot_show_is_a_problem(blocks: object) -> None:
    assert len(problems(blocks)) == 1


def test_a_whole_message_is_no_problem() -> None:
    blocks = [
        *header(10),
        *section(10),
        *fields(2),
        rich(WORD, LINK, {"type": "emoji", "name": "wave"}),
        rich(WORD, kind="rich_text_quote"),
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_list", "style": "bullet", "elements": rich(WORD)["elements"]}],
        },
        {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"},
        {"type": "context", "elements": [{"type": "image", "image_url": "https://example.com/a", "alt_text": "a"}]},
        {"type": "actions", "elements": [button(url="https://example.com", style="primary", action_id="open")]},
        {"type": "divider"},
    ]
    assert problems(blocks) == []
