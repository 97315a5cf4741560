"""A card with learned weights, and its back-test beside the present one, on accounts that it did not learn from."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from scoring.backtest.advice.card_text import reweighted
from scoring.backtest.advice.weights import PULL, LearnedWeights, learn_weights
from scoring.backtest.back_test import BackTest, BackTestPlan, Say, run_back_test
from scoring.backtest.recordings.recording import Recording
from scoring.backtest.reports import comparison, figures
from scoring.backtest.reports.columns import in_columns
from scoring.backtest.runs.pool import Progress
from scoring.cards.load import load
from scoring.health import STAGES, Card


class Suggestion(Struct, frozen=True):
    """`text` is the suggested card. In `back_test` it is the card, and the present one is what it stands against."""

    text: str
    card: Card
    present: Card
    learned: LearnedWeights
    half: int
    back_test: BackTest


def suggest(
    text: str,
    name: str,
    recording: Recording,
    plan: BackTestPlan,
    *,
    pull: float = PULL,
    say: Say = lambda text: None,
    progress: Progress = lambda done, total: None,
) -> Suggestion:
    """Learns on one half of the accounts and judges on the other, which is `plan.half` (1 if it says none).

    `text` is the present card, `name` what messages call it. Raises `BacktestError` or `InvalidCard`.
    """
    present, judged = load(text, name), 1 if plan.half is None else plan.half
    learning = replace(plan, cards=(present,), half=1 - judged, baselines=False, samples=0)
    say("learning from one half")
    learned = learn_weights(run_back_test(recording, learning, progress=progress), pull=pull)
    suggested_text = reweighted(text, present, learned.factors)
    suggested = load(suggested_text, f"{name}, reweighted")
    say("judging on the other half")
    judging = replace(plan, cards=(suggested, present), half=judged)
    back_test = run_back_test(recording, judging, say=say, progress=progress)
    return Suggestion(suggested_text, suggested, present, learned, 1 - judged, back_test)


def describe(suggestion: Suggestion) -> Iterator[str]:
    """The card last, so that it can be cut off from what is said of it."""
    learned = suggestion.learned
    yield f"Weights learned from half {suggestion.half} of the accounts. Nothing was changed."
    yield f"They predict {learned.label}: {learned.positives:,} of {learned.rows:,} observations."
    yield from in_columns(list(_weights(suggestion)))
    yield "The bands stay where they are: with other weights scores lie elsewhere, so look at them as well."
    yield ""
    yield "In the table `card` is the suggested one, and `against` the present one."
    yield from figures.describe(suggestion.back_test)
    changes = comparison.compare(suggestion.back_test)
    if changes is not None:
        yield ""
        yield from comparison.describe(changes)
    yield ""
    yield "# The suggested card"
    yield from suggestion.text.splitlines()


def _weights(suggestion: Suggestion) -> Iterator[list[str]]:
    stage = suggestion.present.default_stage
    yield [f"% of the score in {stage}", "now", "suggested"]
    now, then = ([*_percent(card, stage)] for card in (suggestion.present, suggestion.card))
    for metric, before, after in zip(suggestion.present.metrics, now, then, strict=True):
        yield [metric.name, f"{before:.0f}", f"{after:.0f}"]


def _percent(card: Card, stage: str) -> Iterator[float]:
    """Each metric's weight if all of them have points."""
    counting = [metric for metric in card.metrics if stage in (metric.stages or STAGES)]
    weights = card.weights[card.default_stage]
    total = sum(weight for name, weight in weights.items() if any(one.dimension == name for one in counting))
    for metric in card.metrics:
        shares = sum(one.share for one in counting if one.dimension == metric.dimension)
        share = metric.share / shares if metric in counting and shares else 0.0
        yield 100 * weights[metric.dimension] * share / total if total else 0.0
