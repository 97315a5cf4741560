"""The steps that were promised to an account or reached by it, from its entries."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from msgspec import Struct

from console.clients.account_lists import EntryRow

PLANNED: Final = "milestone.planned"
REACHED: Final = "milestone.reached"


class StepOnJourney(Struct, frozen=True):
    """`due` is None of a step that was reached without a promise, `reached` of one that was not reached yet."""

    step: str
    due: date | None
    reached: datetime | None


def milestones_of(entries: Sequence[EntryRow]) -> tuple[StepOnJourney, ...]:
    """`entries` are the newest first. The next promise comes first, and what was reached last."""
    found: dict[str, StepOnJourney] = {}
    for entry in reversed(entries):
        step = entry.said.get("step")
        if entry.retracted_at is not None or not isinstance(step, str):
            continue
        known = found.get(step, StepOnJourney(step, None, None))
        if entry.name == PLANNED:
            # A promise that comes after the step was reached is another one.
            found[step] = StepOnJourney(step, date.fromisoformat(entry.said["due"]), None)
        else:
            found[step] = StepOnJourney(step, known.due, entry.at)
    return tuple(sorted(found.values(), key=lambda one: (one.reached is not None, one.due or date.max, one.step)))
