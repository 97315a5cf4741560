"""How long the value of a metric stays beyond a bound in silence: what derived flags and readiness are made of."""

from math import inf, nextafter

from scoring.health.metrics.metric import Metric

# Not Final: mypyc does not set a constant that is a tuple of floats.
NEVER: tuple[float, float] = (inf, inf)


def beyond(metric: Metric, bound: float, *, above: bool, inclusive: bool) -> tuple[float, float]:
    """From when until when (operational time) the value is above the bound, or below; `inclusive` if on it counts.

    The bound is on the axis of the metric's curve. The end does not belong to it; `NEVER` if there is no such time.
    """
    if not metric.has_value:
        return NEVER
    x, velocity = metric.x, metric.velocity
    since, until = metric.base, metric.until
    # A value that stays, or zero on a logarithmic axis, is on one side for ever.
    if velocity == 0.0 or x == -inf:
        held = inclusive if x == bound else (x > bound) == above
        if not held:
            return NEVER
    else:
        crossing = metric.base + (bound - x) / velocity
        enters = above == (velocity > 0.0)
        if inclusive != enters:
            # At the crossing itself the value is still, or already, on the other side.
            crossing = nextafter(crossing, inf)
        if enters:
            since = max(since, crossing)
        else:
            until = min(until, crossing)
    return (since, until) if since < until else NEVER
