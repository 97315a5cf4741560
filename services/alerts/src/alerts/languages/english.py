from datetime import date, datetime

from alerts.languages.language import BandChange, LineLabels, Scores, ValueFormat
from common.contracts.signals import Band

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class English:
    labels = LineLabels(
        why="Why",
        helped="What helped",
        also="Also",
        otherwise="Without this",
        outlook="Outlook",
        next_step="Next step",
        open_account="Open the account",
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
                return f"{name} is {self.band(band)} again: {_arrow(scores)}"
            case BandChange.EASED:
                return f"{name} is better, now {self.band(band)}: {_arrow(scores)}"
            case BandChange.WORSE:
                return f"{name} is {self.band(band)}: {_arrow(scores)}"

    def now_in(self, band: Band, scores: Scores) -> str:
        return f"now {self.band(band)} ({_arrow(scores)})"

    def of(self, name: str, thing: str) -> str:
        return f"{name}: {thing}"

    def overdue(self, step: str, due: datetime, *, year: bool) -> str:
        return f"{step} overdue (due {_day(due, year=year)})"

    def moved(self, metric: str, value: str, points: int, *, first: bool) -> str:
        unit = (" point" if abs(points) == 1 else " points") if first else ""
        return f"{metric}{f' {value}' if value else ''} ({_signed(points)}{unit})"

    def cleared(self, flag: str) -> str:
        return f"cleared: {flag}"

    def others(self, points: int) -> str:
        return f"others ({_signed(points)})"

    def otherwise(self, score: int, weak: str) -> str:
        return f"health {score}{f', low: {weak}' if weak else ''}"

    def value(self, value: float, value_format: ValueFormat) -> str:
        match value_format:
            case ValueFormat.PERCENT:
                return f"{value:.0%}"
            case ValueFormat.A_WEEK:
                return f"{_number(value)} a week"
            case ValueFormat.NUMBER:
                return _number(value)

    def health(self, score: int, band: Band) -> str:
        return f"Health {score}, {self.band(band)}"

    def arr(self, amount: str) -> str:
        return f"ARR {amount}"

    def renewal(self, days: int, end: date, *, year: bool) -> str:
        day = _day(end, year=year)
        if days < 0:
            return f"contract ended {_days(-days)} ago ({day})"
        return f"renewal in {_days(days)} ({day})" if days else "renewal today"

    def owner(self, owner: str) -> str:
        return f"owner {owner}" if owner else "no owner"

    def silent(self, band: Band, when: str, days: int) -> str:
        later = f" (in {days} days)" if days > 1 else ""
        return f"{self.band(band)} {when}{later} if they stay silent"

    def when(self, moment: datetime, *, days: int, year: bool) -> str:
        near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days)
        if near:
            return f"{near} at {moment:%H:%M}"
        return f"on {_DAYS[moment.weekday()]} {_day(moment, year=year)}"

    def ago(self, seconds: float) -> str:
        minutes = round(seconds / 60)
        if minutes < 90:
            return f"{minutes} minute{'' if minutes == 1 else 's'} ago"
        hours = round(seconds / 3600)
        return f"{hours} hours ago" if hours < 36 else f"{_days(round(seconds / 86_400))} ago"

    def follows(self, title: str, when: str) -> str:
        return f"Follows: {title}, {when}"

    def was(self, band: Band, when: str) -> str:
        return f"Getting worse: it was {self.band(band)} {when}."

    def again(self, when: str) -> str:
        return f"Again: last told {when}." if when else "Again: this has been told before."

    def recovered(self, days: int, when: str) -> str:
        after = f"after {_days(days)}" if days else "within the day"
        return f"Recovered {after}; the first alert was {when}."

    def happened(self, ago: str, when: str) -> str:
        return f"Happened {ago}, {when}."

    def in_place_of(self, owner: str, *, unreached: bool) -> str:
        return f"For {owner}, who could not be reached." if unreached else f"You stand in for {owner}."

    def another_way(self) -> str:
        return "Sent this way because the first way failed."

    def covered(self, share: float) -> str:
        return f"Only {share:.0%} of the score has data behind it."

    def too_little(self, share: float) -> str:
        return f"Too little data for a band: {share:.0%} of the score is known."

    def more(self, count: int) -> str:
        return f"{count} more"


def _arrow(scores: Scores) -> str:
    return f"{scores.was} → {scores.now}" if scores.was != scores.now else f"{scores.now}"


def _signed(points: int) -> str:
    return f"+{points}" if points > 0 else f"−{-points}" if points else "0"  # noqa: RUF001 (a minus sign)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.1f}"


def _day(moment: date, *, year: bool) -> str:
    return f"{moment.day} {_MONTHS[moment.month - 1]}{f' {moment.year}' if year else ''}"


def _days(days: int) -> str:
    return f"{days} day{'' if days == 1 else 's'}"
