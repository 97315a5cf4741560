"""What speaks against the numbers of the other pages, the gravest first. Pure."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from console.clients.event_uses import EventUsesAnswer
from console.clients.ingest import SourceState, SourceStates
from console.clients.scoring import ScoresFreshness
from console.languages.formats import Formats
from console.pages.data.texts import DataTexts
from console.web.notices import delay_words

# A share of refused items below this is the noise of one broken client.
_REFUSED_SHARE: Final = 0.01


class Evidence(Struct, frozen=True, kw_only=True):
    """What the services said; None of one that did not answer."""

    sources: SourceStates | None
    uses: EventUsesAnswer | None
    scores: ScoresFreshness | None


def findings(evidence: Evidence, text: DataTexts, formats: Formats) -> list[str]:
    scores, sources, uses = evidence.scores, evidence.sources, evidence.uses
    found: list[str] = []
    if scores is not None and scores.held is not None:
        found.append(delay_words(scores.held, scores.as_of, formats))
    if sources is not None:
        if not sources.judged:
            found.append(text.not_judged)
        found += _of_sources(sources.sources, text, formats)
    if uses is not None and uses.unusable:
        found.append(text.unusable_found.format(formats.number(sum(one.count for one in uses.unusable))))
    return found


def refused_share(source: SourceState) -> float:
    refused = sum(source.refused.values())
    return refused / (refused + source.last_day.events) if refused else 0.0


def _of_sources(sources: Sequence[SourceState], text: DataTexts, formats: Formats) -> list[str]:
    silent = [
        text.silent_found.format(one.source, _since(one, text, formats)) for one in sources if one.status == "silent"
    ]
    low = [
        text.low_found.format(one.source, formats.number(one.last_day.events), formats.number(one.last_day.expected))
        for one in sources
        if one.status == "low"
    ]
    refused = [
        text.refused_found.format(
            one.source, formats.number(sum(one.refused.values())), formats.percent(refused_share(one))
        )
        for one in sources
        if refused_share(one) >= _REFUSED_SHARE
    ]
    return [*silent, *low, *refused]


def _since(source: SourceState, text: DataTexts, formats: Formats) -> str:
    since = source.silent_since or source.last_received_at
    return text.never if since is None else formats.moment(since)
