"""The steps that were promised to an account or reached by it, from its entries."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from msgspec import Struct

from console.clients.account import MissedStep
from console.clients.account_lists import EntryRow

PLANNED: Final = "milestone.planned"
REACHED: Final = "milestone.reached"


class StepOnJourney(Struct, frozen=True):
    """`due` is None of a step that was reached without a promise, `reached` of one that was not reached yet."""

    step: str
    due: date | None
    reached: datetime | None


class OverdueStep(Struct, frozen=True):
    step: str
    due: date


def overdue_steps(missed: Sequence[MissedStep], *, zone: tzinfo) -> tuple[OverdueStep, ...]:
    """With the last day on which each was in time. A step is missed when that day is over in the account's `zone`."""
    second = timedelta(seconds=1)
    return tuple(OverdueStep(one.step, (one.due - second).astimezone(zone).date()) for one in missed)


def milestones_of(
    planned: Sequence[EntryRow], reached: Sequence[EntryRow], *, overdue: Sequence[OverdueStep] = ()
) -> tuple[StepOnJourney, ...]:
    """Of each step the newest plan and the first time that it was reached, by event time.

    Both have the newest in the log first. The next promise comes first, and what was reached last.
    """
    plans, moments = dict[str, EntryRow](), dict[str, datetime]()
    for step, entry in _steps(planned):
        # Of two plans of one moment the later in the log holds, as in scoring.
        if step not in plans or entry.at > plans[step].at:
            plans[step] = entry
    for step, entry in _steps(reached):
        # Systems post a reached step again, too: the first time counts.
        moments[step] = min(entry.at, moments.get(step, entry.at))
    due = {step: date.fromisoformat(plan.said["due"]) for step, plan in plans.items()}
    # A plan may name a moment, of which an entry has the date as it was written: in another zone that is another day.
    due |= {one.step: one.due for one in overdue if one.step in due}
    found = [StepOnJourney(step, due.get(step), moments.get(step)) for step in plans.keys() | moments.keys()]
    return tuple(sorted(found, key=lambda one: (one.reached is not None, one.due or date.max, one.step)))


def _steps(entries: Sequence[EntryRow]) -> Iterator[tuple[str, EntryRow]]:
    """Without those that were taken back."""
    for entry in entries:
        step = entry.said.get("step")
        if entry.retracted_at is None and isinstance(step, str):
            yield step, entry
