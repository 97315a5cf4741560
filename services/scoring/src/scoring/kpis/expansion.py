"""KPIs of the stage expansion: is there room to grow, and how well do customers grow?"""

import numpy as np

from scoring.kpis.entry_log import Flags
from scoring.kpis.kpi import Figure, Kpi, Unit, share, share_of, total
from scoring.kpis.span_figures import SpanFigures

_STAGE = "expansion"
_FACTS = "arr, seats; contract.started, contract.changed, contract.renewed, contract.ended"


def _expansion_bookings(span: SpanFigures, chosen: Flags) -> Figure:
    return total(span.movements.expansion[chosen])


def _net_new_bookings(span: SpanFigures, chosen: Flags) -> Figure:
    moved = span.movements
    return total((moved.new + moved.returned + moved.expansion - moved.contraction - moved.lost)[chosen])


def _value_expansion_rate(span: SpanFigures, chosen: Flags) -> Figure:
    whole = float(np.nansum(span.arr_before[chosen & span.customers_before]))
    return share(float(span.movements.expansion[chosen].sum()), whole)


def _up_sell_rate(span: SpanFigures, chosen: Flags) -> Figure:
    return share_of(span.movements.up_sold, chosen & span.customers_before)


def _cross_sell_rate(span: SpanFigures, chosen: Flags) -> Figure:
    return share_of(span.movements.cross_sold, chosen & span.customers_before)


EXPANSION_KPIS = (
    Kpi(
        name="expansion_bookings",
        title="Expansion bookings",
        number=7,
        stage=_STAGE,
        unit=Unit.MONEY,
        formula="The sum of all rises of ARR in the span of those who were customers before the rise, day by day.",
        source=_FACTS,
        compute=_expansion_bookings,
    ),
    Kpi(
        name="net_new_bookings",
        title="Net new bookings",
        number=8,
        stage=_STAGE,
        unit=Unit.MONEY,
        formula="ARR of customers who began or came back in the span + rises - falls - ARR of customers who left.",
        source=_FACTS,
        compute=_net_new_bookings,
    ),
    Kpi(
        name="value_expansion_rate",
        title="Value expansion rate",
        number=9,
        stage=_STAGE,
        unit=Unit.SHARE,
        formula="Expansion bookings / ARR at the beginning of the span.",
        source=_FACTS,
        compute=_value_expansion_rate,
    ),
    Kpi(
        name="up_sell_rate",
        title="Up-sell rate",
        number=None,
        stage=_STAGE,
        unit=Unit.SHARE,
        formula="Customers whose ARR rose in the span on a day without more seats / customers at its beginning.",
        source=_FACTS,
        compute=_up_sell_rate,
    ),
    Kpi(
        name="cross_sell_rate",
        title="Cross-sell rate",
        number=None,
        stage=_STAGE,
        unit=Unit.SHARE,
        formula="Customers whose ARR rose in the span on a day with more seats / customers at its beginning.",
        source=_FACTS,
        compute=_cross_sell_rate,
    ),
)
