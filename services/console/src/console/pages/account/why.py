"""Why a band is what it is, in the words of the page's language: a line that was crossed, or what holds it."""

from common.contracts.signals import Band
from console.clients.account import AccountNow, BandLimits
from console.languages.formats import Formats
from console.pages.account.account_texts import AccountTexts


def why_this_band(now: AccountNow, text: AccountTexts, formats: Formats) -> list[str]:
    """Sentences; empty for an id that has no health."""
    if now.band is None or now.score is None:
        return []
    # A scoring of an older version names no lines: its own words are English.
    found = [now.band_words] if now.lines is None else _sentences(now, now.lines, text, formats)
    return [*found, *_of_status(now, text)]


def _sentences(now: AccountNow, lines: BandLimits, text: AccountTexts, formats: Formats) -> list[str]:
    assert now.score is not None
    if now.override is None:
        return [_without_override(now, lines, text, formats)]
    override = now.override
    found = [
        text.why_override.format(text.bands[override.to], override.by or text.somebody, formats.moment(override.until))
    ]
    if override.reason:
        found.append(text.because.format(override.reason))
    if now.coverage < lines.min_coverage:
        return [*found, _insufficient(now, lines, text, formats)]
    scored = Band.RED if now.score < lines.red else Band.YELLOW if now.score < lines.yellow else Band.GREEN
    return [*found, text.without_override.format(formats.tenth(now.score), text.bands[scored])]


def _without_override(now: AccountNow, lines: BandLimits, text: AccountTexts, formats: Formats) -> str:
    band, score, pending = now.band, now.score, now.pending
    assert band is not None
    assert score is not None
    if band is Band.INSUFFICIENT:
        return _insufficient(now, lines, text, formats)
    # A worse band whose line is crossed waits for its minimum duration.
    if pending is not None:
        line = formats.tenth(lines.red if pending.band is Band.RED else lines.yellow)
        if pending.confirmed_at is None:
            return text.why_pending_feed.format(text.bands[band], line)
        until = formats.moment(pending.confirmed_at)
        return text.why_pending.format(text.bands[band], until, line, text.bands[pending.band])
    if band is Band.GREEN:
        fits = score >= lines.yellow
        return text.why_green.format(formats.tenth(lines.yellow)) if fits else text.why_told
    line_of = lines.red if band is Band.RED else lines.yellow
    if score < line_of:
        # A worse band is told within the same request.
        told_later = band is Band.YELLOW and score < lines.red
        return text.why_told if told_later else text.why_below.format(formats.tenth(line_of))
    ends = line_of + lines.hysteresis
    return text.why_held.format(formats.tenth(ends), formats.tenth(line_of)) if score < ends else text.why_told


def _insufficient(now: AccountNow, lines: BandLimits, text: AccountTexts, formats: Formats) -> str:
    return text.why_insufficient.format(formats.percent(now.coverage), formats.percent(lines.min_coverage))


def _of_status(now: AccountNow, text: AccountTexts) -> list[str]:
    return [{"churned": text.churned, "merged": text.merged}[now.status]] if now.status in ("churned", "merged") else []
