"""What a page says first: which service does not answer, and that its figures are not of now."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from console.clients.delay import ScoresDelay, ScoresDelayReason
from console.errors import ServiceName
from console.languages.formats import Formats
from console.web.texts import LAYOUT


class Dated(Protocol):
    """An answer of scoring. `held` says why `as_of` is not now, if it is not."""

    @property
    def as_of(self) -> datetime: ...

    @property
    def held(self) -> ScoresDelay | None: ...


def away_notices(services: Iterable[ServiceName], formats: Formats) -> list[str]:
    layout = LAYOUT[formats.locale]
    return [layout.away.format(layout.services[service]) for service in services]


def delay_notices(answer: Dated | None, formats: Formats) -> list[str]:
    """None in stream mode, where time is always that of the events: each page says as of when it is."""
    if answer is None or answer.held is None or answer.held.reason == ScoresDelayReason.STREAM:
        return []
    return [delay_words(answer.held, answer.as_of, formats)]


def delay_words(delay: ScoresDelay, as_of: datetime, formats: Formats) -> str:
    layout = LAYOUT[formats.locale]
    return layout.delays.get(delay.reason, layout.as_of).format(formats.moment(as_of))
