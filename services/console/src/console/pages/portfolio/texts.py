# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""The texts of the portfolio."""

from collections.abc import Mapping

from msgspec import Struct

from common.contracts.signals import Band
from console.languages.locale import Locale


class PortfolioTexts(Struct, frozen=True, kw_only=True):
    """`{}` in a text is filled in."""

    title: str
    summary: str
    accounts: str
    arr: str
    arr_at_risk: str
    arr_unknown: str
    share: str
    moved: str
    moved_to: Mapping[Band, str]
    nothing_moved: str
    score_from_to: str
    filters: str
    band: str
    status: str
    tier: str
    stage: str
    segment: str
    cohort: str
    owner: str
    parent: str
    starts_with: str
    renewal_within: str
    contract_end_from: str
    contract_end_to: str
    overdue_only: str
    overdue: str
    order: str
    group: str
    no_groups: str
    apply: str
    reset: str
    mine: str
    csv: str
    columns: Mapping[str, str]
    bands: Mapping[Band, str]
    statuses: Mapping[str, str]
    sorts: Mapping[str, str]
    caption: str
    order_of: str
    no_order: str
    nobody: str
    nobody_owns: str
    no_parent: str
    more_groups: str
    trend: str
    trend_short: str
    unreadable: str
    page: str
    first_page: str
    previous_page: str
    next_page: str


PORTFOLIO_TEXTS: Mapping[Locale, PortfolioTexts] = {
    Locale.ENGLISH: PortfolioTexts(
        title="Portfolio",
        summary="Summary of the accounts that match",
        accounts="Accounts",
        arr="ARR",
        arr_at_risk="ARR at risk",
        arr_unknown="{} without a known ARR",
        share="{} of all",
        moved="What moved this week",
        moved_to={
            Band.RED: "Turned red",
            Band.YELLOW: "Turned yellow",
            Band.GREEN: "Turned green",
            Band.INSUFFICIENT: "Now without enough data",
        },
        nothing_moved="No account has changed its band this week.",
        score_from_to="score {} to {}",
        filters="Filters and order",
        band="Band",
        status="Status",
        tier="Tier",
        stage="Stage",
        segment="Segment",
        cohort="Cohort (month of the start)",
        owner="Owner",
        parent="Parent account",
        starts_with="Name or id begins with",
        renewal_within="Renewal within days",
        contract_end_from="Contract ends from",
        contract_end_to="Contract ends up to",
        overdue_only="only overdue: the contract is over",
        overdue="overdue: ended {}",
        order="Order",
        group="Group by",
        no_groups="no groups",
        apply="Apply",
        reset="Clear all",
        mine="My accounts",
        csv="Download as CSV",
        columns={
            "name": "Account",
            "band": "Band",
            "score": "Score",
            "trend": "Four weeks",
            "change": "14 days",
            "arr": "ARR",
            "renewal": "Renewal",
            "owner": "Owner",
            "stage": "Stage",
            "reason": "First reason",
        },
        bands={
            Band.RED: "red",
            Band.YELLOW: "yellow",
            Band.GREEN: "green",
            Band.INSUFFICIENT: "not enough data",
        },
        statuses={"active": "active", "leaving": "leaving", "churned": "left", "merged": "merged"},
        sorts={
            "score": "lowest score first",
            "-score": "highest score first",
            "arr": "smallest ARR first",
            "-arr": "largest ARR first",
            "renewal": "next renewal first",
            "-renewal": "last renewal first",
            "name": "by name, A first",
            "-name": "by name, Z first",
            "band": "worst band first",
            "-band": "best band first",
        },
        caption="Accounts, {}",
        order_of="The order of the pages is by the scores of {}.",
        no_order="Scoring is still putting the accounts in order.",
        nobody="No account matches these filters.",
        nobody_owns="without an owner",
        no_parent="without a parent",
        more_groups="There are more groups than these {}.",
        trend="{} on {}, {} now; lowest {}, highest {}",
        trend_short="Not enough days yet",
        unreadable="The state of this account cannot be read.",
        page="Page {}: accounts {} to {} of {}",
        first_page="First page",
        previous_page="Previous page",
        next_page="Next page",
    ),
    Locale.JAPANESE: PortfolioTexts(
        title="ポートフォリオ",
        summary="該当するアカウントの概要",
        accounts="アカウント数",
        arr="ARR",
        arr_at_risk="リスクのあるARR",
        arr_unknown="ARR不明 {} 件",
        share="全体の {}",
        moved="今週の変化",
        moved_to={
            Band.RED: "赤に変化",
            Band.YELLOW: "黄に変化",
            Band.GREEN: "緑に変化",
            Band.INSUFFICIENT: "データ不足に変化",
        },
        nothing_moved="今週、判定が変わったアカウントはありません。",
        score_from_to="スコア {} → {}",
        filters="絞り込みと並び順",
        band="判定",
        status="状態",
        tier="ティア",
        stage="ステージ",
        segment="セグメント",
        cohort="コホート（開始月）",
        owner="担当者",
        parent="親アカウント",
        starts_with="名前またはIDの先頭",
        renewal_within="更新までの日数（以内）",
        contract_end_from="契約満了日（から）",
        contract_end_to="契約満了日（まで）",
        overdue_only="期限超過のみ（契約満了済み）",
        overdue="期限超過（{}に満了）",
        order="並び順",
        group="グループ化",
        no_groups="なし",
        apply="適用",
        reset="すべて解除",
        mine="自分の担当",
        csv="CSVをダウンロード",
        columns={
            "name": "アカウント",
            "band": "判定",
            "score": "スコア",
            "trend": "4週間の推移",
            "change": "14日間の変化",
            "arr": "ARR",
            "renewal": "更新日",
            "owner": "担当者",
            "stage": "ステージ",
            "reason": "主な要因",
        },
        bands={Band.RED: "赤", Band.YELLOW: "黄", Band.GREEN: "緑", Band.INSUFFICIENT: "データ不足"},
        statuses={"active": "契約中", "leaving": "解約予定", "churned": "解約済み", "merged": "統合済み"},
        sorts={
            "score": "スコアの低い順",
            "-score": "スコアの高い順",
            "arr": "ARRの小さい順",
            "-arr": "ARRの大きい順",
            "renewal": "更新日の近い順",
            "-renewal": "更新日の遠い順",
            "name": "名前の昇順",
            "-name": "名前の降順",
            "band": "判定の悪い順",
            "-band": "判定の良い順",
        },
        caption="アカウント（{}）",
        order_of="ページの並びは{}時点のスコアによります。",
        no_order="スコア順の並び替えがまだ完了していません。",
        nobody="条件に合うアカウントはありません。",
        nobody_owns="担当者なし",
        no_parent="親アカウントなし",
        more_groups="これら {} 件のほかにもグループがあります。",
        trend="{1}は{0}、現在{2}、最低{3}、最高{4}",
        trend_short="日数が足りません",
        unreadable="このアカウントの状態を読み取れません。",
        page="{} ページ目：{}〜{} 件目（全 {} 件）",
        first_page="最初のページ",
        previous_page="前のページ",
        next_page="次のページ",
    ),
}
