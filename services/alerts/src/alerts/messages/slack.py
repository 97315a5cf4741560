"""A message as Slack shows it.

All that customers wrote goes into text that Slack does not read as markup (plain text, and text elements of rich
text), so nothing in a name can mention, link or format. Links are links and no buttons: a button asks the app for an
answer, and one that has none to give shows a warning to whoever pressed it.
"""

from collections.abc import Iterable, Sequence

from slack_sdk.models.blocks import Block, ContextBlock, HeaderBlock, PlainTextObject, RichTextBlock
from slack_sdk.models.blocks.block_elements import RichTextElementParts, RichTextSectionElement

from alerts.channels.letters import SlackMessage
from alerts.core.reasons import DecisionReason
from alerts.messages.harmless import truncate
from alerts.messages.message import Message
from alerts.messages.story import MessageContent
from alerts.messages.tongues import LANGUAGES_BY_CODE

_HEADER = 150
_TEXT = 900
_URL = 2000

TextPart = RichTextElementParts.Text | RichTextElementParts.Link
# What asks for something new must not end up unseen below an old message.
_RINGS = frozenset({DecisionReason.WORSE, DecisionReason.AGAIN})
_BOLD = RichTextElementParts.TextStyle(bold=True)


def render_slack(message: Message, content: MessageContent) -> SlackMessage:
    return SlackMessage(
        target=content.target,
        text=_fallback(message),
        blocks=tuple(block.to_dict() for block in _blocks(message)),
        thread=_thread(content),
        broadcast=content.reason in _RINGS,
    )


def _thread(content: MessageContent) -> str | None:
    """Of the newest message: if the first one's thread is gone, a later one has begun another."""
    newest = content.last or content.first
    return newest.thread if newest and not content.target.webhook else None


def _fallback(message: Message) -> str:
    """Where there is no room for blocks: on a locked phone, in a screen reader's list."""
    text = LANGUAGES_BY_CODE[message.language].dot.join(filter(None, [str(message.title), message.stake]))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(message: Message) -> Iterable[Block]:
    yield HeaderBlock(text=_plain(str(message.title), _HEADER))
    if about := [*message.lead, *filter(None, [message.stake])]:
        yield _rich([[_text(line)] for line in about])
    lines: list[list[TextPart]] = [[_text(f"{row.label}  ", bold=True), _text(row.text)] for row in message.rows]
    if message.link and len(message.link) <= _URL:
        lines.append([RichTextElementParts.Link(url=message.link, text=message.link_text)])
    if lines:
        yield _rich(lines)
    if message.small:
        yield ContextBlock(elements=[_plain(message.small, _TEXT)])


def _rich(lines: Sequence[Sequence[TextPart]]) -> Block:
    parts: list[TextPart] = []
    for line in lines:
        parts += [_text("\n"), *line] if parts else line
    return RichTextBlock(elements=[RichTextSectionElement(elements=parts)])


def _text(text: str, *, bold: bool = False) -> RichTextElementParts.Text:
    return RichTextElementParts.Text(text=truncate(text, _TEXT), style=_BOLD if bold else None)


def _plain(text: str, most: int) -> PlainTextObject:
    return PlainTextObject(text=truncate(text, most), emoji=False)
