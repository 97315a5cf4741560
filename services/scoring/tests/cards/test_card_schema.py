"""What an editor is told of the format is what the loader holds to."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from common.documents.json_schema import json_schema, schema_text
from scoring.cards.grammar import CardFile
from scoring.cards.load import examine

DEPLOY = Path(__file__).parents[4] / "deploy"
CARDS = sorted([DEPLOY / "scorecard.yml", *(DEPLOY / "examples").glob("*.yml")])


@cache
def _validator() -> Any:
    return Draft202012Validator(json_schema(CardFile))


def _passes(text: str) -> bool:
    plain: Any = YAML(typ="safe", pure=True).load(text)
    return bool(_validator().is_valid(plain))


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema(CardFile))


def test_the_schema_that_editors_get_is_the_one_that_the_command_prints() -> None:
    assert (DEPLOY / "scorecard.schema.json").read_text(encoding="utf-8") == schema_text(CardFile, "Scorecard")


@pytest.mark.parametrize("file", CARDS, ids=lambda file: file.name)
def test_every_card_that_we_ship_is_sound_to_the_loader_and_to_editors(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    reading = examine(text)

    assert (reading.problems, reading.warnings) == ((), ())
    assert _passes(text)
    schema = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (file.parent / schema).resolve() == (DEPLOY / "scorecard.schema.json").resolve()


METRIC = "dimension: roi, kind: rate, event: a.b, half_life: 1d, curve: [[1, 0], [2, 100]]"
TREND = "dimension: roi, kind: trend, event: a.b, key: who, fast: 4d, slow: 60d, curve: [[0.5, 0], [1, 100]]"
GAUGE = "dimension: roi, kind: gauge, event: a.b, ttl: never, curve: [[-1, 0], [2, 100]]"


def _card(metric: str = METRIC, *, flag: str = "event: a.b, cap: 5, ttl: 1d", more: str = "") -> str:
    return (
        f"version: 1\nmetrics: {{m: {{{metric}}}}}\nflags: {{f: {{{flag}}}}}\n"
        f"weights: {{default: {{roi: 1}}}}\nbands: {{default: {{red: 40, yellow: 70}}}}\n{more}"
    )


@pytest.mark.parametrize(
    "text",
    [
        _card(),
        _card(METRIC.replace("1d", "0.5h")),
        _card(METRIC.replace("a.b", "[a.b, order_2.completed]")),
        _card(METRIC.replace("[[1, 0], [2, 100]]", "{default: [[1, 0], [2, 100]], renewal: [[3, 0], [4, 100]]}")),
        _card(METRIC.replace("curve:", "curve_per_week:") + ", prior_per_week: 3, weight: clicks, share: 0.5"),
        _card(METRIC + ", stages: [renewal, adoption, expansion, onboarding]"),
        _card(GAUGE),
        _card(GAUGE + ", value: arr/arr_peak_12m"),
        _card(GAUGE + ", key: user_id, read: mean, hold: 1d, neutral: 50"),
        _card("dimension: roi, kind: milestone, planned: true"),
        _card("dimension: roi, kind: milestone, steps: {first: 7d}, grace: 2w"),
        _card("dimension: roi, kind: milestone, steps: {a: 7d, b: {due: 1w, weight: 2, told: true}}, told: false"),
        _card("dimension: roi, kind: milestone, planned: true, weight: size, told: false"),
        _card(METRIC.replace("rate", "active_days")),
        _card(METRIC.replace("rate", "active_days").replace("curve:", "curve_per_week:") + ", prior_per_week: 3"),
        _card(TREND),
        _card(TREND + ", per: [c.d, e.f], absence: 3w, min_people: 1"),
        _card("dimension: roi, kind: silence, event: a.b, prior_gap: 2d, curve: [[0, 100], [3, 0]]"),
        _card(
            "dimension: roi, kind: distinct, event: a.b, key: who, of: seats, half_life: 1d, curve: [[1, 0], [2, 1]]"
        ),
        _card("dimension: roi, kind: ratio, num: a.b, den: c.d, half_life: 1d, curve: [[1, 0], [2, 1]]"),
        _card(flag='when: "m < -1.5", cap: 5', metric=METRIC),
        _card(flag="event: a.b, cap: 5, ttl: never, clear_on: [c.d, e.f]"),
        _card(flag='event: a.b, ttl: 3d, key: who, where: "Score_2 <= -6.5", tell: false'),
        _card(flag='when: "m < -1.5", for: 36h'),
        _card("dimension: roi, kind: silence, event: a.b, who: champions, prior_gap: 2d, curve: [[0, 100], [3, 0]]"),
        _card(more="outcomes: {left: {event: a.b}}\ndefault_stage: renewal\nreference: 50\nmin_coverage: 0\n"),
    ],
)
def test_what_the_loader_takes_the_schema_takes(text: str) -> None:
    assert examine(text).problems == ()
    assert _passes(text)


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\n",
        _card().replace("version: 1", "version: 2"),
        _card(more="clock: {floor: 0.1}\n"),
        _card(more="default_stage: renewl\n"),
        _card(more="min_coverage: 2\n"),
        _card("dimension: roi, kind: trend, event: a.b, fast: 7d, slow: 28d, curve: [[1, 0], [2, 100]]"),
        _card(TREND + ", min_people: 0"),
        _card(METRIC.replace("a.b", "Order Completed")),
        _card(METRIC.replace("a.b", "[a.b, opened]")),
        _card(METRIC.replace("rate", "rat")),
        _card(METRIC.replace("kind: rate, ", "")),
        _card(METRIC.replace("roi", "profit")),
        _card(METRIC.replace("half_life: 1d, ", "")),
        _card(METRIC.replace("1d", "0d")),
        _card(METRIC.replace("1d", "0.0h")),
        _card(METRIC.replace("1d", "1 day")),
        _card(METRIC.replace("1d", "never")),
        _card(METRIC.replace("a.b", "[]")),
        _card(METRIC.replace("a.b", "[a.b, a.b]")),
        _card(METRIC.replace("a.b", "''")),
        _card(METRIC.replace("a.b", "' a.b'")),
        _card(METRIC.replace("[[1, 0], [2, 100]]", "[[1, 0]]")),
        _card(METRIC.replace("[[1, 0], [2, 100]]", "[[0, 0], [2, 100]]")),
        _card(METRIC.replace("[[1, 0], [2, 100]]", "[[1, 0], [2, 101]]")),
        _card(METRIC.replace("[[1, 0], [2, 100]]", "[[1, 0], [2, 100, 3]]")),
        _card(METRIC.replace("[[1, 0], [2, 100]]", "{renewal: [[1, 0], [2, 100]]}")),
        _card(METRIC + ", curve_per_week: [[1, 0], [2, 100]]"),
        _card(METRIC.replace("rate", "active_days") + ", weight: clicks"),
        _card(METRIC.replace("rate", "active_days") + ", prior_per_week: 8"),
        _card(METRIC.replace("rate", "active_days") + ", curve_per_week: [[1, 0], [2, 100]]"),
        _card("dimension: roi, kind: milestone, steps: {first: 7}"),
        _card("dimension: roi, kind: milestone, steps: {first: {weight: 2}}"),
        _card("dimension: roi, kind: milestone, steps: {first: {due: 7d, weigth: 2}}"),
        _card("dimension: roi, kind: milestone, steps: {first: {due: 7d, told: sometimes}}"),
        _card(METRIC + ", share: -1"),
        _card(METRIC + ", stages: []"),
        _card(METRIC + ", stages: [adoption, adoption]"),
        _card(METRIC + ", gibberish: 1"),
        _card(METRIC + ", prior_gap: 1d"),
        _card(GAUGE.replace("never", "forever")),
        _card(GAUGE + ", value: arr/seats"),
        _card(GAUGE + ", key: user_id"),
        _card(GAUGE + ", neutral: 101"),
        _card("dimension: roi, kind: milestone, steps: {First: 7d}"),
        _card("dimension: roi, kind: milestone, planned: 1"),
        _card("dimension: roi, kind: silence, event: a.b, prior_gap: 2d, curve: [[-1, 100], [3, 0]]"),
        _card("dimension: roi, kind: distinct, event: a.b, key: k, of: 0, half_life: 1d, curve: [[1, 0], [2, 1]]"),
        _card(flag="cap: 5"),
        _card(flag='event: a.b, ttl: 3d, where: "score = 6"'),
        _card(flag='event: a.b, ttl: 3d, where: "6 <= score"'),
        _card(flag='event: a.b, ttl: 3d, where: "a.b <= 6"'),
        _card(flag='when: "m >= 1", where: "score <= 6"'),
        _card(flag="event: a.b, ttl: 3d, for: 1d"),
        _card(flag='when: "m >= 1", for: 0d'),
        _card(flag='when: "m >= 1", tell: never'),
        _card("dimension: roi, kind: silence, event: a.b, who: all, prior_gap: 2d, curve: [[0, 100], [3, 0]]"),
        _card(flag="event: a.b, cap: 5"),
        _card(flag="event: a.b, cap: 100, ttl: 1d"),
        _card(flag='when: "m >= 1", cap: 5, ttl: 1d'),
        _card(flag='when: "m >= 1", event: a.b, cap: 5'),
        _card(flag='when: "m is high", cap: 5'),
        _card().replace("roi: 1", "profit: 1"),
        _card().replace("roi: 1", "roi: -1"),
        _card().replace("default: {red", "renewal: {red"),
        _card().replace("red: 40", "red: 101"),
        _card().replace("red: 40", "min_duration: 0d, red: 40"),
        _card().replace("metrics: {m:", "metrics: {M:"),
    ],
)
def test_what_the_schema_refuses_the_loader_refuses(text: str) -> None:
    assert examine(text).problems != ()
    assert not _passes(text)
