"""What must hold between the parts of a card. Each rule reports; none stops another."""

from collections.abc import Mapping, Sequence

from common.catalogue.events import STANDARD_EVENTS
from common.catalogue.names import MISSPELLED, nearest_name
from common.documents.findings import Findings, did_you_mean
from scoring.cards.card_draft import CardDraft
from scoring.cards.clock import ClockEntry, check_clock
from scoring.health import STAGES
from scoring.health.card import UNCAPPED, Bands, Journey, Where
from scoring.health.facts import LEAST_TIER
from scoring.health.metrics.definition import DEFAULT, CurvedDefinition, MetricDefinition

# These say what is known of an account or planned for it, not that anybody used the product.
NOT_ACTIVITY = ("account.updated", "account.away", "milestone.planned")


def check(draft: CardDraft, found: Findings) -> None:
    for metric in draft.metrics.values():
        _check_metric(metric, draft, found)
    _check_flags(draft, found)
    _check_event_names(draft, found)
    for stage, bands in draft.bands.items():
        _check_bands(stage, bands, found)
    _check_caps(draft, found)
    _check_journey(draft, found)
    _check_tiers(draft.settings.get("tiers") or {}, found)
    if isinstance(clock := draft.settings.get("clock"), ClockEntry):
        check_clock(clock, found)


def _check_metric(metric: MetricDefinition, draft: CardDraft, found: Findings) -> None:
    """The rules for every kind, then those of the kind itself."""
    path = f"metrics.{metric.name}"
    for key, name in metric.reads.items():
        if name not in draft.named:
            hint = did_you_mean(name, draft.named)
            if not hint and metric.keys[key].value.form == "metric or events":
                hint = f"; if it is an event, write [{name}]"
            found.problem(f"{path}.{key}", f"unknown metric '{name}'{hint}")
    if isinstance(metric, CurvedDefinition):
        _check_curved(metric, found)
    for problem in metric.problems(draft.metrics):
        report = found.warning if problem.warning else found.problem
        report(f"{path}.{problem.key}" if problem.key else path, problem.reason)


def _check_curved(metric: CurvedDefinition, found: Findings) -> None:
    path = f"metrics.{metric.name}"
    if metric.counts_activity:
        (key,) = (name for name, each in metric.keys.items() if each.field == "events")
        for event in set(metric.events) & set(NOT_ACTIVITY):
            found.problem(f"{path}.{key}", f"'{event}' is no activity: it says what is known of the account")
    for stage in metric.curves.keys() - {DEFAULT, *(metric.stages or STAGES)}:
        found.warning(f"{path}.stages", f"the curve for '{stage}' is never used: the metric is not of that stage")


def _check_flags(draft: CardDraft, found: Findings) -> None:
    for flag in draft.flags.values():
        path = f"flags.{flag.name}"
        if flag.name in draft.named:
            found.problem(path, f"'{flag.name}' is already a metric: receipts would mix them up")
        for event in set(flag.events) & set(flag.clear_on):
            found.problem(f"{path}.clear_on", f"'{event}' both raises and clears the flag")
        if isinstance(flag.hold, float) and flag.cap < UNCAPPED:
            found.problem(f"{path}.for", "a flag with a cap has no 'for': the cap would hold before the time is over")
        if isinstance(flag.raised_if, Where):
            _check_property(flag.raised_if.property, flag.events, f"{path}.where", found)
        elif flag.events and flag.ttl is None and not flag.clear_on:
            found.warning(path, "nothing ever takes this flag down: ttl is never and there is no clear_on")
        if flag.when is None:
            continue
        if flag.when.metric not in draft.named:
            near = did_you_mean(flag.when.metric, draft.named)
            found.problem(f"{path}.when", f"unknown metric '{flag.when.metric}'{near}")
            continue
        watched = draft.metrics.get(flag.when.metric)
        if watched is not None and not isinstance(watched, CurvedDefinition):
            found.problem(f"{path}.when", f"'{flag.when.metric}' is a {watched.kind}: it has no value to compare")


