"""What the page shows, in the words of its language."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from msgspec import Struct

from common.contracts.signals import Band, Contribution
from console.access.roles import Act
from console.clients.account import SignalInHistory
from console.clients.account_lists import EntryRow, PersonListed
from console.clients.alerts import AlertInList
from console.languages.card_names import CardNames
from console.languages.formats import Formats
from console.languages.locale import Locale
from console.pages.account import chart
from console.pages.account.account_texts import AccountTexts
from console.pages.account.band_overrides import override_state
from console.pages.account.chart import DayOfEvents, MarkedDay, ScoreChart
from console.pages.account.content import AccountContent
from console.pages.account.milestones import OverdueStep, StepOnJourney, milestones_of, overdue_steps
from console.pages.account.moves import (
    ROWS,
    Move,
    MovingDay,
    NamedPoints,
    moves_of,
    moving_days,
    points_by_metric,
    signals_by_day,
    zone_of,
)
from console.pages.account.texts import ACCOUNT_TEXTS
from console.pages.account.tickets import TicketsPage, tickets_page
from console.pages.account.view import AccountView
from console.pages.account.waterfall import Waterfall, waterfall_of
from console.pages.account.why import why_this_band
from console.web.notices import away_notices, delay_notices
from console.web.visit import Visit

QUIET_DAYS: Final = 14
_CAP: Final = "cap"


class AccountWords:
    """Names of what the card and the events name, in the page's language."""

    def __init__(self, names: CardNames, text: AccountTexts, formats: Formats) -> None:
        self._names = names
        self._text = text
        self._formats = formats
        self._locale: Locale = formats.locale

    def metric(self, name: str) -> str:
        return self._names.reason(name, self._locale, otherwise=name.replace("_", " "))

    def part(self, part: Contribution) -> str:
        """A cap has the name of its flag."""
        named = self.metric(part.metric)
        return f"{self._text.cap}: {named}" if part.dimension == _CAP else named

    def of(self, category: str, name: str) -> str:
        return self._names.of(category, name, self._locale)

    def signal(self, one: SignalInHistory | AlertInList) -> str:
        """What a signal tells: `flag: payment failed`."""
        return self._text.kinds.get(one.kind, one.kind.replace("_", " ")).format(self._to(one.to))

    def events(self, moving: MovingDay) -> str:
        """Which events moved the score on a day, and by how much. Each name keeps its own direction of writing."""
        parts = [f"\u2068{one.name}\u2069 {self._formats.signed_tenth(one.points)}" for one in moving.events]
        return f"{', '.join(parts)}: {self._formats.day(moving.day)}"

    def reason(self, words: str) -> str:
        """Of a decision or an attempt."""
        return self._text.reasons_of.get(words, words)

    def person_state(self, person: PersonListed, today: date) -> str:
        if person.left_on is not None and person.left_on >= person.last_seen:
            return self._text.left.format(self._formats.day(person.left_on))
        return self._text.quiet if today - person.last_seen > timedelta(days=QUIET_DAYS) else self._text.active

    def said(self, row: EntryRow) -> list[tuple[str, str]]:
        """The fields of an entry, with their values as the language writes them."""
        return [(self._text.fields.get(name, name), self._value(name, value)) for name, value in row.said.items()]

    def _to(self, name: str) -> str:
        return self._text.bands[Band(name)] if name in set(Band) else self._names.of_signal(name, self._locale)

    def _value(self, name: str, value: Any) -> str:
        if value is None:
            return self._formats.day(None)
        if name == "band" and value in set(Band):
            return self._text.bands[Band(value)]
        if name == "status":
            return self._text.statuses.get(value, value)
        if name in ("stage", "step", "tier"):
            return self.of(f"{name}s", value)
        if name == "score":
            return self._formats.score(value)
        if isinstance(value, int | float):
            return self._formats.number(value)
        try:
            return self._formats.day(date.fromisoformat(value))
        except ValueError:
            return str(value)


