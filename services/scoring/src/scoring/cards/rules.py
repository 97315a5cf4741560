"""What must hold between the parts of a card. Each rule reports; none stops another."""

from collections.abc import Iterator

from common.documents.findings import Findings, did_you_mean
from scoring.cards.draft import CardDraft
from scoring.health.card import Bands
from scoring.health.kinds import DEFAULT, AnyMetric, CurvedDefinition, Distinct, Gauge, Milestone, Rate, Ratio, Silence

# They tell what is known of an account or planned for it, not that anybody did anything.
NOT_ACTIVITY = ("account.updated", "milestone.planned")


def check(draft: CardDraft, found: Findings) -> None:
    for metric in draft.metrics.values():
        _check_metric(metric, draft, found)
    for follower in _followers_in_a_circle(draft):
        found.problem(f"metrics.{follower}.quiet_follows", "follows in a circle: none has points of its own")
    _check_flags(draft, found)
    for stage, bands in draft.bands.items():
        _check_bands(stage, bands, found)


def _check_metric(metric: AnyMetric, draft: CardDraft, found: Findings) -> None:
    path = f"metrics.{metric.name}"
    if isinstance(metric, Ratio):
        _check_denominator(metric, draft, found)
        _check_quiet(metric, draft, found)
    if isinstance(metric, Gauge):
        _check_gauge(metric, found)
    if isinstance(metric, Milestone) and not metric.steps and not metric.planned:
        found.problem(path, "needs 'steps', or 'planned: true'")
    if isinstance(metric, Rate | Ratio | Distinct | Silence):
        for event in set(metric.events) & set(NOT_ACTIVITY):
            key = "num" if isinstance(metric, Ratio) else "event"
            found.problem(f"{path}.{key}", f"'{event}' is no activity: it says what is known of the account")
    if isinstance(metric, CurvedDefinition) and metric.stages:
        for stage in metric.curves.keys() - {DEFAULT, *metric.stages}:
            found.warning(f"{path}.stages", f"the curve for '{stage}' is never used: the metric is not of that stage")


def _check_denominator(metric: Ratio, draft: CardDraft, found: Findings) -> None:
    path, name = f"metrics.{metric.name}.den", metric.denominator_metric
    if name is None:
        return
    if name not in draft.named:
        near = did_you_mean(name, draft.named)
        found.problem(path, f"unknown metric '{name}'{near or f'; if it is an event, write [{name}]'}")
        return
    below = draft.metrics.get(name)
    if isinstance(below, Rate | Distinct):
        if below.half_life != metric.half_life:
            why = f"has a half_life of {below.half_life:g}d, this one {metric.half_life:g}d"
            found.problem(path, f"'{name}' {why}: they must be the same, or silence would move the ratio")
    elif below is not None:
        found.problem(path, f"'{name}' is a {_kind(below)}: only a rate or a distinct can be below the line")


def _check_quiet(metric: Ratio, draft: CardDraft, found: Findings) -> None:
    name = metric.quiet_follows
    if name is not None and name not in draft.named:
        path = f"metrics.{metric.name}.quiet_follows"
        found.problem(path, f"unknown metric '{name}'{did_you_mean(name, draft.named)}")


def _followers_in_a_circle(draft: CardDraft) -> Iterator[str]:
    follows = {metric.name: metric.quiet_follows for metric in draft.metrics.values() if isinstance(metric, Ratio)}
    for start in follows:
        seen, at = {start}, follows[start]
        while at is not None and at not in seen:
            seen.add(at)
            at = follows.get(at)
        if at == start:
            yield start


def _check_gauge(metric: Gauge, found: Findings) -> None:
    path = f"metrics.{metric.name}"
    if metric.ttl is None and metric.hold:
        found.warning(f"{path}.hold", "has no effect with ttl: never")
    if metric.ttl is not None and metric.hold >= metric.ttl:
        found.problem(f"{path}.hold", f"must be shorter than ttl ({metric.ttl:g}d)")
    if metric.key is None and metric.read != "last":
        found.problem(f"{path}.read", f"'{metric.read}' needs a 'key': whose last answers are read together")
    if metric.key is not None and metric.read == "last":
        found.problem(f"{path}.read", "with a 'key' must be mean or net_promoter")
    if metric.key is not None and "/" in metric.value:
        found.problem(f"{path}.key", f"'{metric.value}' is of the account, it has no 'key'")


def _check_flags(draft: CardDraft, found: Findings) -> None:
    for flag in draft.flags.values():
        path = f"flags.{flag.name}"
        if flag.name in draft.named:
            found.problem(path, f"'{flag.name}' is already a metric: receipts would mix them up")
        for event in set(flag.events) & set(flag.clear_on):
            found.problem(f"{path}.clear_on", f"'{event}' both raises and clears the flag")
        if flag.events and flag.ttl is None and not flag.clear_on:
            found.warning(path, "nothing ever takes this flag down: ttl is never and there is no clear_on")
        if flag.when is None:
            continue
        if flag.when.metric not in draft.named:
            near = did_you_mean(flag.when.metric, draft.named)
            found.problem(f"{path}.when", f"unknown metric '{flag.when.metric}'{near}")
        elif isinstance(draft.metrics.get(flag.when.metric), Milestone):
            found.problem(f"{path}.when", f"'{flag.when.metric}' is a milestone: it has no value to compare")


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


def _kind(metric: AnyMetric) -> str:
    return type(metric).__name__.lower()
