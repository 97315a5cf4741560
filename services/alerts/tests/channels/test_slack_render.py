"""What Slack gets is what Slack takes, whatever customers call themselves."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as changed
from slack_sdk.models.blocks import Block

from alerts.channels.registry import Channel
from alerts.channels.slack.render import SlackMessage
from alerts.decisions.reasons import DecisionReason
from alerts.messages.renderer import MessageRenderer
from alerts.routing.destination import Target
from alerts.samples import DESK, NOON, Sample, earlier_message, message_content
from common.contracts.signals import Band, Contact, Driver, Facts, Forecast, Kind, Part, Quote, Signal
from support.examples import examples

HOSTILE = [
    "<!channel> & <@U123|you> <https://evil.example|click>",
    "*bold* _it_ ~no~ `code` ```\n> quote",
    ":tada:" * 2000,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 2000,
    "\u202eevil\u2066\u200f\u05e9\u05dc\u05d5\u05dd",
    "\u05e9\u05dc\u05d5\u05dd" * 3000,
    "\u682a\u5f0f\u4f1a\u793e" * 2500,
    "x" * 10_240,
    "{{ 7 * 7 }} {name} %s ${x}",
    "e" + "\u0301" * 5000,
    "\u200b\u2060\ufeff",
    "\x00\x1b[31m\r\n\r\nX-Header: 1",
]


def posted(renderer: MessageRenderer, signal: Signal, **fields: Any) -> SlackMessage:
    message = renderer.render(message_content(signal, **fields))
    assert isinstance(message, SlackMessage)
    return message


def texts(node: object) -> list[str]:
    """Every text that is shown, with the kind of object it stands in."""
    if isinstance(node, dict):
        own = [f"{node['type']}: {node['text']}"] if isinstance(node.get("text"), str) else []
        return own + [text for value in node.values() for text in texts(value)]
    return [text for item in node for text in texts(item)] if isinstance(node, list | tuple) else []


def check(posting: SlackMessage) -> None:
    blocks = Block.parse_all(posting.blocks)
    assert [block.to_dict() for block in blocks] == list(posting.blocks)
    assert len(blocks) <= 50
    assert len(posting.blocks[0]["text"]["text"].encode("utf-16-le")) // 2 <= 150
    # Text that Slack does not read for markup: nothing in it can mention, link or format.
    assert {text.partition(":")[0] for text in texts(posting.blocks)} <= {"plain_text", "text", "link"}
    assert all(0 < len(text) < 1000 for text in texts(posting.blocks))
    assert "<" not in posting.text.replace("&lt;", "")
    assert ">" not in posting.text.replace("&gt;", "")
    assert len(posting.text) < 3000
    msgspec.json.encode(posting)


def everywhere(text: str) -> list[Signal]:
    """Signals that carry it wherever a customer's text can come from."""
    facts = Facts(name=text, tier=text, owner=text, arr=1e12)
    said = (Quote("reason", text), Quote("requested_by", text), Quote("currency", text), Quote("amount", 1.0))
    people = (Contact(text, NOON, text, text, text),) * 5
    parts = (Part(text, Driver.SILENCE, -14.0), Part(f"{text}2", Driver.CAP, -20.0))
    return [
        Sample(facts=facts, parts=parts, account=text, stage=text, coverage=0.5).build(),
        Sample(kind=Kind.FLAG, to=text, facts=facts, said=said, contacts=people).build(),
        Sample(kind=Kind.MILESTONE_MISSED, to=text, facts=facts, band=Band.INSUFFICIENT).build(),
        Sample(kind=Kind.OUTCOME, to=text, facts=facts).build(),
    ]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("language", ["en", "ja"])
def test_hostile_names_are_harmless(text: str, language: str, renderer: MessageRenderer) -> None:
    target = Target(Channel.SLACK, "#cs-desk", language=language)
    for signal in everywhere(text):
        others = [one for one in everywhere(text) if one is not signal]
        message = renderer.render(message_content(signal, *others, target=target, first=earlier_message(signal)))
        assert isinstance(message, SlackMessage)
        check(message)


