"""Whether every metric and every weight of a card can count, and every stage has a metric that does."""

from common.documents.findings import Findings
from scoring.cards.card_draft import CardDraft
from scoring.health import STAGES, Stage
from scoring.health.metrics.definition import Dimension


def check(draft: CardDraft, found: Findings) -> None:
    if "weights" not in found.positions:
        return
    idle: dict[str, list[Stage]] = {}
    for stage in STAGES:
        for path in _idle_weights(stage, draft, found):
            idle.setdefault(path, []).append(stage)
    for path, stages in idle.items():
        why = f"has weight but no metric in {', '.join(stages)}: its weight goes to the others"
        found.warning(path, f"'{path.rpartition('.')[2]}' {why}")
    if len(draft.weights) == len(STAGES):
        _warn_of_idle_metrics(draft, found)


def _idle_weights(stage: Stage, draft: CardDraft, found: Findings) -> list[str]:
    """The paths of weights without a metric in this stage. Reports a stage in which nothing counts at all."""
    weights = draft.weights.get(stage)
    if weights is None:
        found.problem("weights", f"stage '{stage}' has no weights, and there is no 'default'")
        return []
    path = f"weights.{stage}" if f"weights.{stage}" in found.positions else "weights.default"
    heavy = [dimension for dimension, weight in weights.items() if weight > 0]
    if not heavy:
        found.problem(path, f"all weights of stage '{stage}' are zero")
        return []
    if len(draft.metrics) < len(draft.named):
        return []  # an unreadable metric may be the one that is missing
    idle = [dimension for dimension in heavy if not _counts(dimension, stage, draft)]
    if len(idle) == len(heavy):
        found.problem(path, f"no metric counts in stage '{stage}'")
        return []
    return [f"{path}.{dimension}" for dimension in idle]


def _counts(dimension: Dimension, stage: Stage, draft: CardDraft) -> bool:
    return any(
        metric.dimension == dimension and metric.share > 0 and stage in (metric.stages or STAGES)
        for metric in draft.metrics.values()
    )


def _warn_of_idle_metrics(draft: CardDraft, found: Findings) -> None:
    """A metric that never counts may still be there because a flag or another metric reads it."""
    read_by_others = {flag.when.metric for flag in draft.flags.values() if flag.when}
    for metric in draft.metrics.values():
        read_by_others.update(metric.reads.values())
    for metric in draft.metrics.values():
        stages = metric.stages or STAGES
        weighs = metric.share > 0 and any(draft.weights[stage][metric.dimension] > 0 for stage in stages)
        if not weighs and metric.name not in read_by_others:
            weightless = f"'{metric.dimension}' has no weight in its stages"
            why = weightless if metric.share else "its share is zero"
            found.warning(f"metrics.{metric.name}", f"can never count: {why}")
