# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""The texts of the KPIs."""

from collections.abc import Mapping

from msgspec import Struct

from common.contracts.signals import Band
from console.languages.locale import Locale


class KpiTexts(Struct, frozen=True, kw_only=True):
    """`{}` in a text is filled in."""

    title: str
    span: str
    known: str
    filters: str
    first: str
    last: str
    known_at: str
    tier: str
    stage: str
    owner: str
    segment: str
    cohort: str
    group: str
    no_groups: str
    groupings: Mapping[str, str]
    columns: str
    cohort_step: str
    cohort_steps: Mapping[str, str]
    apply: str
    reset: str
    csv: str
    mine: str
    stages: Mapping[str, str]
    kpi: str
    value: str
    made_of: str
    trend: str
    definition: str
    formula: str
    unit: str
    source: str
    units: Mapping[str, str]
    part_of: str
    over: str
    at_risk_of: str
    days: str
    trend_words: str
    trend_short: str
    trend_away: str
    groups_title: str
    groups_caption: str
    accounts: str
    no_value: str
    no_group: str
    more_groups: str
    cohorts_title: str
    cohorts_of_customers: str
    cohorts_of_revenue: str
    cohorts_note: str
    cohorts_columns: Mapping[str, str]
    cohorts_start: Mapping[str, str]
    cohort_month: str
    cohort_customers: str
    no_cohort: str
    renewals_title: str
    renewals_caption: str
    overdue: str
    month: str
    contracts: str
    arr: str
    arr_at_risk: str
    bar: str
    bar_words: str
    bands: Mapping[Band, str]
    to_accounts: str


