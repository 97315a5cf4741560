"""Who reads a message, when and where: names, days and hours as they know them."""

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from alerts.core.destination import Target
from alerts.messages.harmless import harmless
from alerts.messages.playbooks import Of, Playbooks
from alerts.messages.tongue import Tongue
from alerts.messages.tongues import DEFAULT, TONGUES
from common.contracts.signals import Signal

NAME = 60
THING = 50


class Reader:
    """`now` is seconds since the epoch. A language or time zone that is gone since is read as English, or UTC."""

    def __init__(self, target: Target, *, now: float, playbooks: Playbooks) -> None:
        self.language = target.language if target.language in TONGUES else DEFAULT
        self.tongue: Tongue = TONGUES[self.language]
        self._playbooks = playbooks
        self._zone = _zone(target.time_zone)
        self.now = datetime.fromtimestamp(now, UTC).astimezone(self._zone)

    def account(self, signal: Signal) -> str:
        return harmless(signal.facts.name or "", NAME) or harmless(signal.account_id, NAME) or "?"

    def called(self, of: Of, name: str) -> str:
        return harmless(self._playbooks.name(of, name, language=self.language), THING) or "?"

    def value(self, metric: str, value: float | None) -> str:
        """Empty where the playbooks do not say how it reads."""
        known = self._playbooks.known(Of.METRICS, metric)
        if value is None or known is None or known.reading is None:
            return ""
        return self.tongue.reading(value, known.reading)

    def is_good(self, outcome: str) -> bool:
        known = self._playbooks.known(Of.OUTCOMES, outcome)
        return known is not None and known.good is True

    def next_step(self, signal: Signal) -> str | None:
        return self._playbooks.next_step(signal, language=self.language)

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone)

    def days_to(self, day: date) -> int:
        return (day - self.now.date()).days

    def other_year(self, day: date) -> bool:
        return day.year != self.now.year

    def when(self, moment: datetime) -> str:
        local = self.local(moment)
        return self.tongue.when(local, days=self.days_to(local.date()), year=self.other_year(local))


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
