"""What a language has to be able to say. It gets values and names that are ready to be shown, and gives text."""

from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from common.contracts.signals import Band


class BandChange(StrEnum):
    """How a band was entered."""

    WORSE = "worse"
    EASED = "better, but not well"
    RECOVERED = "well again"
    FIRST = "no band was known before"


class Scores(NamedTuple):
    was: int
    now: int


class ValueFormat(StrEnum):
    """How a metric's value reads."""

    PERCENT = "percent"
    NUMBER = "number"
    A_WEEK = "a_week"


class LineLabels(NamedTuple):
    """What stands before a line, or in place of one."""

    why: str
    helped: str
    also: str
    otherwise: str
    outlook: str
    next_step: str
    open_account: str


class Language(Protocol):
    @property
    def labels(self) -> LineLabels: ...

    @property
    def dot(self) -> str:
        """Between things that have little to do with each other."""

    @property
    def comma(self) -> str:
        """Between things of a kind."""

    @property
    def colon(self) -> str: ...

    def band(self, band: Band) -> str: ...

    def crossed(self, name: str, band: Band, scores: Scores, shift: BandChange) -> str:
        """The title of a band."""

    def now_in(self, band: Band, scores: Scores) -> str:
        """A band told beside something else."""

    def of(self, name: str, thing: str) -> str:
        """The title of anything else: whom it is about, and what happened."""

    def overdue(self, step: str, due: datetime, *, year: bool) -> str: ...

    def moved(self, metric: str, value: str, points: int, *, first: bool) -> str:
        """`value` is "" if it tells nothing; the `first` of a list says what the numbers are."""

    def cleared(self, flag: str) -> str:
        """A flag that no longer holds the score down."""

    def others(self, points: int) -> str: ...

    def otherwise(self, score: int, weak: str) -> str:
        """The score but for what the title names; `weak` is what keeps it low, if anything does."""

    def reading(self, value: float, reading: ValueFormat) -> str: ...

    def health(self, score: int, band: Band) -> str:
        """Of an account that has a band."""

    def arr(self, amount: str) -> str: ...

    def renewal(self, days: int, end: date, *, year: bool) -> str:
        """`days` until the contract ends, negative after it."""

    def owner(self, owner: str) -> str:
        """Who has the account, "" if nobody has."""

    def silent(self, band: Band, when: str, days: int) -> str:
        """What comes if they stay silent."""

    def when(self, moment: datetime, *, days: int, year: bool) -> str:
        """As an adverb. `days` lie between today and the moment's day, negative if it has passed."""

    def ago(self, seconds: float) -> str: ...

    def follows(self, title: str, when: str) -> str:
        """Where no thread shows what this is about; `when` that was."""

    def was(self, band: Band, when: str) -> str: ...

    def again(self, when: str) -> str:
        """`when` it was told last, "" if that was in another thread."""

    def recovered(self, days: int, when: str) -> str:
        """`when` the first alert was, `days` ago."""

    def happened(self, ago: str, when: str) -> str: ...

    def in_place_of(self, owner: str, *, unreached: bool) -> str: ...

    def another_way(self) -> str:
        """The way by which this message was to come has failed."""

    def covered(self, share: float) -> str:
        """How much of the score has data."""

    def too_little(self, share: float) -> str:
        """Too little for a band."""

    def more(self, count: int) -> str: ...
