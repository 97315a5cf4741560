"""What scoring's `GET /v1/kpis` answers, as far as the console shows it. Days are UTC."""

from collections.abc import Mapping
from datetime import date, datetime

from msgspec import Struct

from console.clients.delay import ScoresDelay


class DefinedKpi(Struct, frozen=True, kw_only=True):
    """`title`, `formula` and `source` are English; `stage` is that of the lifecycle, or `all`."""

    name: str
    title: str
    number: int | None
    stage: str
    unit: str
    formula: str
    source: str


class KpiFigure(Struct, frozen=True):
    """Of a share `part` of `whole`; of a mean or a median `whole` is over how many. `value` may be unknown: None."""

    value: float | None
    part: float | None = None
    whole: float | None = None


class GroupKpis(Struct, frozen=True):
    """`group` is None for all accounts together."""

    group: str | None
    accounts: int
    figures: Mapping[str, KpiFigure]


class SpanKpis(Struct, frozen=True, rename={"first": "from", "last": "to"}):
    """From the beginning of `first` to the end of `last`."""

    first: date
    last: date
    groups: tuple[GroupKpis, ...]
    more_groups: bool


class KpisAnswer(Struct, frozen=True, kw_only=True):
    """`held` says why `as_of` is not now, if it is not."""

    kpis: tuple[DefinedKpi, ...]
    spans: tuple[SpanKpis, ...]
    known_at: datetime | None
    read_at: datetime
    as_of: datetime
    held: ScoresDelay | None = None
