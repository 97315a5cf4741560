"""The keys of a metric in a card, as plain data: `scoring.cards` reads a card by them and draws the editors' schema."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

Form = Literal[
    "choice", "curve", "duration", "duration or never", "events", "metric", "metric or events", "number",
    "number or word", "property", "property or word", "steps", "switch",
]  # fmt: skip


class ValueType(NamedTuple):
    """What may stand behind a key. Numbers, and the values of a curve, lie between `least` and `most`.

    `words` are what a choice is made of, or the word that may stand instead of a number or a property. `keys` are those
    of each step; the value of its `due` may stand alone.
    """

    form: Form
    least: float | None = None
    most: float = 1e12
    words: tuple[str, ...] = ()
    keys: "Mapping[str, CardKey]" = MappingProxyType({})


class CardKey(NamedTuple):
    """`about` is the line for the editor's help, `field` the definition's field if that has another name."""

    value: ValueType
    about: str
    required: bool = False
    field: str = ""


EVENTS: Final = ValueType("events")
PROPERTY: Final = ValueType("property")
DURATION: Final = ValueType("duration")
AT_LEAST_0: Final = ValueType("number", least=0)
POINTS: Final = ValueType("number", least=0, most=100)
SWITCH: Final = ValueType("switch")

# Several kinds have these.
EVENT: Final = CardKey(EVENTS, "The event(s) that count, such as session.started.", required=True, field="events")
HALF_LIFE: Final = CardKey(DURATION, "After this long an event counts half.", required=True)
WEIGHT: Final = CardKey(PROPERTY, "A numeric property of the event that counts instead of 1.")


def curve(about: str, *, least: float | None = None, required: bool = True) -> CardKey:
    return CardKey(ValueType("curve", least=least), about, required=required, field="curves")
