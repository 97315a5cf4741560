"""What every standard event is."""

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct


class StandardEvent(Struct, frozen=True, kw_only=True):
    """The properties of one standard event; its docstring says when to post it.

    Fields without a default are required. null stands for an optional one that is absent; in a fact it clears what was
    known. Properties that no field names are taken as they are: a scorecard may use them.
    """

    event_name: ClassVar[str]
    example: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def posted(cls) -> dict[str, Any]:
        """The example as the body of a post."""
        event: dict[str, Any] = {"event_id": "e-1", "account_id": "acme", "user_id": "ann", "name": cls.event_name}
        return {**event, "properties": dict(cls.example)} if cls.example else event