class ShownAccount(Struct, frozen=True, kw_only=True):
    """`moves` are one page of them; `moves_after` says that there is another.

    Whoever may act may override the band too, unless the account was merged.
    """

    account_id: str
    name: str
    words: AccountWords
    notices: tuple[str, ...]
    why: tuple[str, ...]
    may_act: bool
    may_override: bool
    override_state: str
    waterfall: Waterfall | None
    ahead: tuple[NamedPoints, ...]
    chart: ScoreChart | None
    chart_words: str
    moves: tuple[Move, ...]
    moves_after: bool
    grid: tuple[tuple[int, float], ...]
    overdue: tuple[OverdueStep, ...]
    milestones: tuple[StepOnJourney, ...]
    tickets: TicketsPage | None


def shown_account(
    content: AccountContent, view: AccountView, account_id: str, visit: Visit, *, names: CardNames, formats: Formats
) -> ShownAccount:
    text, now, history = ACCOUNT_TEXTS[visit.locale], content.now, content.history
    words = AccountWords(names, text, formats)
    zone = zone_of(None if now is None else now.facts.time_zone)
    moves = [] if history is None else moves_of(history, zone=zone)
    page = moves[(view.moves - 1) * ROWS : view.moves * ROWS]
    drawn = None
    if history is not None:
        marked = [
            MarkedDay(day, one.to if one.to in set(Band) else one.severity, f"{words.signal(one)}, {formats.day(day)}")
            for day, found in signals_by_day(history, zone=zone).items()
            for one in found
        ]
        moving = [DayOfEvents(one.day, one.better, words.events(one)) for one in moving_days(history)]
        drawn = chart.chart_of(history.days, marked, moving)
    overdue = () if now is None else overdue_steps(now.missed, zone=zone)
    owner = None if now is None else now.facts.owner
    may_act = visit.may(Act.OVERRIDE) or visit.user.owns(owner)
    return ShownAccount(
        account_id=account_id,
        name=account_id if now is None else now.facts.name or account_id,
        words=words,
        notices=tuple(_notices(content, view, text, formats)),
        why=() if now is None else tuple(why_this_band(now, text, formats)),
        may_act=may_act,
        may_override=may_act and now is not None and now.merged_into is None,
        override_state=override_state(None if now is None else now.override),
        waterfall=None if content.level is None else waterfall_of(content.level.level),
        ahead=_ahead(content),
        chart=drawn,
        chart_words="" if drawn is None else _chart_words(drawn, text, formats),
        moves=tuple(page),
        moves_after=len(moves) > view.moves * ROWS,
        grid=chart.grid(),
        overdue=overdue,
        milestones=_milestones(content, overdue),
        tickets=None if content.tickets is None else tickets_page(content.tickets, view.tickets),
    )


def _milestones(content: AccountContent, overdue: Sequence[OverdueStep]) -> tuple[StepOnJourney, ...]:
    """Empty without the plans or without what was reached: a reached step must not be shown as one that is not."""
    if content.planned is None or content.reached is None:
        return ()
    return milestones_of(content.planned, content.reached, overdue=overdue)


def _notices(content: AccountContent, view: AccountView, text: AccountTexts, formats: Formats) -> list[str]:
    found = [text.did[view.did]] if view.did is not None else []
    return [*found, *away_notices(content.away, formats), *delay_notices(content.now, formats)]


def _ahead(content: AccountContent) -> tuple[NamedPoints, ...]:
    """What silence gives and takes from now to the chosen day."""
    if content.level is None or content.ahead_level is None:
        return ()
    now, then = content.level.level.contributions, content.ahead_level.level.contributions
    return points_by_metric([*_points(then, 1.0), *_points(now, -1.0)])


def _points(parts: Sequence[Contribution], sign: float) -> list[tuple[str, float]]:
    return [(part.metric, sign * part.contribution) for part in parts]


def _chart_words(drawn: ScoreChart, text: AccountTexts, formats: Formats) -> str:
    """What the plot shows, for those who do not see it."""
    points = (drawn.first, drawn.last, drawn.lowest, drawn.highest)
    pairs = [said for one in points for said in (formats.score(one.score), formats.day(one.day))]
    return text.chart_words.format(*pairs, formats.number(len(drawn.marks)), formats.number(len(drawn.events)))
