"""An account and its course: what an event feeds, and what of the course must be drawn again."""

from collections.abc import Mapping
from typing import Any

import msgspec

from common.contracts.events import Event
from scoring.core.account import Account, Record
from scoring.core.context import Context, context_of
from scoring.core.facts import written
from scoring.core.flag import Raised
from scoring.core.plan import Plan, Reaction
from scoring.core.sight import Course, Sight


def assembled(
    account_id: str, record: Record, *, parts: Mapping[str, msgspec.Raw], due: int | None, plan: Plan
) -> Account:
    """Parts by fingerprint; what the card has and the parts have not starts fresh."""
    types: list[type[Any]] = [*(metric.state_type for metric in plan.metrics), *(Raised for _ in plan.flags)]
    states = [
        msgspec.msgpack.decode(parts[key], type=of) if key in parts else of()
        for key, of in zip(plan.keys, types, strict=True)
    ]
    count = len(plan.metrics)
    return Account(account_id, record=record, metrics=states[:count], flags=states[count:], keys=plan.keys, due=due)


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
    """Takes an event that was recorded at `at`; says whether the course is another one now."""
    reaction = plan.reaction(event.name)
    # Nothing happens after it was recorded.
    moment = min(event.time.timestamp(), at)
    bent = _bend(account, event, moment=moment, reaction=reaction, plan=plan)
    context = account.context
    assert context is not None
    fed = False
    for index in reaction.metrics:
        state = account.metrics[index]
        fed |= plan.metrics[index].apply(state, event, moment=moment, context=context)
    for index in reaction.flags:
        fed |= plan.flags[index].apply(account.flags[index], event.name, moment=moment)
    if bent:
        account.course = None
    elif fed and account.course is not None:
        plan.redraw(account.course, reaction, states=account.metrics, flags=account.flags, context=context)
    return bent or fed


def _bend(account: Account, event: Event, *, moment: float, reaction: Reaction, plan: Plan) -> bool:
    """Brings the context up to date; another one bends every path."""
    record, before = account.record, account.context
    if record.born is None or moment < record.born:
        record.born = moment
    elif before is not None and not reaction.writes_facts:
        return False
    if reaction.writes_facts:
        record.facts = written(record.facts, record.writers, event, moment=moment)
    account.context = context_now(account, plan)
    return account.context != before
