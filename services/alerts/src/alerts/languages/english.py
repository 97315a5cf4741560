from datetime import date, datetime, timedelta
from math import inf
from typing import Literal

from babel.dates import format_date, format_timedelta

from alerts.languages.first_look import EnglishFirstLook
from alerts.languages.journey import EnglishJourney
from alerts.languages.language import BandChange, LineLabels, Scores, ValueFormat
from alerts.languages.numbers import amount, arrow, count, money, share, signed
from common.contracts.signals import Band

_LOCALE = "en"
_DETAILS = {"user_id": "by", "arr": "ARR"}
_INNER_QUOTES = str.maketrans({"“": "'", "”": "'", "„": "'", "‟": "'", '"': "'"})

Unit = Literal["minute", "hour", "day"]


class English:
    first_look = EnglishFirstLook()
    journey = EnglishJourney()
    labels = LineLabels(
        why="Why",
        helped="What helped",
        also="Also",
        otherwise="Without the cap",
        outlook="Outlook",
        next_step="Next step",
        open_account="Open the account",
        details="Details",
        call="Whom to call",
    )
    dot = " · "
    comma = ", "
    colon = ": "

    def band(self, band: Band) -> str:
        return "too little data" if band is Band.INSUFFICIENT else band.value

    def crossed(self, name: str, band: Band, scores: Scores, shift: BandChange) -> str:
        match shift:
            case BandChange.FIRST:
                return f"{name} is {self.band(band)}: {scores.now}, its first score"
            case BandChange.RECOVERED:
                return f"{name} is {self.band(band)} again: {arrow(scores)}"
            case BandChange.EASED:
                return f"{name} is better, now {self.band(band)}: {arrow(scores)}"
            case BandChange.WORSE:
                return f"{name} is {self.band(band)}: {arrow(scores)}"

    def now_in(self, band: Band, scores: Scores) -> str:
        return f"now {self.band(band)} ({arrow(scores)})"

    def of(self, name: str, thing: str) -> str:
        return f"{name}: {thing}"

    def overdue(self, step: str, due: date, *, year: bool) -> str:
        return f"{step} overdue (due {_day(due, year=year)})"

    def contracted(self, before: float, after: float) -> str:
        return f"ARR fell from {amount(before, _LOCALE)} to {amount(after, _LOCALE)}"

    def fall_of_arr(self) -> str:
        return "fall of ARR"

    def withdrawn(self, what: str) -> str:
        return f"withdrawn: {what} (reported by mistake)"

    def moved(self, metric: str, value: str, points: int, *, first: bool) -> str:
        unit = (" point" if abs(points) == 1 else " points") if first else ""
        return f"{metric}{f' {value}' if value else ''} ({signed(points)}{unit})"

    def cleared(self, flag: str) -> str:
        return f"cleared: {flag}"

    def others(self, points: int) -> str:
        return f"others ({signed(points)})"

    def capped(self, points: int) -> str:
        some = "one of these points" if abs(points) == 1 else f"{abs(points)} of these points"
        return f"but a cap {'hides' if points > 0 else 'holds back'} {some}"

    def otherwise(self, score: int, weak: str) -> str:
        return f"the score would be {score}{f', kept low by {weak}' if weak else ''}"

    def value(self, value: float, value_format: ValueFormat) -> str:
        match value_format:
            case ValueFormat.PERCENT:
                return share(value, _LOCALE)
            case ValueFormat.A_WEEK:
                return f"{count(value, _LOCALE)} a week"
            case ValueFormat.NUMBER:
                return count(value, _LOCALE)

    def changed(self, before: float, now: float, value_format: ValueFormat) -> str:
        # The unit stands once.
        former = count(before, _LOCALE) if value_format is ValueFormat.A_WEEK else self.value(before, value_format)
        return self.became(former, self.value(now, value_format))

    def health(self, score: int, band: Band) -> str:
        return f"Health {score}, {self.band(band)}"

    def arr(self, value: float) -> str:
        return f"ARR {amount(value, _LOCALE)}"

    def renewal(self, days: int, end: date, *, year: bool) -> str:
        day = _day(end, year=year)
        if days < 0:
            return f"contract ended {_span(days, 'day')} ({day})"
        return f"renewal {_span(days, 'day')} ({day})" if days else "renewal today"

    def owner(self, owner: str) -> str:
        return f"owner {owner}" if owner else "no owner"

    def silent(self, band: Band, when: str, days: int) -> str:
        later = f" ({_span(days, 'day')})" if days > 1 else ""
        return f"{self.band(band)} {when}{later} if they stay silent"

    def day(self, day: date, *, year: bool) -> str:
        return _day(day, year=year)

    def when(self, moment: datetime, *, days: int, year: bool) -> str:
        near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days)
        if near:
            return f"{near} at {moment:%H:%M}"
        return f"on {format_date(moment, 'EEE', _LOCALE)} {_day(moment, year=year)}"

    def ago(self, seconds: float) -> str:
        if (minutes := round(seconds / 60)) < 90:
            return _span(-minutes, "minute")
        hours = round(seconds / 3600)
        return _span(-hours, "hour") if hours < 36 else _span(-round(seconds / 86_400), "day")

    def follows(self, title: str, when: str) -> str:
        return f"Follows: {title}, {when}"

    def was(self, band: Band, when: str) -> str:
        return f"Getting worse: it was {self.band(band)} {when}."

    def again(self, when: str) -> str:
        return f"Again: last told {when}." if when else "Again: this has been told before."

    def recovered(self, days: int, when: str) -> str:
        after = f"after {_span(days, 'day', from_now=False)}" if days else "within the day"
        return f"Recovered {after}; the first alert was {when}."

    def happened(self, ago: str, when: str) -> str:
        return f"Happened {ago}, {when}."

    def happened_on(self, when: str) -> str:
        return f"Happened {when}."

    def detail(self, name: str, value: str) -> str:
        return f"{_DETAILS.get(name, name.replace('_', ' '))} {value}"

    def quoted(self, prose: str) -> str:
        return f"“{prose.translate(_INNER_QUOTES)}”"

    def number(self, value: float) -> str:
        return count(value, _LOCALE)

    def money(self, value: float, currency: str) -> str:
        return money(value, currency, _LOCALE)

    def became(self, before: str, after: str) -> str:
        return f"{before} → {after}"

    def contact(self, name: str, about: list[str]) -> str:
        return f"{name} ({self.comma.join(about)})" if about else name

    def champion(self) -> str:
        return "champion"

    def last_seen(self, when: str) -> str:
        return f"last seen {when}"

    def in_place_of(self, owner: str, *, unreached: bool) -> str:
        return f"For {owner}, who could not be reached." if unreached else f"You stand in for {owner}."

    def another_way(self) -> str:
        return "Sent this way because the first way failed."

    def covered(self, known: float) -> str:
        return f"Only {share(known, _LOCALE)} of the score has data behind it."

    def too_little(self, known: float) -> str:
        return f"Too little data for a band: {share(known, _LOCALE)} of the score is known."

    def more(self, count: int) -> str:
        return f"{count} more"


def _day(moment: date, *, year: bool) -> str:
    # Babel's own order for `en` is American, with the month first.
    return format_date(moment, "d MMM y" if year else "d MMM", _LOCALE)


def _span(count: int, unit: Unit, *, from_now: bool = True) -> str:
    """`in 64 days`, `4 hours ago` (if the count is negative); else `64 days`. In this unit, however many there are."""
    span = timedelta(**{f"{unit}s": count})
    return format_timedelta(span, unit, threshold=inf, add_direction=from_now, locale=_LOCALE)
