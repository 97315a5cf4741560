# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""What KPIs are called and how they are computed, in Japanese. English is what scoring's API says."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from console.clients.kpis import DefinedKpi
from console.languages.card_names import CardNames
from console.languages.locale import Locale

_USE_OF: Final = "use."


class KpiWords(Struct, frozen=True):
    """`english` if the texts are the API's own on a page in another language."""

    title: str
    formula: str
    english: bool = False


JAPANESE: Final[Mapping[str, KpiWords]] = {
    "time_to_value": KpiWords("価値実現までの日数", "期間内に最初の成果に達した顧客の、契約開始からの日数の中央値"),
    "activation_rate": KpiWords("アクティベーション率", "期末までに最初の成果に達した新規顧客 ÷ 期間内に開始した顧客"),
    "on_time_onboarding_rate": KpiWords(
        "オンボーディング期限内完了率", "全ステップを期限内に完了した顧客 ÷ 最終ステップの期限が期間内にある顧客"
    ),
    "adoption_score": KpiWords("活用スコア", "期末の顧客の、直近の月末における「活用」の点数の平均"),
    "nps": KpiWords("NPS（推奨度）", "100 ×（9〜10の回答数 − 0〜6の回答数）÷ 回答数。1人につき期間内の最後の回答"),
    "csat": KpiWords("CSAT（顧客満足度）", "4〜5の回答数 ÷ 期間内の回答数"),
    "expansion_bookings": KpiWords("拡大受注額", "既存顧客のARRの増加額の合計"),
    "net_new_bookings": KpiWords("純新規受注額", "新規・復帰顧客のARR ＋ 増額 − 減額 − 解約顧客のARR"),
    "value_expansion_rate": KpiWords("拡大率", "拡大受注額 ÷ 期首のARR"),
    "up_sell_rate": KpiWords("アップセル率", "席数の増加なしにARRが増えた顧客 ÷ 期首の顧客"),
    "cross_sell_rate": KpiWords("クロスセル率", "席数の増加とともにARRが増えた顧客 ÷ 期首の顧客"),
    "customers": KpiWords("顧客数", "期末に契約のあるアカウントの数（終了・統合・消去を除く）"),
    "arr": KpiWords("ARR", "期末の顧客のARRの合計"),
    "up_for_decision": KpiWords("更新判断の対象数", "期間内に満了する契約の数。途中解約はその日に判断とみなす"),
    "retention_rate": KpiWords("継続率", "判断が済んだ契約のうち：更新 ÷（更新 ＋ 喪失）"),
    "customer_churn_rate": KpiWords("解約率", "期間内に離れ期末にいない顧客 ÷（その数 ＋ 期末の顧客）"),
    "health_score": KpiWords("ヘルススコア", "期末の顧客のスコアの平均。期末が今日なら現在の値"),
    "gross_revenue_retention": KpiWords(
        "売上継続率（GRR）", "期首の顧客について：min（期末のARR、期首のARR）の合計 ÷ 期首のARR"
    ),
    "net_revenue_retention": KpiWords("売上維持率（NRR）", "期首の顧客について：期末のARR ÷ 期首のARR"),
    "logo_churn_rate": KpiWords("顧客数ベースの解約率", "期首の顧客のうち期末に顧客でない数 ÷ 期首の顧客"),
    "lifetime_value": KpiWords(
        "LTV（契約の累計）", "現在と過去の顧客のARRを、契約開始から終了（不明なら期末）まで日割りで合計した値の平均"
    ),
    "expected_lifetime_value": KpiWords("LTV（平均購入額）", "期末の顧客の平均ARR × 年1回 × 平均継続年数"),
    "arr_at_risk": KpiWords("リスクのあるARR", "期末に赤または黄の顧客のARRの合計"),
    "save_rate": KpiWords("引き留め率", "直前90日間に赤または解約予定だった顧客の判断のうち：更新 ÷（更新 ＋ 喪失）"),
    "resolution_rate": KpiWords("期限内決着率", "満了日までに更新か解約が決まった契約 ÷ 更新判断の対象"),
    "resolution_rate_by_arr": KpiWords(
        "期限内決着率（ARRベース）", "満了日までに決まった契約のARR ÷ 更新判断の対象のARR（判断前のARR）"
    ),
    "close_rate": KpiWords("期限内更新率", "満了日までに更新された契約 ÷ 更新判断の対象"),
    "close_rate_by_arr": KpiWords(
        "期限内更新率（ARRベース）", "満了日までに更新された契約のARR ÷ 更新判断の対象のARR（判断前のARR）"
    ),
    "final_renewal_rate": KpiWords("最終更新率", "遅れを含め更新された契約 ÷ 更新判断の対象"),
    "final_renewal_rate_by_arr": KpiWords(
        "最終更新率（ARRベース）", "遅れを含め更新された契約のARR ÷ 更新判断の対象のARR（判断前のARR）"
    ),
}
_USE: Final = KpiWords("利用状況：{}", "期末の顧客の、直近の月末における指標の中央値")


def words_of(kpi: DefinedKpi, names: CardNames, locale: Locale) -> KpiWords:
    """A KPI that has no Japanese yet is shown in English."""
    metric = kpi.name.removeprefix(_USE_OF) if kpi.name.startswith(_USE_OF) else None
    if locale is Locale.ENGLISH:
        # The API has the metric's own name; pages have the team's.
        title = kpi.title if metric is None else kpi.title.replace(metric, names.of("metrics", metric, locale))
        return KpiWords(title, kpi.formula)
    if metric is not None:
        return KpiWords(_USE.title.format(names.of("metrics", metric, locale)), _USE.formula)
    return JAPANESE.get(kpi.name) or KpiWords(kpi.title, kpi.formula, english=True)
