"""Feeding an event to an account, and deriving the trajectories from the new states of its metrics and flags."""

from math import inf

from common.contracts.events import Event
from common.erasures.mentions import facts_without_mentions
from scoring.health.account import Account
from scoring.health.context import UNKNOWN_CONTEXT, context_of
from scoring.health.facts import with_tier, write_facts
from scoring.health.journey import JourneyState
from scoring.health.model import Reaction
from scoring.health.properties import EventName, hash_of
from scoring.health.stages import stage_dates_of
from scoring.health.view import RetractionResult


def feed(
    account: Account, event: Event, at: float, moment: float, reaction: Reaction, *, undone: bool = False
) -> Reaction | None:
    """Feeds an event that happened at `moment` and was recorded at `at` (UTC) to facts, metrics and flags.

    `undone`: the event has just taken back an earlier one, which may have set anything.
    Returns what has to be evaluated again: all trajectories if the context changed, else what the event's own reaction
    names, None if the event changed nothing.
    """
    context_changed = undone and set_context(account, at)
    # An account begins with its first record, or earlier where history says so. A live event whose sender has a wrong
    # clock must not move that. Priors and due dates begin there, so it changes the context as facts do.
    began = moment if event.history else at
    if began < account.born or reaction.writes_facts:
        account.born = min(account.born, began)
        if reaction.writes_facts:
            account.posted = write_facts(account.posted, account.writers, account.former_facts, event, moment=moment)
            account.facts = with_tier(account.posted, account.model.tiers)
            account.away.write(event, moment=moment, at=at)
        context_changed = set_context(account, at) or context_changed
    if reaction.overrides:
        account.overrides.write(event, at=at, moment=moment, context=account.context)
    fed = feed_metrics(account, event, moment, reaction) != 0
    if fed and reaction.changes_steps:
        context_changed = set_context(account, at) or context_changed
    account.journey.enter(account.context.stage, at)
    for index in reaction.fed_flags:
        if account.flags[index].feed(event, moment):
            fed = True
    if not fed and not context_changed and not undone:
        return None
    moved = account.model.full_reaction if context_changed or undone else reaction
    project(account, moved)
    return moved


def retract(account: Account, withdrawn: EventName) -> RetractionResult:
    """Takes back what an event set: facts, flags, answers and milestone steps. `feed` then derives what follows.

    Rates, distinct members and all other decayed counts keep what the event added: they do not know their events.
    """
    by = hash_of(*withdrawn)
    posted = account.former_facts.take_back(account.posted, account.writers, by)
    # A fact may have been said twice: then another event says it now, though it reads the same.
    undone = account.away.retract(by) or posted is not account.posted
    undone = account.overrides.retract(by) or undone
    account.posted, account.facts = posted, with_tier(posted, account.model.tiers)
    for metric in account.metrics:
        undone = metric.retract(by) or undone
    for flag in account.flags:
        undone = flag.retract(by) or undone
    # An outcome moves no score, but it was told.
    outcomes = (account.state if account.request is None else account.request.before).outcomes.values()
    if undone or any([outcome.by == by for outcome in outcomes]):
        return RetractionResult.UNDONE
    return RetractionResult.CANNOT_BE_UNDONE if _was_added_up(account, withdrawn) else RetractionResult.NOTHING_STANDING


def _was_added_up(account: Account, withdrawn: EventName) -> bool:
    """Whether a receipt names the event, and a metric that adds up listens to it."""
    for mover in [*account.change.movers, *account.day.movers]:
        if (mover.source, mover.event_id) == withdrawn:
            fed = account.model.reaction(mover.name).fed_metrics
            return any([not account.model.card.metrics[index].can_retract for index in fed])
    return False


def forget_beginning(account: Account) -> None:
    """The next event that is fed is where the account begins."""
    account.born = inf
    restore_journey(account, JourneyState())