@settings(max_examples=examples(50))
@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_at_all_is_harmless(renderer: MessageRenderer, text: str) -> None:
    for signal in everywhere(text):
        check(posted(renderer, signal, first=earlier_message(signal)))


def test_the_title_stands_on_top_and_in_the_fallback(renderer: MessageRenderer) -> None:
    signal = Sample(facts=Facts(name="Tom & <Jerry>", arr=1000.0)).build()
    posting = posted(renderer, signal)

    assert posting.blocks[0]["text"] == {
        "type": "plain_text",
        "text": "🟡 Tom & <Jerry> is yellow: 78 → 64",
        "emoji": False,
    }
    assert posting.text == "🟡 Tom &amp; &lt;Jerry&gt; is yellow: 78 → 64 · ARR 1,000 · adoption · no owner"


def test_only_what_asks_for_something_new_rings_beyond_its_thread(renderer: MessageRenderer) -> None:
    signal = Sample(to="red").build()
    before = earlier_message(Sample().build(), thread="17.1")
    rings = {}
    for reason in (DecisionReason.NEW, DecisionReason.WORSE, DecisionReason.AGAIN, DecisionReason.RECOVERED):
        message = renderer.render(message_content(signal, reason=reason, first=before))
        assert isinstance(message, SlackMessage)
        rings[reason] = message.broadcast
    assert rings == {
        DecisionReason.NEW: False,
        DecisionReason.WORSE: True,
        DecisionReason.AGAIN: True,
        DecisionReason.RECOVERED: False,
    }


def test_a_thread_goes_on_where_its_newest_message_is(renderer: MessageRenderer) -> None:
    """If the first message was deleted, a later one has begun the thread anew."""
    signal = Sample(to="red").build()
    gone, newer = (
        earlier_message(Sample().build(), thread="17.1"),
        earlier_message(Sample().build(), "n-2", thread="18.2"),
    )
    message = renderer.render(message_content(signal, first=gone, last=newer))
    assert isinstance(message, SlackMessage)
    assert message.thread == "18.2"


def test_the_account_is_a_link_and_no_button(renderer: MessageRenderer) -> None:
    """A button asks the app for an answer; whoever presses one that gets none is shown a warning."""
    posting = posted(renderer, Sample(account="a-7").build())

    assert {block["type"] for block in posting.blocks} == {"header", "rich_text"}
    link = posting.blocks[-1]["elements"][0]["elements"][-1]
    assert link == {"type": "link", "url": "https://app.example.com/accounts/a-7", "text": "Open the account"}


def test_labels_are_bold_and_each_line_is_a_line(renderer: MessageRenderer) -> None:
    signal = Sample(forecast=Forecast(Band.RED, NOON.replace(day=20)), coverage=0.5).build()
    parts = posted(renderer, signal).blocks[-2]["elements"][0]["elements"]

    assert [part["text"].strip() for part in parts if part.get("style")] == ["Why", "Outlook", "Next step"]
    assert sum(part["text"] == "\n" for part in parts) == 3
    assert posted(renderer, signal).blocks[-1]["elements"][0]["text"] == "Only 50% of the score has data behind it."


def test_later_messages_answer_under_the_first(renderer: MessageRenderer) -> None:
    yellow, red = Sample().build(), Sample(to="red").build()
    webhook = changed(DESK, webhook=True)

    assert posted(renderer, red).thread is None
    assert posted(renderer, red, first=earlier_message(yellow, thread="17.1")).thread == "17.1"
    assert posted(renderer, red, target=webhook, first=earlier_message(yellow)).thread is None


def test_an_address_that_is_too_long_for_slack_is_left_out(renderer: MessageRenderer) -> None:
    check(posted(renderer, Sample(account="a" * 5000).build()))
