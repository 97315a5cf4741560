"""A message as an e-mail: text for whoever reads text, HTML for everybody else, the same words in both."""

from collections.abc import Iterable

from jinja2 import Environment, PackageLoader, StrictUndefined

from alerts.channels.letters import Email
from alerts.messages.message import Message
from alerts.messages.story import MessageContent
from alerts.messages.tongues import LANGUAGES_BY_CODE
from alerts.messages.wrapping import wrapped

_WIDTH = 72


class EmailRenderer:
    """`domain` is the right side of all Message-IDs."""

    def __init__(self, domain: str) -> None:
        self._domain = domain
        environment = Environment(
            loader=PackageLoader("alerts.messages", "."),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._html = environment.get_template("mail.html")

    def mail(self, message: Message, content: MessageContent) -> Email:
        earlier = [one.notification_id for one in (content.first, content.last) if one is not None]
        return Email(
            target=content.target,
            # Mail programs thread by the subject, too: the title of what happened since is the first line.
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