def feed_metrics(account: Account, event: Event, moment: float, reaction: Reaction) -> int:
    """Returns the metrics whose state changed, as a set of bits."""
    context, fed = account.context, 0
    tau = context.clock.operational(moment)
    for index in reaction.fed_metrics:
        metric = account.metrics[index]
        if metric.feed(event, moment, tau, context):
            fed |= metric.bit
    return fed


def set_context(account: Account, at: float) -> bool:
    """Brings the context up to date with the facts and the UTC moment `at`; whether it changed."""
    model, former = account.model, account.context
    clock = model.clocks.clock_of(account.facts, account.away.days, former.clock)
    stage_dates = stage_dates_of(
        model.stages,
        account.facts,
        born=account.born,
        onboarded=_is_onboarded(account),
        ready_since=account.journey.ready_since,
        clock=clock,
    )
    context = context_of(account.facts, at=at, born=account.born, stage_dates=stage_dates, clock=clock)
    if former.same(context):
        return False
    account.context = context
    # An account that was just loaded has its counts by the clock that it has now.
    recount = former is not UNKNOWN_CONTEXT and former.clock is not context.clock
    for metric in account.metrics:
        metric.rebase(context)
        if recount:
            metric.recount(context)
    return True


def _is_onboarded(account: Account) -> bool:
    """Whether all steps of onboarding are done; False for an account that has none."""
    known = [account.metrics[index].are_steps_done() for index in account.model.stages.onboarding_metrics]
    return True in known and False not in known


def follow_readiness(account: Account, at: float) -> bool:
    """Notes whether the account is ready for expansion by its last evaluation, at the UTC moment `at`.

    Returns whether that changed; then the context is another one, and everything has to be evaluated again.
    """
    readiness = account.readiness
    if readiness is None or not readiness.has_changed:
        return False
    readiness.ready = readiness.available
    account.journey.ready_since = at if readiness.ready else None
    enter_stage(account, at)
    # The stage may stay as it is. The bounds that count are other ones all the same.
    readiness.project()
    return True


def restore_journey(account: Account, journey: JourneyState) -> None:
    """Sets what is kept of the journey to a former or a stored value."""
    account.journey = journey
    if account.readiness is not None:
        account.readiness.ready = journey.ready_since is not None
        account.readiness.project()


def enter_stage(account: Account, at: float) -> None:
    """Brings the account into the stage of the UTC moment `at`, which time alone has brought."""
    if set_context(account, at):
        project(account, account.model.full_reaction)


def project(account: Account, reaction: Reaction) -> None:
    """Derives the trajectories that an event with this reaction may have moved."""
    for index in reaction.moved_metrics:
        account.metrics[index].project(account.context)
    for index in reaction.moved_flags:
        account.flags[index].project(account.context)
    if reaction.moves_readiness and account.readiness is not None:
        account.readiness.project()
    if reaction.changes_steps:
        _set_open_steps(account)


def _set_open_steps(account: Account) -> None:
    """In the order of due moments. If two metrics have the same step, the earlier due moment counts."""
    due: dict[str, float] = {}
    told: dict[str, float] = {}
    for metric in account.metrics:
        if account.model.weighting.applies(account.context.stage, metric.index):
            for step in metric.open_steps(account.context):
                due[step.name] = min(step.due, due.get(step.name, step.due))
                if step.told:
                    told[step.name] = min(step.due, told.get(step.name, step.due))
    account.open_steps = sorted([(moment, step) for step, moment in due.items()])
    account.told_steps = sorted([(moment, step) for step, moment in told.items()])


def erase_mentions(account: Account, erased_id: str, substitute: str) -> bool:
    """Replaces the id of another account, which is erased, in the facts; whether it was there. The score stays.

    It also goes from the former facts, which a retraction may bring back.
    """
    posted = facts_without_mentions(account.posted, erased_id, substitute)
    former = facts_without_mentions(account.former_facts.facts, erased_id, substitute)
    if posted is account.posted and former is account.former_facts.facts:
        return False
    account.posted, account.former_facts.facts = posted, former
    account.facts = with_tier(posted, account.model.tiers)
    return True
