"""Curves: points over a value, one for all stages or one by stage."""

from itertools import pairwise
from math import log2
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, create_model

from common.documents.error_texts import expected, invalid, wrong
from common.documents.model import DocumentModel
from common.documents.value_types import by_shape, given
from scoring.health import STAGES
from scoring.health.metrics.definition import DEFAULT, Knots

MOST_POINTS = 32
# The least distance of two values on the curve's axis. Closer ones leave no digits for the slope between them.
_CLOSEST = 1e-12


class CurvesByStage(DocumentModel):
    noun: ClassVar[str] = "stage"


def curves_type(*, logarithmic: bool, least: float | None) -> Any:
    """A list of `[value, points]`, values ascending; or `{stage: list, default: list}`. Read as curves by stage.

    With `logarithmic` the curve is straight over log2 of the value, so every value must be above zero.
    """

    def ascending(knots: Knots) -> Knots:
        for index, ((before, _), (value, _)) in enumerate(pairwise(knots), start=1):
            # The core uses the natural logarithm; only the distance matters here.
            distance = log2(value) - log2(before) if logarithmic else value - before
            if value <= before:
                why = f"points must ascend in value: {value:g} comes after {before:g}"
            elif distance < _CLOSEST:
                why = f"{value!r} is too close to {before!r} to tell them apart"
            else:
                continue
            raise invalid(wrong(why, value, index))
        return knots

    bounds = Field(gt=0, le=1e12) if logarithmic else Field(ge=-1e12 if least is None else least, le=1e12)
    point = Annotated[
        tuple[Annotated[float, bounds], Annotated[float, Field(ge=0, le=100)]],
        BeforeValidator(_of_length(2, 2, "[value, points]")),
    ]
    curve = Annotated[
        tuple[point, ...],
        Field(min_length=2, max_length=MOST_POINTS),
        AfterValidator(ascending),
        BeforeValidator(_of_length(2, MOST_POINTS, f"2 to {MOST_POINTS} [value, points]")),
    ]
    fields: dict[str, Any] = {stage: (given(curve), None) for stage in STAGES} | {DEFAULT: (curve, ...)}
    by_stage = create_model("CurvesByStage", __base__=CurvesByStage, **fields)
    return Annotated[
        dict[str, Knots], by_shape(dict, by_stage, curve), BeforeValidator(_with_default), AfterValidator(_by_stage)
    ]


def _of_length(least: int, most: int, what: str) -> Any:
    def check(value: object) -> object:
        if not isinstance(value, tuple) or not least <= len(value) <= most:
            raise expected(what)
        return value

    return check


def _with_default(value: object) -> object:
    if isinstance(value, dict) and DEFAULT not in value:
        raise ValueError(f"'{DEFAULT}' is missing: the curve of every other stage")
    return value


def _by_stage(read: CurvesByStage | Knots) -> dict[str, Knots]:
    return read.fields_given() if isinstance(read, CurvesByStage) else {DEFAULT: read}
