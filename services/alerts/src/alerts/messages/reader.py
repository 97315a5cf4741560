"""Who reads a message, when and where: names, days and hours as they know them."""

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from alerts.core.destination import Target
from alerts.messages.harmless import sanitize
from alerts.messages.playbooks import NameCategory, Playbooks
from alerts.messages.tongue import Language
from alerts.messages.tongues import DEFAULT, LANGUAGES_BY_CODE
from common.contracts.signals import Signal

NAME = 60
THING = 50


class Recipient:
    """`now` is seconds since the epoch. A language or time zone that is gone since is read as English, or UTC."""

    def __init__(self, target: Target, *, now: float, playbooks: Playbooks) -> None:
        self.language_code = target.language if target.language in LANGUAGES_BY_CODE else DEFAULT
        self.language: Language = LANGUAGES_BY_CODE[self.language_code]
        self._playbooks = playbooks
        self._zone = _zone(target.time_zone)
        self.now = datetime.fromtimestamp(now, UTC).astimezone(self._zone)

    def account(self, signal: Signal) -> str:
        return sanitize(signal.facts.name or "", NAME) or sanitize(signal.account_id, NAME) or "?"

    def called(self, of: NameCategory, name: str) -> str:
        return sanitize(self._playbooks.name(of, name, language=self.language_code), THING) or "?"

    def value(self, metric: str, value: float | None) -> str:
        """Empty where the playbooks do not say how it reads."""
        known = self._playbooks.known(NameCategory.METRICS, metric)
        if value is None or known is None or known.reading is None:
            return ""
        return self.language.reading(value, known.reading)

    def is_good(self, outcome: str) -> bool:
        known = self._playbooks.known(NameCategory.OUTCOMES, outcome)
        return known is not None and known.good is True

    def next_step(self, signal: Signal) -> str | None:
        return self._playbooks.next_step(signal, language=self.language_code)

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone)

    def days_to(self, day: date) -> int:
        return (day - self.now.date()).days

    def other_year(self, day: date) -> bool:
        return day.year != self.now.year

    def when(self, moment: datetime) -> str:
        local = self.local(moment)
        return self.language.when(local, days=self.days_to(local.date()), year=self.other_year(local))


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
