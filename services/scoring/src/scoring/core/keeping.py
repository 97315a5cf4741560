"""An account and its course: what an event feeds, and what of the course must be drawn again."""

from collections.abc import Mapping
from typing import Any

from common.contracts.events import Event
from scoring.core.account import Account, Part, Record, state_of
from scoring.core.context import Context, context_of
from scoring.core.facts import written
from scoring.core.flag import Raised
from scoring.core.plan import Plan
from scoring.core.sight import Course, Sight


def assembled(account_id: str, record: Record, *, parts: Mapping[str, Part], plan: Plan) -> Account:
    """Parts by fingerprint; what the card has and the parts have not starts fresh."""
    types: list[type[Any]] = [*(metric.state_type for metric in plan.metrics), *(Raised for _ in plan.flags)]
    states = [state_of(parts.get(key), of) for key, of in zip(plan.keys, types, strict=True)]
    count = len(plan.metrics)
    account = Account(account_id, record=record, metrics=states[:count], flags=states[count:], keys=plan.keys)
    account.booked = [part.booked if (part := parts.get(key)) else None for key in plan.keys[:count]]
    return account


def course_of(account: Account, plan: Plan) -> Course:
    """Drawn once and kept until something feeds it. The account must have a record."""
    if account.course is None:
        account.context = context_now(account, plan)
        account.course = plan.course(account.metrics, account.flags, account.context)
    return account.course


def context_now(account: Account, plan: Plan) -> Context:
    born = account.record.born
    if born is None:
        raise ValueError(f"no record of {account.account_id} has come yet")
    return context_of(account.record.facts, born=born, default_stage=plan.card.default_stage)


def sight_of(account: Account, plan: Plan) -> Sight:
    """Health at the account's clock."""
    if account.sight is None:
        account.sight = course_of(account, plan).sight(account.clock)
    return account.sight


def feed(account: Account, event: Event, *, at: float, plan: Plan) -> bool:
    """Takes an event that was recorded at `at`; says whether the course is another one now.

    The former course stays as it was. There is none afterwards if the event bent all of it.
    """
    reaction = plan.reaction(event.name)
    # Nothing happens after it was recorded.
    moment = min(event.time.timestamp(), at)
    born, context = account.record.born, account.context
    bent = False
    if context is None or born is None or moment < born or reaction.writes_facts:
        bent = _bend(account, event, moment=moment, writes_facts=reaction.writes_facts, plan=plan)
        context = account.context
        assert context is not None
    fed = False
    for index in reaction.metrics:
        if plan.metrics[index].apply(account.metrics[index], event, moment=moment, context=context):
            account.changed(index)
            fed = True
    for index in reaction.flags:
        if plan.flags[index].apply(account.flags[index], event.name, moment=moment):
            account.changed(len(account.metrics) + index)
            fed = True
    if bent:
        account.course = None
    elif fed and account.course is not None:
        account.course = account.course.copy()
        plan.redraw(account.course, reaction, states=account.metrics, flags=account.flags, context=context)
    return bent or fed


def _bend(account: Account, event: Event, *, moment: float, writes_facts: bool, plan: Plan) -> bool:
    """Brings the context up to date; another one bends every path."""
    record, before = account.record, account.context
    if record.born is None or moment < record.born:
        record.born = moment
    if writes_facts:
        record.facts = written(record.facts, record.writers, event, moment=moment)
    account.context = context_now(account, plan)
    return account.context != before