def _check_property(name: str, events: Sequence[str], path: str, found: Findings) -> None:
    """Other properties than those of the catalogue may be posted, so only a name close to one is taken for a slip."""
    for event in events:
        known = STANDARD_EVENTS[event].event.__struct_fields__ if event in STANDARD_EVENTS else ()
        hint = "" if name in known else did_you_mean(name, known)
        if hint:
            found.warning(path, f"'{event}' has no property '{name}' in the event catalogue{hint}")


def _check_journey(draft: CardDraft, found: Findings) -> None:
    journey = draft.settings.get("journey")
    if not isinstance(journey, Journey):
        return
    for when in () if journey.expansion is None else journey.expansion.when:
        watched = draft.metrics.get(when.metric)
        if when.metric not in draft.named:
            near = did_you_mean(when.metric, draft.named)
            found.problem("journey.expansion.when", f"unknown metric '{when.metric}'{near}")
        elif watched is not None and not isinstance(watched, CurvedDefinition):
            found.problem("journey.expansion.when", f"'{when.metric}' is a {watched.kind}: it has no value to compare")
    owners = [metric for metric in draft.metrics.values() if metric.owns_step(journey.value or "", frozenset())]
    if journey.value is not None and len(draft.metrics) == len(draft.named) and not owners:
        known = tuple(step for metric in draft.metrics.values() for step in metric.step_names)
        near = did_you_mean(journey.value, known)
        found.problem("journey.value", f"no metric takes the milestone step '{journey.value}'{near}")


def _check_event_names(draft: CardDraft, found: Findings) -> None:
    """A name that differs in little from a standard one is taken for a slip; other names are the product's own."""
    named = {f"metrics.{metric.name}": metric.listens for metric in draft.metrics.values()}
    named |= {f"flags.{flag.name}": (*flag.events, *flag.clear_on) for flag in draft.flags.values()}
    named |= {f"outcomes.{outcome.name}": outcome.events for outcome in draft.outcomes.values()}
    for path, events in named.items():
        for event in events:
            near = None if event in STANDARD_EVENTS else nearest_name(event, STANDARD_EVENTS, similarity=MISSPELLED)
            if near is not None:
                found.warning(path, f"'{event}' is not in the event catalogue, did you mean '{near}'?")


def _check_caps(draft: CardDraft, found: Findings) -> None:
    """A cap within the hysteresis of a line holds the score where the band depends on what was before."""
    for flag in draft.flags.values():
        for stage, bands in draft.bands.items():
            for name, line, above in (("red", bands.red, "yellow"), ("yellow", bands.yellow, "green")):
                left = line + bands.hysteresis
                if line <= flag.cap < left:
                    why = f"{flag.cap:g} lies within the hysteresis of {name} (bands.{stage}: {line:g} to {left:g})"
                    found.warning(
                        f"flags.{flag.name}.cap",
                        f"{why}: an account that it holds there is {name} or {above}, by what it was before",
                    )


def _check_tiers(tiers: Mapping[str, float], found: Findings) -> None:
    if LEAST_TIER in tiers:
        why = f"'{LEAST_TIER}' is the tier of every ARR below the other amounts: leave it out"
        found.problem(f"tiers.{LEAST_TIER}", why)
    names: dict[float, str] = {}
    for name, least in tiers.items():
        other = names.setdefault(least, name)
        if other != name:
            found.problem(f"tiers.{name}", f"begins at {least:g} as '{other}' does: one of them is never used")


def _check_bands(stage: str, bands: Bands, found: Findings) -> None:
    path = f"bands.{stage}"
    if bands.red >= bands.yellow:
        found.problem(f"{path}.red", f"must be below yellow ({bands.red:g} is not below {bands.yellow:g})")
    if bands.yellow + bands.hysteresis > 100:
        why = f"green would need {bands.yellow + bands.hysteresis:g} points"
        found.problem(f"{path}.yellow", f"{why} (yellow + hysteresis): an account could never get back")
    elif bands.red < bands.yellow < bands.red + bands.hysteresis:
        why = f"red is left only at {bands.red + bands.hysteresis:g}, above the yellow line"
        found.warning(f"{path}.red", f"{why}: red and yellow are closer than the hysteresis")
