"""What a page says first: which service does not answer, and that its figures are not of now."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from console.clients.delay import ScoresDelay
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
    if answer is None or answer.held is None:
        return []
    layout = LAYOUT[formats.locale]
    return [layout.delays.get(answer.held.reason, layout.as_of).format(formats.moment(answer.as_of))]
