"""What messages say, as a language must be able to say it: values and names go in, text comes out."""

from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from alerts.languages.journey import JourneyWords
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
    """How a metric's value is shown."""

    PERCENT = "percent"
    NUMBER = "number"
    A_WEEK = "a_week"


class FirstLookWords(Protocol):
    """What the message says that tells one person what stands in their accounts after an import."""

    def title(self, accounts: int, found: str) -> str: ...

    def title_of_one(self, name: str, found: str) -> str: ...

    def lead(self) -> str: ...

    def found(self, *, red: int, yellow: int, other: int, renewals: int) -> str:
        """How many accounts need somebody, by band; `other` have a flag or a missed step alone, `renewals` a date."""

    def band(self, band: str, score: int) -> str: ...

    def at_risk(self, arr: str) -> str: ...

    def well(self, count: int) -> str:
        """How many accounts need nothing."""

    def rest(self, count: int) -> str:
        """The label of the line about those that the message does not name."""

    def open_accounts(self) -> str:
        """The text of the link to the list of accounts."""

    def query(self, path: str) -> str:
        """Where the API lists them all."""


class LineLabels(NamedTuple):
    """The labels of lines, and the text of the link."""

    why: str
    helped: str
    also: str
    otherwise: str
    outlook: str
    next_step: str
    open_account: str
    details: str
    call: str


class Language(Protocol):
    @property
    def first_look(self) -> FirstLookWords: ...

    @property
    def journey(self) -> JourneyWords: ...

    @property
    def labels(self) -> LineLabels: ...

    @property
    def dot(self) -> str:
        """Between unrelated things on one line."""

    @property
    def comma(self) -> str:
        """Between the items of a list."""

    @property
    def colon(self) -> str: ...

    def band(self, band: Band) -> str: ...

    def crossed(self, name: str, band: Band, scores: Scores, shift: BandChange) -> str:
        """The title of a band."""

    def now_in(self, band: Band, scores: Scores) -> str:
        """A band, in a message whose title names the account."""

    def of(self, name: str, thing: str) -> str:
        """The title of another kind of signal: the account and what happened."""

    def overdue(self, step: str, due: date, *, year: bool) -> str: ...

    def contracted(self, before: float, after: float) -> str:
        """The contract is worth less: ARR before and after."""

    def fall_of_arr(self) -> str:
        """The same without amounts, which are withdrawn."""

    def withdrawn(self, what: str) -> str:
        """What was told before by this name was reported by mistake."""

    def moved(self, metric: str, value: str, points: int, *, first: bool) -> str:
        """`value` is "" if it is not shown; the `first` of a list names the unit."""

    def cleared(self, flag: str) -> str:
        """A flag that no longer caps the score."""

    def others(self, points: int) -> str: ...

    def capped(self, points: int) -> str:
        """The last of the reasons: so many points of them a cap keeps from the score (of a rise: below 0)."""

    def otherwise(self, score: int, weak: str) -> str:
        """What the score would be without the cap; `weak` is what keeps it low, "" if nothing does."""

    def value(self, value: float, value_format: ValueFormat) -> str: ...

    def changed(self, before: float, now: float, value_format: ValueFormat) -> str:
        """A metric's value as it was and as it is."""

    def health(self, score: int, band: Band) -> str:
        """Score and band."""

    def arr(self, value: float) -> str: ...

    def renewal(self, days: int, end: date, *, year: bool) -> str:
        """`days` until the contract ends, negative after it."""

    def owner(self, owner: str) -> str:
        """The account's owner, "" if it has none."""

    def silent(self, band: Band, when: str, days: int) -> str:
        """The forecast: the band that comes if the account stays silent."""

    def day(self, day: date, *, year: bool) -> str:
        """A day, with its year if that is another one."""

    def when(self, moment: datetime, *, days: int, year: bool) -> str:
        """As an adverb. `days` lie between today and the moment's day, negative for a past day."""

    def ago(self, seconds: float) -> str: ...

    def follows(self, title: str, when: str) -> str:
        """The message that this one follows, where no thread shows it; `when` that was sent."""

    def was(self, band: Band, when: str) -> str: ...

    def again(self, when: str) -> str:
        """`when` it was told last, "" if that was in another thread."""

    def recovered(self, days: int, when: str) -> str:
        """`when` the first alert was, `days` ago."""

    def happened(self, ago: str, when: str) -> str: ...

    def happened_on(self, when: str) -> str:
        """`when` it happened, where that is another day than today."""

    def detail(self, name: str, value: str) -> str:
        """A property of an event (`reason`, `amount`) and its value."""

    def quoted(self, prose: str) -> str:
        """What somebody wrote, in quotation marks that it cannot close."""

    def number(self, value: float) -> str: ...

    def money(self, value: float, currency: str) -> str:
        """`currency` is three letters of ISO 4217."""

    def became(self, before: str, after: str) -> str: ...

    def contact(self, name: str, about: list[str]) -> str: ...

    def champion(self) -> str: ...

    def last_seen(self, when: str) -> str: ...

    def in_place_of(self, owner: str, *, unreached: bool) -> str: ...

    def another_way(self) -> str:
        """The message came over another way because the first one failed."""

    def covered(self, known: float) -> str:
        """The share of the score that has data."""

    def too_little(self, known: float) -> str:
        """The share of the score that has data is too small for a band."""

    def more(self, count: int) -> str: ...
