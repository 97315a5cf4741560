"""Feeding an event to an account, and deriving the trajectories from what its metrics and flags know then."""

from common.contracts.events import Event
from scoring.health.account import Account
from scoring.health.context import context_of
from scoring.health.facts import written
from scoring.health.model import Reaction


def feed(account: Account, event: Event, moment: float, reaction: Reaction) -> Reaction | None:
    """Takes an event that happened at `moment` (UTC). What has to be evaluated again: the event's own reaction, all
    trajectories if it changed their context, None if it changed nothing.
    """
    bent = False
    if moment < account.born or reaction.writes_facts:
        account.born = min(account.born, moment)
        if reaction.writes_facts:
            account.facts = written(account.facts, account.writers, event, moment=moment)
        bent = set_context(account)
    fed = feed_metrics(account, event, moment, reaction) != 0
    for index in reaction.flags:
        if account.flags[index].feed(event.name, moment):
            fed = True
    if not fed and not bent:
        return None
    moved = account.model.everything if bent else reaction
    project(account, moved)
    return moved


def feed_metrics(account: Account, event: Event, moment: float, reaction: Reaction) -> int:
    """The metrics whose state changed, as a set of bits."""
    context, fed = account.context, 0
    tau = context.clock.operational(moment)
    for index in reaction.metrics:
        metric = account.metrics[index]
        if metric.feed(event, moment, tau, context):
            fed |= metric.bit
    return fed


def set_context(account: Account) -> bool:
    """Brings the context up to date with the facts; whether it is another one now."""
    model = account.model
    context = context_of(account.facts, born=account.born, default_stage=model.default_stage, clock=model.clock)
    if account.context.same(context):
        return False
    account.context = context
    for metric in account.metrics:
        metric.rebase(context)
    return True


def project(account: Account, reaction: Reaction) -> None:
    """Derives what an event with this reaction may have moved."""
    for index in reaction.moved:
        account.metrics[index].project(account.context)
    for index in reaction.caps:
        account.flags[index].project(account.context)
    if reaction.steps:
        account.open_steps = _open_steps(account)


def _open_steps(account: Account) -> list[tuple[float, str]]:
    """With its earliest due moment should two metrics have the same step."""
    due: dict[str, float] = {}
    for metric in account.metrics:
        if account.model.weighting.applies(account.context.stage, metric.index):
            for moment, step in metric.steps(account.context):
                due[step] = min(moment, due.get(step, moment))
    return sorted([(moment, step) for step, moment in due.items()])