KPI_TEXTS: Mapping[Locale, KpiTexts] = {
    Locale.ENGLISH: KpiTexts(
        title="KPIs",
        span="{} to {}",
        known="As it was known on {}.",
        filters="Span, filters and groups",
        first="First day",
        last="Last day",
        known_at="As it was known on",
        tier="Tier",
        stage="Stage",
        owner="Owner",
        segment="Segment",
        cohort="Cohort (month of the start)",
        group="Group by",
        no_groups="no groups",
        groupings={
            "tier": "Tier",
            "stage": "Stage",
            "owner": "Owner",
            "segment": "Segment",
            "cohort": "Cohort",
        },
        columns="Columns of the table by group (at most 12)",
        cohort_step="Cohorts by",
        cohort_steps={"quarter": "quarter", "year": "year"},
        apply="Apply",
        reset="Clear all",
        csv="Download as CSV",
        mine="My accounts",
        stages={
            "onboarding": "Onboarding: how soon do they get value?",
            "adoption": "Adoption: do they use it, and what do they say?",
            "expansion": "Expansion: how well do they grow?",
            "all": "Retention: who stays, and what is that worth?",
            "renewal": "Renewal: how many, and how much money, renewed?",
        },
        kpi="KPI",
        value="Value",
        made_of="Made of",
        trend="12 months",
        definition="Definition",
        formula="Formula",
        unit="Unit",
        source="Source",
        units={
            "share": "a share: 100 % is all",
            "days": "days",
            "money": "money, in the company's currency",
            "points": "points, 0 to 100",
            "nps": "−100 to 100",
            "count": "a number",
            "metric": "what the metric counts",
        },
        part_of="{} of {}",
        over="over {}",
        at_risk_of="{} customers; ARR of all {}",
        days="{} days",
        trend_words="{} in {}, {} in {}; lowest {}, highest {}",
        trend_short="Not enough months",
        trend_away="No trend: scoring did not answer in time",
        groups_title="By group: {}",
        groups_caption="The largest groups first",
        accounts="Accounts",
        no_value="without a value",
        no_group="No group has an account that matches.",
        more_groups="There are more groups than these {}; the CSV has up to 500.",
        cohorts_title="Cohorts by the month of the start",
        cohorts_of_customers="Customers that have stayed, of those who began in the month",
        cohorts_of_revenue="ARR that has stayed, of the ARR when the first {} ended; growth counts",
        cohorts_note=(
            "The last cell of each row is as of {}. Tier, stage, owner and segment are those at the end of each column."
        ),
        cohorts_columns={"quarter": "quarter +{}", "year": "year +{}"},
        cohorts_start={"quarter": "first quarter", "year": "first year"},
        cohort_month="Start",
        cohort_customers="Customers",
        no_cohort="No customer who matches began in these years.",
        renewals_title="Renewals ahead",
        renewals_caption="Contracts of customers that end in this month, from today on, and in the 11 after it",
        overdue="Overdue, not decided",
        month="Month",
        contracts="Contracts",
        arr="ARR",
        arr_at_risk="ARR at risk",
        bar="At risk, and the rest",
        bar_words="{} of {} ARR at risk",
        bands={
            Band.RED: "red",
            Band.YELLOW: "yellow",
            Band.GREEN: "green",
            Band.INSUFFICIENT: "not enough data",
        },
        to_accounts="Show the accounts of these months",
    ),
    Locale.JAPANESE: KpiTexts(
        title="KPI",
        span="{} 〜 {}",
        known="{} 時点で把握していた内容です。",
        filters="期間・絞り込み・グループ",
        first="開始日",
        last="終了日",
        known_at="この日に把握していた内容で表示",
        tier="ティア",
        stage="ステージ",
        owner="担当者",
        segment="セグメント",
        cohort="コホート（開始月）",
        group="グループ化",
        no_groups="なし",
        groupings={
            "tier": "ティア",
            "stage": "ステージ",
            "owner": "担当者",
            "segment": "セグメント",
            "cohort": "コホート",
        },
        columns="グループ表の列（12件まで）",
        cohort_step="コホートの単位",
        cohort_steps={"quarter": "四半期", "year": "年"},
        apply="適用",
        reset="すべて解除",
        csv="CSVをダウンロード",
        mine="自分の担当",
        stages={
            "onboarding": "導入期：どれだけ早く価値を得たか",
            "adoption": "活用期：使われているか、どう評価されているか",
            "expansion": "拡大期：どれだけ伸びたか",
            "all": "継続：誰が残り、どれだけの価値があるか",
            "renewal": "更新期：件数と金額でどれだけ更新されたか",
        },
        kpi="KPI",
        value="値",
        made_of="内訳",
        trend="12か月の推移",
        definition="定義",
        formula="計算式",
        unit="単位",
        source="データ",
        units={
            "share": "割合（100%がすべて）",
            "days": "日数",
            "money": "金額（自社の通貨）",
            "points": "点数（0〜100）",
            "nps": "−100〜100",
            "count": "件数",
            "metric": "指標の値",
        },
        part_of="{1} のうち {0}",
        over="対象 {}",
        at_risk_of="{} 社、全体のARR {}",
        days="{} 日",
        trend_words="{1}は{0}、{3}は{2}、最低{4}、最高{5}",
        trend_short="月数が足りません",
        trend_away="推移なし：スコアリングが時間内に応答しませんでした",
        groups_title="グループ別：{}",
        groups_caption="大きいグループから順に表示",
        accounts="アカウント数",
        no_value="値なし",
        no_group="条件に合うアカウントのあるグループはありません。",
        more_groups="これら {} 件のほかにもグループがあります。CSVには500件まで含まれます。",
        cohorts_title="開始月別のコホート",
        cohorts_of_customers="その月に開始した顧客のうち、残っている割合",
        cohorts_of_revenue="最初の{}末のARRに対する、残っているARRの割合（増額を含む）",
        cohorts_note="各行の最後のセルは {} 時点です。ティア・ステージ・担当者・セグメントは各列の期末のものです。",
        cohorts_columns={"quarter": "+{} 四半期", "year": "+{} 年"},
        cohorts_start={"quarter": "最初の四半期", "year": "最初の年"},
        cohort_month="開始月",
        cohort_customers="顧客数",
        no_cohort="この期間に開始した該当する顧客はいません。",
        renewals_title="今後の更新",
        renewals_caption="今日以降の今月と、その後の11か月に満了する顧客の契約",
        overdue="期限超過（更新未定）",
        month="月",
        contracts="契約数",
        arr="ARR",
        arr_at_risk="リスクのあるARR",
        bar="リスクのある分と残り",
        bar_words="ARR {1} のうち {0} にリスク",
        bands={Band.RED: "赤", Band.YELLOW: "黄", Band.GREEN: "緑", Band.INSUFFICIENT: "データ不足"},
        to_accounts="これらの月のアカウントを表示",
    ),
}
