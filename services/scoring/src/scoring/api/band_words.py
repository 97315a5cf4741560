"""Why a band is what it is, in words: a line that was crossed, or the hysteresis that holds a band above its line."""

from common.contracts.signals import Band, Override
from scoring.health import Card, View
from scoring.health.card import Bands
from scoring.health.metrics.definition import DEFAULT
from scoring.postgres.queries import AccountStatus


def band_in_words(view: View, card: Card, *, status: AccountStatus = AccountStatus.ACTIVE) -> str:
    """`yellow until 83: it was below 75`. The band shown is the one told, which may not be where the score is now."""
    words = _why(view, card)
    if status is AccountStatus.MERGED:
        return f"{words} (the account goes on as another one, so nothing of it is told)"
    if status is AccountStatus.CHURNED:
        return f"{words} (the contract has ended, so nothing of it is told)"
    return words


def _why(view: View, card: Card) -> str:
    band, bands = view.health.band, card.bands.get(view.health.stage) or card.bands[DEFAULT]
    # Rounded as bands compare scores.
    score = round(view.health.score, 6)
    if view.health.override is not None:
        return f"{_word(view.health.override)}; {_without_it(view, card, bands)}"
    if band is Band.INSUFFICIENT:
        known = f"{view.health.coverage:.0%} of the weight has evidence"
        return f"insufficient data: {known}, {card.min_coverage:.0%} is needed"
    # A slow worsening has not lasted for its minimum duration yet.
    if view.pending is not None:
        line = bands.red if view.pending.band is Band.RED else bands.yellow
        if view.pending.confirmed_at is None:
            return f"{band.value}: the score is below {line:g}, which is not told while {_feed(view)}"
        until = f"{view.pending.confirmed_at:%-d %B %H:%M} UTC"
        return f"{band.value} until {until}: if the score stays below {line:g}, it is {view.pending.band.value} then"
    least, most = _range(band, bands)
    # While a request is open the band is the one from before it.
    if not least <= score < most:
        return f"{band.value}, as it was told last: more events of the same request are to come"
    if band is Band.GREEN:
        return f"green: {bands.yellow:g} or more"
    line = bands.red if band is Band.RED else bands.yellow
    # The hysteresis holds a band above its line.
    return f"{band.value} until {most:g}: it was below {line:g}" if score >= line else f"{band.value}: below {line:g}"


def _feed(view: View) -> str:
    """`the feed of web is silent since 2 March 06:00 UTC`"""
    hold = view.on_hold
    return (
        "a feed is silent"
        if hold is None
        else f"the feed of {hold.source} is silent since {hold.since:%-d %B %H:%M} UTC"
    )


def _word(override: Override) -> str:
    """`set to green by dana@example.com until 1 April 00:00 UTC: the pilot is agreed`"""
    by = f" by {override.by}" if override.by else ""
    reason = f": {override.reason}" if override.reason else ""
    return f"set to {override.to.value}{by} until {override.until:%-d %B %H:%M} UTC{reason}"


def _without_it(view: View, card: Card, bands: Bands) -> str:
    health, score = view.health, round(view.health.score, 6)
    if round(health.coverage, 6) < card.min_coverage:
        return f"without that it would be insufficient data: {health.coverage:.0%} of the weight has evidence"
    band = Band.RED if score < bands.red else Band.YELLOW if score < bands.yellow else Band.GREEN
    # With as many digits as tell it from the line.
    return f"the score of {round(score, 2):g} would be {band.value}"


def _range(band: Band, bands: Bands) -> tuple[float, float]:
    """The scores with which a band stays, from the first up to the second."""
    if band is Band.GREEN:
        return bands.yellow, float("inf")
    if band is Band.RED:
        return 0.0, bands.red + bands.hysteresis
    return bands.red, bands.yellow + bands.hysteresis
