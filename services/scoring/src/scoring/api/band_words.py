"""Why a band is what it is, in words: a line that was crossed, or the hysteresis that holds a band above its line."""

from common.contracts.signals import Band
from scoring.health import Card, View
from scoring.health.metrics.definition import DEFAULT


def band_in_words(view: View, card: Card) -> str:
    """`yellow until 83: it was below 75`. The band shown is the one told, which may not be where the score is now."""
    band, score = view.health.band, view.health.score
    lines = card.bands.get(view.health.stage) or card.bands[DEFAULT]
    if band is Band.INSUFFICIENT:
        known = f"{view.health.coverage:.0%} of the weight has evidence"
        return f"insufficient data: {known}, {card.min_coverage:.0%} is needed"
    if view.pending is not None:
        line = lines.red if view.pending.band is Band.RED else lines.yellow
        until = f"{view.pending.confirmed_at:%-d %B %H:%M} UTC"
        return f"{band.value} until {until}: then below {line:g} has lasted, and it is {view.pending.band.value}"
    if band is Band.GREEN:
        return f"green: {lines.yellow:g} or more"
    line = lines.red if band is Band.RED else lines.yellow
    # Rounded as bands compare scores.
    if round(score, 6) >= line:
        return f"{band.value} until {line + lines.hysteresis:g}: it was below {line:g}"
    return f"{band.value}: below {line:g}"
