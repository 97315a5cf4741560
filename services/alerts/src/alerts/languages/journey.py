# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""The words for an account's journey: late onboarding, first value, growth, the review before a renewal; an override.

Names, values and days go in as the recipient reads them.
"""

from typing import NamedTuple, Protocol

from babel.dates import format_timedelta
from babel.lists import format_list


class JourneyLabels(NamedTuple):
    """The labels of lines."""

    use: str
    active: str
    open: str
    promised: str
    strong: str


class JourneyWords(Protocol):
    @property
    def labels(self) -> JourneyLabels: ...

    def late(self, steps: list[str], days: int) -> str:
        """The onboarding is late by so many days (0: not said); `steps` are not done."""

    def reached(self, step: str, days: int | None) -> str:
        """A step of value is reached, so many days after the start."""

    def ready(self, figure: str) -> str:
        """The account has room to grow; `figure` is what shows it, "" if nothing does."""

    def renewal_open(self) -> str:
        """The renewal comes up, on a day that is not known."""

    def fell(self, since: str, figures: list[str]) -> str:
        """What fell since a day ("" if that is not known), each with its former figure."""

    def low(self, figures: list[str]) -> str: ...

    def strong(self, figures: list[str]) -> str: ...

    def points(self, figure: str) -> str:
        """A figure in points, 0 to 100."""

    def people(self, count: str) -> str:
        """How many people were active lately."""

    def counted(self, name: str, count: int) -> str:
        """What stands for more than one, such as open tickets."""

    def since(self, name: str, day: str) -> str: ...

    def due(self, step: str, day: str) -> str:
        """A promised step and its day."""

    def set_by_hand(self, band: str, *, by: str, until: str, reason: str) -> str:
        """A person has set the band; `by` and `reason` (in quotation marks) are "" if they are not known."""

    def score_stays(self, score: int) -> str:
        """What the score says while a person's band stands."""

    def no_longer_set(self, band: str, by: str) -> str:
        """The band that a person had set is over: the score decides again."""

    def health_set(self, score: int, band: str, until: str) -> str:
        """Score and band, which a person has set."""


class EnglishJourney:
    labels = JourneyLabels(use="Use", active="Who is active", open="Open", promised="Promised", strong="What is strong")

    def late(self, steps: list[str], days: int) -> str:
        undone = f": {format_list(steps, locale='en_GB')} not done" if steps else ""
        return f"onboarding late{undone}{f', {_days(days)} late' if days else ''}"

    def reached(self, step: str, days: int | None) -> str:
        if days is None:
            return f"{step} reached"
        return f"{step} after {_days(days)}" if days else f"{step} within the first day"

    def ready(self, figure: str) -> str:
        return f"ready to grow: {figure}" if figure else "ready to grow"

    def renewal_open(self) -> str:
        return "renewal comes up"

    def fell(self, since: str, figures: list[str]) -> str:
        return f"fell{f' since {since}' if since else ''}: {', '.join(figures)}"

    def low(self, figures: list[str]) -> str:
        return f"low: {', '.join(figures)}"

    def strong(self, figures: list[str]) -> str:
        return f"strong: {', '.join(figures)}"

    def points(self, figure: str) -> str:
        return f"{figure} points"

    def people(self, count: str) -> str:
        return f"{count} {'person' if count == '1' else 'people'} lately"

    def counted(self, name: str, count: int) -> str:
        return f"{name} ({count:,})"

    def since(self, name: str, day: str) -> str:
        return f"{name} (since {day})"

    def due(self, step: str, day: str) -> str:
        return f"{step} by {day}"

    def set_by_hand(self, band: str, *, by: str, until: str, reason: str) -> str:
        return f"set to {band}{f' by {by}' if by else ' by hand'} until {until}{f': {reason}' if reason else ''}"

    def score_stays(self, score: int) -> str:
        return f"The score is {score}; until then the band is what this person says."

    def no_longer_set(self, band: str, by: str) -> str:
        return f"It was set to {band} {f'by {by}' if by else 'by hand'}; that is over, and the score decides again."

    def health_set(self, score: int, band: str, until: str) -> str:
        return f"Health {score}, set to {band} until {until}"


class JapaneseJourney:
    labels = JourneyLabels(use="利用状況", active="最近の利用者", open="要対応", promised="お約束", strong="好調な指標")

    def late(self, steps: list[str], days: int) -> str:
        undone = f"（未完了：{'、'.join(steps)}）" if steps else ""
        return f"オンボーディングが{f'{days}日' if days else ''}遅延{undone}"

    def reached(self, step: str, days: int | None) -> str:
        if days is None:
            return f"「{step}」を達成"
        return f"「{step}」を開始から{days}日で達成" if days else f"「{step}」を開始当日に達成"

    def ready(self, figure: str) -> str:
        return f"拡大の好機（{figure}）" if figure else "拡大の好機"

    def renewal_open(self) -> str:
        return "契約更新が近づいています"

    def fell(self, since: str, figures: list[str]) -> str:
        return f"低下{f'（{since}比）' if since else ''}：{'、'.join(figures)}"

    def low(self, figures: list[str]) -> str:
        return f"低水準：{'、'.join(figures)}"

    def strong(self, figures: list[str]) -> str:
        return f"好調：{'、'.join(figures)}"

    def points(self, figure: str) -> str:
        return f"{figure}点"

    def people(self, count: str) -> str:
        return f"{count}名"

    def counted(self, name: str, count: int) -> str:
        return f"{name}（{count:,}件）"

    def since(self, name: str, day: str) -> str:
        return f"{name}（{day}から）"

    def due(self, step: str, day: str) -> str:
        return f"{step}（期限{day}）"

    def set_by_hand(self, band: str, *, by: str, until: str, reason: str) -> str:
        who = f"{by}、" if by else ""
        return f"手動で{band}に設定（{who}{until}まで）{f'：{reason}' if reason else ''}"

    def score_stays(self, score: int) -> str:
        return f"スコアは{score}です。期限までは手動の設定が優先されます。"

    def no_longer_set(self, band: str, by: str) -> str:
        return f"手動設定（{band}{f'、{by}' if by else ''}）が終了し、スコアによる判定に戻りました。"

    def health_set(self, score: int, band: str, until: str) -> str:
        return f"ヘルススコア{score}（手動設定：{band}、{until}まで）"


def _days(days: int) -> str:
    return format_timedelta(days * 86_400, "day", threshold=1e9, locale="en")
