"""Curves: points over a value, one for all stages or one by stage."""

from math import log2

from msgspec import Struct

from common.documents.findings import Findings, did_you_mean
from common.documents.value_rules import JsonSchema, Number, describe
from common.documents.yaml import YamlValue
from scoring.health import STAGES
from scoring.health.metrics.definition import DEFAULT, Knots

MOST_POINTS = 32
# The least distance of two values on the curve's axis. Closer ones leave no digits for the slope between them.
_CLOSEST = 1e-12
_POINTS = Number(least=0, most=100)


class Curves(Struct, frozen=True):
    """A list of `[value, points]`, values ascending; or `{stage: list, default: list}`.

    With `logarithmic` the curve is straight over log2 of the value, so every value must be above zero.
    """

    logarithmic: bool
    least: float | None = None

    def read(self, value: YamlValue, found: Findings) -> dict[str, Knots]:
        if isinstance(value.content, tuple):
            return {DEFAULT: self._curve(value, found)}
        if not isinstance(value.content, dict):
            raise found.problem(value.where, f"must be a list of [value, points], not {describe(value)}")
        if DEFAULT not in value.content:
            raise found.problem(value.where, "'default' is missing: the curve of every other stage")
        return {name: self._of_stage(name, each, found) for name, each in value.content.items()}

    def _of_stage(self, name: str, value: YamlValue, found: Findings) -> Knots:
        if name not in (*STAGES, DEFAULT):
            near = did_you_mean(name, (*STAGES, DEFAULT))
            raise found.problem(value.where, f"unknown stage '{name}'{near or ', known: ' + ', '.join(STAGES)}")
        return self._curve(value, found)

    def _curve(self, value: YamlValue, found: Findings) -> Knots:
        items = value.content
        if not isinstance(items, tuple) or not 2 <= len(items) <= MOST_POINTS:
            raise found.problem(value.where, f"must be 2 to {MOST_POINTS} [value, points], not {describe(value)}")
        curve: list[tuple[float, float]] = []
        for item in items:
            at, points = self._point(item, found)
            if curve and at <= curve[-1][0]:
                why = f"points must ascend in value: {at:g} comes after {curve[-1][0]:g}"
                raise found.problem(item.where, why)
            if curve and self._x(at) - self._x(curve[-1][0]) < _CLOSEST:
                raise found.problem(item.where, f"{at!r} is too close to {curve[-1][0]!r} to tell them apart")
            curve.append((at, points))
        return tuple(curve)

    def _point(self, value: YamlValue, found: Findings) -> tuple[float, float]:
        pair = value.content
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise found.problem(value.where, f"must be [value, points], not {describe(value)}")
        return self._number().read(pair[0], found), _POINTS.read(pair[1], found)

    def _number(self) -> Number:
        return Number(above=0) if self.logarithmic else Number(least=self.least)

    def _x(self, value: float) -> float:
        """The value on the curve's axis. The core uses the natural logarithm; only the distance matters here."""
        return log2(value) if self.logarithmic else value

    def schema(self) -> JsonSchema:
        point = {
            "type": "array",
            "prefixItems": [self._number().schema(), _POINTS.schema()],
            "minItems": 2,
            "maxItems": 2,
            "items": False,
        }
        curve = {"type": "array", "items": point, "minItems": 2, "maxItems": MOST_POINTS}
        by_stage = {
            "type": "object",
            "required": [DEFAULT],
            "properties": {name: curve for name in (*STAGES, DEFAULT)},
            "additionalProperties": False,
        }
        return {"anyOf": [curve, by_stage]}
