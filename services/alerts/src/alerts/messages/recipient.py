"""The recipient of a message: names, days and hours in their language and time zone."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from alerts.languages.language import Language
from alerts.languages.registry import DEFAULT, LANGUAGES_BY_CODE
from alerts.messages.sanitize import sanitize, without_links
from alerts.playbooks.playbooks import NameCategory, Playbooks
from alerts.routing.destination import Target
from common.contracts.signals import Facts, Override, Signal

_LONGEST_ACCOUNT = 60
_LONGEST_NAME = 50
_LONGEST_OWNER = 80
# Of what a person gives as the reason for a band that they set: it stands in the title.
_LONGEST_REASON = 80
# What contractions and renewals are named after.
_ARR, _OPEN = "arr", "open"


class Recipient:
    """`now` is seconds since the epoch. An unknown language is read as English, an unknown time zone as UTC."""

    def __init__(self, target: Target, *, now: float, playbooks: Playbooks) -> None:
        self.language_code = target.language if target.language in LANGUAGES_BY_CODE else DEFAULT
        self.language: Language = LANGUAGES_BY_CODE[self.language_code]
        self._playbooks = playbooks
        self._zone = _zone(target.time_zone)
        self.now = datetime.fromtimestamp(now, UTC).astimezone(self._zone)

    def account(self, signal: Signal) -> str:
        return (
            sanitize(signal.facts.name or "", _LONGEST_ACCOUNT) or sanitize(signal.account_id, _LONGEST_ACCOUNT) or "?"
        )

    def name_of(self, category: NameCategory, name: str) -> str:
        return sanitize(self._playbooks.name(category, name, language=self.language_code), _LONGEST_ACCOUNT) or "?"

    def flag(self, name: str) -> str:
        return self.name_of(NameCategory.FLAGS, name)

    def step(self, name: str) -> str:
        return self.name_of(NameCategory.STEPS, name)

    def outcome(self, name: str) -> str:
        return self.name_of(NameCategory.OUTCOMES, name)

    def withdrawn(self, name: str) -> str:
        for category in (NameCategory.FLAGS, NameCategory.STEPS, NameCategory.OUTCOMES):
            if self._playbooks.known(category, name) is not None:
                return self.name_of(category, name)
        named = {
            _ARR: self.language.fall_of_arr(),
            _OPEN: self.language.journey.renewal_open(),
        }
        return named.get(name) or self.flag(name)

    def value(self, metric: str, value: float | None) -> str:
        """Empty where the playbooks do not say how the value is shown."""
        known = self._playbooks.known(NameCategory.METRICS, metric)
        if value is None or known is None or known.value_format is None:
            return ""
        return self.language.value(value, known.value_format)

    def changed(self, metric: str, before: float | None, now: float | None) -> str:
        """The value as it was and as it is; empty where it is not shown, or is shown the same."""
        known = self._playbooks.known(NameCategory.METRICS, metric)
        if before is None or now is None or known is None or known.value_format is None:
            return ""
        if self.value(metric, before) == self.value(metric, now):
            return ""
        return self.language.changed(before, now, known.value_format)

    def figure(self, metric: str, value: float | None) -> str:
        shown = self.value(metric, value)
        return f"{self.name_of(NameCategory.METRICS, metric)} {shown}" if shown else ""

    def override(self, override: Override, *, seen: datetime) -> str:
        reason = sanitize(without_links(override.reason or ""), _LONGEST_REASON)
        return self.language.journey.set_by_hand(
            self.language.band(override.to),
            by=self.setter(override),
            until=self.until(override, seen=seen),
            reason=self.language.quoted(reason) if reason else "",
        )

    def setter(self, override: Override) -> str:
        """Who has set the band, "" if nobody has said."""
        return sanitize(override.by or "", _LONGEST_OWNER)

    def until(self, override: Override, *, seen: datetime) -> str:
        """The last day on which the override stands: one that ends at midnight does not reach the next day."""
        last = self.local(override.until - timedelta(microseconds=1)).date()
        return self.language.day(last, year=last.year != self.local(seen).year)

    def is_good(self, outcome: str) -> bool:
        known = self._playbooks.known(NameCategory.OUTCOMES, outcome)
        return known is not None and known.good is True

    def next_step(self, signal: Signal) -> str | None:
        return self._playbooks.next_step(signal, language=self.language_code)

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone)

    def due_day(self, due: datetime, facts: Facts) -> date:
        """A step is due when its day is over for the account: that moment belongs to the next day."""
        return (due - timedelta(seconds=1)).astimezone(_zone(facts.time_zone or "UTC")).date()

    def days_to(self, day: date) -> int:
        return (day - self.now.date()).days

    def other_year(self, day: date) -> bool:
        return day.year != self.now.year

    def day(self, day: date) -> str:
        return self.language.day(day, year=self.other_year(day))

    def when(self, moment: datetime) -> str:
        local = self.local(moment)
        return self.language.when(local, days=self.days_to(local.date()), year=self.other_year(local))


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
