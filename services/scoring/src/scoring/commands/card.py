"""`card check FILE`: checks a scorecard and summarises it. `card schema`: prints its JSON Schema.

`card fit-curves EVENTS` and `card suggest EVENTS` propose curves and weights (`card_advice`).
"""

import argparse
import sys
from pathlib import Path

from common.documents.json_schema import schema_text
from scoring.cards.grammar import DIMENSIONS, CardFile
from scoring.cards.identity import identify
from scoring.cards.load import examine
from scoring.commands import card_advice
from scoring.health import STAGES, Card
from scoring.health.facts import LEAST_TIER, tiers_by_amount


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The parsed arguments go to `run`."""
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="exit 1 and say where, if the scorecard is not sound")
    check.add_argument("file", type=Path, metavar="FILE")
    actions.add_parser("schema", help="print the JSON Schema (deploy/scorecard.schema.json)")
    card_advice.add_actions(actions)


def run(arguments: argparse.Namespace) -> int:
    """The exit code."""
    if arguments.action == "schema":
        print(schema_text(CardFile, "Scorecard"), end="")
        return 0
    if arguments.action in card_advice.ACTIONS:
        return card_advice.run(arguments)
    return check(arguments.file)


def check(file: Path) -> int:
    try:
        reading = examine(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        print(f"{file}: cannot be read: {error}", file=sys.stderr)
        return 1
    print(reading.report(str(file), summary))
    return 0 if reading.content else 1


def summary(card: Card) -> list[str]:
    """The card's id, its metrics by dimension, the weights of the dimensions in each stage, and tiers if it has any."""
    lines = [f"card {identify(card)}: {len(card.metrics)} metrics, {len(card.flags)} flags"]
    for dimension in DIMENSIONS:
        names = [metric.name for metric in card.metrics if metric.dimension == dimension]
        lines.append(f"  {dimension:<12}{', '.join(names) or '-'}")
    lines += ["", "weights (%)".ljust(14) + "".join(f"{dimension:>12}" for dimension in DIMENSIONS)]
    for stage in STAGES:
        weights = card.weights[stage]
        total = sum(weights.values())
        lines.append(f"  {stage:<12}" + "".join(f"{100 * weights[name] / total:>12.0f}" for name in DIMENSIONS))
    if isinstance(card.tiers, dict):
        named = [f"{name} from {least:,.10g}" for least, name in tiers_by_amount(card.tiers)]
        lines += ["", f"tiers by ARR: {', '.join(named)}, else {LEAST_TIER}"]
    return lines
