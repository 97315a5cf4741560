"""A message as an e-mail: plain text and HTML, the same words in both."""

from collections.abc import Iterable

from jinja2 import Environment, PackageLoader, StrictUndefined
from msgspec import Struct

from alerts.languages.registry import LANGUAGES_BY_CODE
from alerts.messages.content import MessageContent
from alerts.messages.message import Message
from alerts.messages.wrapping import wrapped
from alerts.routing.destination import Target

_WIDTH = 72


class Email(Struct, frozen=True):
    """`message_id` is the same in every attempt; `references` are those of the thread's messages, oldest first."""

    target: Target
    subject: str
    text: str
    html: str
    message_id: str
    references: tuple[str, ...] = ()


class EmailRenderer:
    """`domain` is the right side of all Message-IDs."""

    def __init__(self, domain: str) -> None:
        self._domain = domain
        environment = Environment(
            loader=PackageLoader("alerts.channels.email", "."),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._html = environment.get_template("mail.html")

    def continues_thread(self, content: MessageContent) -> bool:
        """Mail programs thread by `References`, which every message has."""
        return True

    def render(self, message: Message, content: MessageContent) -> Email:
        earlier = [one.notification_id for one in (content.first, content.last) if one is not None]
        return Email(
            target=content.target,
            # Mail programs thread by the subject, too, so it stays; the new title is the first line of the text.
            subject=f"Re: {message.thread}" if message.thread else str(message.title),
            text=_text(message),
            html=self._html.render(message=message, colour=message.title.tone.colour),
            message_id=self._id(content.notification_id),
            references=tuple(dict.fromkeys(map(self._id, earlier))),
        )

    def _id(self, notification_id: str) -> str:
        return f"<{notification_id}@{self._domain}>"


def _text(message: Message) -> str:
    return "\n\n".join(filter(None, map("\n".join, _paragraphs(message)))) + "\n"


def _paragraphs(message: Message) -> Iterable[list[str]]:
    colon = LANGUAGES_BY_CODE[message.language].colon
    yield _wrapped([str(message.title)])
    yield _wrapped([*message.lead, *filter(None, [message.stake])])
    for row in message.rows:
        yield _wrapped([f"{row.label}{colon}{row.text}"])
    if message.link:
        yield [f"{message.link_text}{colon}{message.link}"]
    yield _wrapped(filter(None, [message.small]))


def _wrapped(lines: Iterable[str]) -> list[str]:
    return [wrapped(line, _WIDTH) for line in lines]
