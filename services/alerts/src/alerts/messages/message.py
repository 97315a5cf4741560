"""A message in the recipient's words, before a channel renders it."""

from msgspec import Struct

from alerts.signals.signal_kinds import Tone


class Title(Struct, frozen=True):
    """What happened to whom. As text it begins with the mark of its tone."""

    tone: Tone
    text: str

    def __str__(self) -> str:
        return f"{self.tone.mark} {self.text}"


class LabelledLine(Struct, frozen=True):
    label: str
    text: str


class Message(Struct, frozen=True):
    """`thread` is the title of the message that began the thread, if this one does not.

    `lead` are sentences about this message, `stake` is one line about the account, `small` a remark at the end. Each
    text is one line without markup; customers' text in it is sanitized.
    """

    language: str
    title: Title
    thread: Title | None
    lead: tuple[str, ...]
    stake: str
    rows: tuple[LabelledLine, ...]
    small: str
    link: str | None
    link_text: str
