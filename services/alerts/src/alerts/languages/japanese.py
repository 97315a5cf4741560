# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
from datetime import date, datetime

from babel.dates import format_date, format_skeleton

from alerts.languages.first_look import JapaneseFirstLook
from alerts.languages.journey import JapaneseJourney
from alerts.languages.language import BandChange, LineLabels, Scores, ValueFormat
from alerts.languages.numbers import amount, arrow, count, money, share, signed
from common.contracts.signals import Band

_LOCALE = "ja"
_DETAILS = {
    "reason": "理由",
    "requested_by": "申請者",
    "user_id": "発信者",
    "invoice": "請求書",
    "amount": "金額",
    "currency": "通貨",
    "score": "評価",
    "comment": "コメント",
    "about": "対象",
    "subject": "件名",
    "ticket": "チケット",
    "severity": "重要度",
    "goal": "目標",
    "seats": "シート数",
    "seats_before": "以前のシート数",
    "arr": "ARR",
    "arr_before": "以前のARR",
}
_INNER_QUOTES = str.maketrans("「」", "『』")
_BANDS = {Band.GREEN: "緑", Band.YELLOW: "黄", Band.RED: "赤", Band.INSUFFICIENT: "データ不足"}


class Japanese:
    first_look = JapaneseFirstLook()
    journey = JapaneseJourney()
    labels = LineLabels(
        why="要因",
        helped="改善要因",
        also="あわせて",
        otherwise="上限がなければ",
        outlook="見通し",
        next_step="推奨アクション",
        open_account="アカウントを開く",
        details="詳細",
        call="連絡先",
    )
    dot = " ｜ "
    comma = "、"
    colon = "："

    def band(self, band: Band) -> str:
        return _BANDS[band]

    def crossed(self, name: str, band: Band, scores: Scores, shift: BandChange) -> str:
        match shift:
            case BandChange.FIRST:
                return f"{name}様：ヘルススコア{self.band(band)}（{scores.now}、初回判定）"
            case BandChange.RECOVERED:
                return f"{name}様：ヘルススコアが{self.band(band)}に回復（{arrow(scores)}）"
            case BandChange.EASED:
                return f"{name}様：ヘルススコアが{self.band(band)}まで改善（{arrow(scores)}）"
            case BandChange.WORSE:
                return f"{name}様：ヘルススコアが{self.band(band)}に低下（{arrow(scores)}）"

    def now_in(self, band: Band, scores: Scores) -> str:
        return f"ヘルススコアは{self.band(band)}（{arrow(scores)}）"

    def of(self, name: str, thing: str) -> str:
        return f"{name}様：{thing}"

    def overdue(self, step: str, due: date, *, year: bool) -> str:
        return f"「{step}」が期限超過（期限{_day(due, year=year)}）"

    def contracted(self, before: float, after: float) -> str:
        return f"ARRが{amount(before, _LOCALE)}から{amount(after, _LOCALE)}に減少"

    def fall_of_arr(self) -> str:
        return "ARRの減少"

    def withdrawn(self, what: str) -> str:
        return f"「{what}」を取り消し（誤って報告されたもの）"

    def moved(self, metric: str, value: str, points: int, *, first: bool) -> str:
        return f"{metric}{f' {value}' if value else ''}（{signed(points)}点）"

    def cleared(self, flag: str) -> str:
        return f"{flag}の解消"

    def others(self, points: int) -> str:
        return f"その他（{signed(points)}点）"

    def capped(self, points: int) -> str:
        return f"ただし、うち{abs(points)}点は上限のためスコアに表れません"

    def otherwise(self, score: int, weak: str) -> str:
        return f"ヘルススコアは{score}{f'（課題：{weak}）' if weak else ''}"

    def value(self, value: float, value_format: ValueFormat) -> str:
        match value_format:
            case ValueFormat.PERCENT:
                return share(value, _LOCALE)
            case ValueFormat.A_WEEK:
                return f"週{count(value, _LOCALE)}回"
            case ValueFormat.NUMBER:
                return count(value, _LOCALE)

    def changed(self, before: float, now: float, value_format: ValueFormat) -> str:
        return self.became(self.value(before, value_format), self.value(now, value_format))

    def health(self, score: int, band: Band) -> str:
        return f"ヘルススコア{score}（{self.band(band)}）"

    def arr(self, value: float) -> str:
        return f"ARR {amount(value, _LOCALE)}"

    def renewal(self, days: int, end: date, *, year: bool) -> str:
        day = _day(end, year=year)
        if days < 0:
            return f"契約満了から{-days}日経過（{day}）"
        return f"契約更新まで{days}日（{day}）" if days else "本日が契約更新日"

    def owner(self, owner: str) -> str:
        return f"担当 {owner}" if owner else "担当者なし"

    def silent(self, band: Band, when: str, days: int) -> str:
        later = f"{days}日後の" if days > 1 else ""
        return f"このまま利用がなければ、{later}{when}に{self.band(band)}へ低下"

    def day(self, day: date, *, year: bool) -> str:
        return _day(day, year=year)

    def when(self, moment: datetime, *, days: int, year: bool) -> str:
        near = {-1: "昨日", 0: "本日", 1: "明日"}.get(days)
        if near:
            return f"{near}{moment:%H:%M}"
        return f"{_day(moment, year=year)}（{format_date(moment, 'E', _LOCALE)}）"

    def ago(self, seconds: float) -> str:
        minutes = round(seconds / 60)
        if minutes < 90:
            return f"{minutes}分前"
        hours = round(seconds / 3600)
        return f"{hours}時間前" if hours < 36 else f"{round(seconds / 86_400)}日前"

    def follows(self, title: str, when: str) -> str:
        return f"前回のお知らせ：{title}、{when}"

    def was(self, band: Band, when: str) -> str:
        return f"{when}の{self.band(band)}から、さらに悪化しています。"

    def again(self, when: str) -> str:
        return f"再通知です。前回は{when}にお知らせしました。" if when else "再通知です。以前にもお知らせしています。"

    def recovered(self, days: int, when: str) -> str:
        return f"{when}の最初のアラートから{f'{days}日で' if days else '当日中に'}回復しました。"

    def happened(self, ago: str, when: str) -> str:
        return f"{ago}、{when}に発生しました。"

    def happened_on(self, when: str) -> str:
        return f"{when}に発生しました。"

    def detail(self, name: str, value: str) -> str:
        called = _DETAILS.get(name, name.replace("_", " "))
        return f"{called}{value}" if value.startswith("「") else f"{called} {value}"

    def quoted(self, prose: str) -> str:
        return f"「{prose.translate(_INNER_QUOTES)}」"

    def number(self, value: float) -> str:
        return count(value, _LOCALE)

    def money(self, value: float, currency: str) -> str:
        return money(value, currency, _LOCALE)

    def became(self, before: str, after: str) -> str:
        return f"{before} → {after}"

    def contact(self, name: str, about: list[str]) -> str:
        return f"{name}様（{self.comma.join(about)}）" if about else f"{name}様"

    def champion(self) -> str:
        return "チャンピオン"

    def last_seen(self, when: str) -> str:
        return f"最終利用 {when}"

    def in_place_of(self, owner: str, *, unreached: bool) -> str:
        reason = "へ届かなかったため、代わりに" if unreached else "の代理として"
        return f"担当の{owner}{reason}お送りしています。"

    def another_way(self) -> str:
        return "本来の連絡手段で届かなかったため、こちらでお送りしています。"

    def covered(self, known: float) -> str:
        return f"スコアのうち、データの裏付けがあるのは{share(known, _LOCALE)}です。"

    def too_little(self, known: float) -> str:
        return f"データが足りず、判定できません（把握できているのは{share(known, _LOCALE)}）。"

    def more(self, count: int) -> str:
        return f"ほか{count}件"


def _day(day: date, *, year: bool) -> str:
    return format_skeleton("yMMMd" if year else "MMMd", day, locale=_LOCALE)
