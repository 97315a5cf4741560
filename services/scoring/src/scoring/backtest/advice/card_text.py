"""A card's text with other weights: comments and everything else stay as they are."""

from collections.abc import Mapping
from io import StringIO

from ruamel.yaml import YAML

from scoring.health import STAGES, Card
from scoring.health.metrics.definition import DEFAULT, MetricDefinition


def reweighted(text: str, card: Card, factors: Mapping[str, float]) -> str:
    """The text of `card` with each metric weighing by its factor more. A dimension weighs as its metrics do."""
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 120
    document = yaml.load(text)
    for metric in card.metrics:
        siblings = [other for other in card.metrics if other.dimension == metric.dimension and other.share > 0]
        # A dimension without any weight keeps the shares inside it.
        if sum(factors[other.name] for other in siblings) > 0 and len(siblings) > 1:
            document["metrics"][metric.name]["share"] = _share(metric, siblings, factors)
    for key, weights in document["weights"].items():
        weights.update(_reweighed(weights, key, card, factors))
    written = StringIO()
    yaml.dump(document, written)
    return written.getvalue()


def _share(metric: MetricDefinition, siblings: list[MetricDefinition], factors: Mapping[str, float]) -> float:
    """On average 1 within the dimension."""
    total = sum(other.share * factors[other.name] for other in siblings)
    return round(metric.share * factors[metric.name] * len(siblings) / total, 2)


def _reweighed(weights: Mapping[str, float], key: str, card: Card, factors: Mapping[str, float]) -> dict[str, float]:
    """The weights of one stage, or of `default`; they add up to what they did."""
    found = {name: weight * _factor(name, key, card, factors) for name, weight in weights.items()}
    total = sum(found.values())
    return {name: round(weight * sum(weights.values()) / total, 1) for name, weight in found.items()} if total else {}


def _factor(dimension: str, key: str, card: Card, factors: Mapping[str, float]) -> float:
    """The mean factor of the metrics that count for a dimension in a stage, by their shares; 1 if there is none."""
    counting = [
        metric
        for metric in card.metrics
        if metric.dimension == dimension and (key == DEFAULT or key in (metric.stages or STAGES))
    ]
    shares = sum(metric.share for metric in counting)
    return sum(metric.share * factors[metric.name] for metric in counting) / shares if shares > 0 else 1.0
