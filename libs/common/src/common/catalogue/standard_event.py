"""What every standard event is."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final

from msgspec import Struct

# How old an event may be when it comes in live. One sender with a wrong clock must not move use, silence, answers or
# flags by years. What has a date of its own (facts, milestone steps, contract dates) is often known late.
LIVE: Final = timedelta(days=30)
DATED: Final = timedelta(days=3653)


class StandardEvent(Struct, frozen=True, kw_only=True):
    """The properties of one standard event; its docstring says when to post it, `reach` how old it may be.

    Fields without a default are required. null stands for an optional one that is absent; in a fact it clears what was
    known. Properties that no field names are taken as they are: a scorecard may use them.
    """

    event_name: ClassVar[str]
    reach: ClassVar[timedelta] = LIVE
    example: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def contradiction(cls, properties: Mapping[str, Any]) -> tuple[str, str] | None:
        """Of values each of which fits: a property that does not fit the others, and what was expected of it."""
        return None

    @classmethod
    def posted(cls) -> dict[str, Any]:
        """The example as the body of a post."""
        event: dict[str, Any] = {"event_id": "e-1", "account_id": "acme", "user_id": "ann", "name": cls.event_name}
        return {**event, "properties": dict(cls.example)} if cls.example else event
