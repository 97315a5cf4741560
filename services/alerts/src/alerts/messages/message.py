"""A message in the reader's words, before a channel gives it its form."""

from enum import StrEnum

from msgspec import Struct


class Tone(StrEnum):
    RED = "red"
    YELLOW = "yellow"
    GREEN = "green"
    GREY = "grey"

    @property
    def mark(self) -> str:
        return _MARKS[self]

    @property
    def colour(self) -> str:
        return _COLOURS[self]


_MARKS = {Tone.RED: "🔴", Tone.YELLOW: "🟡", Tone.GREEN: "🟢", Tone.GREY: "⚪"}
_COLOURS = {Tone.RED: "#d92d20", Tone.YELLOW: "#eab308", Tone.GREEN: "#16a34a", Tone.GREY: "#64748b"}


class Title(Struct, frozen=True):
    """What happened to whom. As text it is what stands on top."""

    tone: Tone
    text: str

    def __str__(self) -> str:
        return f"{self.tone.mark} {self.text}"


class LabelledLine(Struct, frozen=True):
    label: str
    text: str


class Message(Struct, frozen=True):
    """`thread` is the title of the message that began the thread, if this one does not.

    `lead` are sentences about this message, `stake` one line about the account, `small` what is good to know. All text
    is one line each and without markup; what customers wrote in it is harmless.
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
