"""A message as Slack shows it.

Customers' text goes only into elements that Slack does not parse as markup: plain text, and text of rich text. So no
name can mention, link or format anything. A link is no button: Slack warns whoever presses a button without an app.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from slack_sdk.models.blocks import Block, ContextBlock, HeaderBlock, PlainTextObject, RichTextBlock
from slack_sdk.models.blocks.block_elements import RichTextElementParts, RichTextSectionElement

from alerts.decisions.reasons import DecisionReason
from alerts.languages.registry import LANGUAGES_BY_CODE
from alerts.messages.content import MessageContent
from alerts.messages.message import Message
from alerts.messages.sanitize import truncate
from alerts.routing.destination import Target

_HEADER = 150
_TEXT = 900
_URL = 2000

TextPart = RichTextElementParts.Text | RichTextElementParts.Link
# Also posted to the channel: an answer in a thread notifies nobody outside it.
_BROADCAST = frozenset({DecisionReason.WORSE, DecisionReason.AGAIN})
_BOLD = RichTextElementParts.TextStyle(bold=True)


class SlackMessage(Struct, frozen=True):
    """`text` is what notifications and screen readers show; `thread` is the `ts` of the message to answer.

    `broadcast`: an answer in a thread that is posted to the channel, too.
    """

    target: Target
    text: str
    blocks: tuple[dict[str, Any], ...]
    thread: str | None = None
    broadcast: bool = False


class SlackRenderer:
    def continues_thread(self, content: MessageContent) -> bool:
        """An incoming webhook returns no `ts`, so its messages begin no thread."""
        return content.first is not None and content.first.thread is not None

    def render(self, message: Message, content: MessageContent) -> SlackMessage:
        return SlackMessage(
            target=content.target,
            text=_fallback(message),
            blocks=tuple(block.to_dict() for block in _blocks(message)),
            thread=_thread(content),
            broadcast=content.reason in _BROADCAST,
        )


def _thread(content: MessageContent) -> str | None:
    """That of the newest message: if the first thread was deleted, a later message has begun another."""
    newest = content.last or content.first
    return newest.thread if newest and not content.target.webhook else None


def _fallback(message: Message) -> str:
    """What Slack shows where it shows no blocks: on a locked phone, in a list of notifications."""
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
