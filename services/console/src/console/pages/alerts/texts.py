# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""The texts of the alerts page."""

from collections.abc import Mapping

from msgspec import Struct

from common.contracts.signals import Band, Kind, Severity
from console.languages.locale import Locale


class AlertsTexts(Struct, frozen=True, kw_only=True):
    """`{}` in a text is filled in. `reasons` and `failures` are by the words that alerts has for them."""

    title: str
    filters: str
    state: str
    states: Mapping[str, str]
    severity: str
    severities: Mapping[Severity, str]
    message: str
    statuses: Mapping[str, str]
    owner: str
    account: str
    receiver: str
    days: str
    told: str
    either: str
    yes: str
    no: str
    apply: str
    mine: str
    reset: str
    by_owner: str
    one_by_one: str
    nobody_owns: str
    nothing: str
    caption: str
    alerts: str
    critical: str
    accounts: str
    newest: str
    more_owners: str
    what: str
    when: str
    became: str
    acts: str
    kinds: Mapping[Kind, str]
    bands: Mapping[Band, str]
    line_kinds: Mapping[str, str]
    verdicts: Mapping[str, str]
    reasons: Mapping[str, str]
    failures: Mapping[str, str]
    more_lines: str
    taken: str
    resent_by: str
    resent_on: str
    note: str
    take: str
    take_of: str
    resend: str
    resend_of: str
    taken_by_you: str
    taken_before: str
    resent: str
    nothing_failed: str
    unreadable: str
    page: str
    first_page: str
    previous_page: str
    next_page: str


ALERTS_TEXTS: Mapping[Locale, AlertsTexts] = {
    Locale.ENGLISH: AlertsTexts(
        title="Alerts",
        filters="Filters",
        state="State",
        states={"open": "open: nobody has it in hand, and it is not over", "taken": "in hand", "all": "all"},
        severity="Severity",
        severities={Severity.CRITICAL: "critical", Severity.WARNING: "warning", Severity.INFO: "info"},
        message="Message",
        statuses={
            "sent": "sent",
            "pending": "to be sent",
            "held": "waits for a timer",
            "failed": "failed",
            "dropped": "dropped",
        },
        owner="Owner",
        account="Account id",
        receiver="Receiver",
        days="Days back",
        told="Told",
        either="either",
        yes="yes",
        no="no",
        apply="Apply",
        mine="My alerts",
        reset="Without filters",
        by_owner="By owner",
        one_by_one="One by one",
        nobody_owns="nobody",
        nothing="There is no such alert.",
        caption="The newest first",
        alerts="Alerts",
        critical="Critical",
        accounts="Accounts",
        newest="Newest",
        more_owners="Only the first {} owners are shown.",
        what="What happened",
        when="When",
        became="What became of it",
        acts="Act",
        kinds={
            Kind.BAND: "Band: {}",
            Kind.FLAG: "Flag: {}",
            Kind.MILESTONE_MISSED: "Missed: {}",
            Kind.OUTCOME: "Outcome: {}",
            Kind.CONTRACTION: "Contract got smaller",
            Kind.FIRST_LOOK: "First look: {}",
            Kind.RETRACTED: "Reported by mistake: {}",
            Kind.RENEWAL_WINDOW: "Renewal is near",
            Kind.EXPANSION_READY: "Ready for expansion",
            Kind.ONBOARDING_LATE: "Onboarding is late",
            Kind.VALUE_REACHED: "Value reached: {}",
        },
        bands={
            Band.GREEN: "green",
            Band.YELLOW: "yellow",
            Band.RED: "red",
            Band.INSUFFICIENT: "insufficient data",
        },
        line_kinds={"told": "Told", "waits": "Waits", "failed": "Failed", "kept": "Not told"},
        verdicts={"tell": "to be told", "keep": "recorded only", "wait": "decided later"},
        reasons={},
        failures={},
        more_lines="and {} more",
        taken="{} has it in hand since {}",
        resent_by="{} asked to send it again on {}.",
        resent_on="Somebody asked to send it again on {}.",
        note="Note",
        take="Take in hand",
        take_of="Take in hand: {}",
        resend="Send again",
        resend_of="Send again: {}",
        taken_by_you="{}: you have it in hand. Nobody is told of it again until it gets worse.",
        taken_before="{}: {} has it in hand already.",
        resent="{}: what failed is decided again, and sent if it still stands.",
        nothing_failed="{}: nothing is left to send again. Somebody may have done it before.",
        unreadable="This alert cannot be read.",
        page="Page {}",
        first_page="First page",
        previous_page="Previous page",
        next_page="Next page",
    ),
    Locale.JAPANESE: AlertsTexts(
        title="アラート",
        filters="絞り込み",
        state="状態",
        states={"open": "未対応（担当者なし、未回復）", "taken": "対応中", "all": "すべて"},
        severity="重要度",
        severities={Severity.CRITICAL: "重大", Severity.WARNING: "警告", Severity.INFO: "情報"},
        message="メッセージ",
        statuses={
            "sent": "送信済み",
            "pending": "送信待ち",
            "held": "タイマー待ち",
            "failed": "送信失敗",
            "dropped": "取り消し",
        },
        owner="担当者",
        account="アカウント番号",
        receiver="送信先",
        days="過去の日数",
        told="通知",
        either="すべて",
        yes="通知あり",
        no="通知なし",
        apply="適用",
        mine="自分のアラート",
        reset="絞り込みを解除",
        by_owner="担当者別",
        one_by_one="一覧",
        nobody_owns="担当者なし",
        nothing="該当するアラートはありません。",
        caption="新しい順",
        alerts="アラート数",
        critical="重大",
        accounts="アカウント数",
        newest="最新",
        more_owners="最初の {} 人のみ表示しています。",
        what="内容",
        when="日時",
        became="通知の状況",
        acts="操作",
        kinds={
            Kind.BAND: "判定: {}",
            Kind.FLAG: "フラグ: {}",
            Kind.MILESTONE_MISSED: "未達: {}",
            Kind.OUTCOME: "結果: {}",
            Kind.CONTRACTION: "契約の縮小",
            Kind.FIRST_LOOK: "初回の確認: {}",
            Kind.RETRACTED: "誤報の取り消し: {}",
            Kind.RENEWAL_WINDOW: "更新時期が近い",
            Kind.EXPANSION_READY: "拡大の準備ができている",
            Kind.ONBOARDING_LATE: "導入の遅れ",
            Kind.VALUE_REACHED: "価値の実現: {}",
        },
        bands={Band.GREEN: "緑", Band.YELLOW: "黄", Band.RED: "赤", Band.INSUFFICIENT: "データ不足"},
        line_kinds={"told": "通知済み", "waits": "待機中", "failed": "失敗", "kept": "通知なし"},
        verdicts={"tell": "通知予定", "keep": "記録のみ", "wait": "後で判断"},
        reasons={
            "new": "新規",
            "worse than last told": "前回の通知より悪化",
            "told last longer ago than the repeat interval": "前回の通知から再通知間隔が経過",
            "recovered": "回復",
            "reported by mistake, and told before": "誤報（通知済みだったもの）",
            "came back within repeat_interval, and has stood for twice that long": "再発し、継続している",
            "handed on, the way before it failed": "前の送信手段が失敗したため引き継ぎ",
            "sent again on request, after it had failed": "失敗後、依頼により再送",
            "told in a first look": "初回の確認で通知",
            "history": "過去データの取り込み",
            "the routes tell nobody": "ルートに送信先がない",
            "overtaken before told": "通知前に新しい状況で置き換え",
            "recovered before told": "通知前に回復",
            "withdrawn before told": "通知前に取り消し",
            "nothing was told of what is withdrawn": "取り消された内容は通知されていない",
            "not worse than last told": "前回の通知より悪化していない",
            "better, but not recovered": "改善したが回復ではない",
            "told within the repeat interval": "再通知間隔内に通知済み",
            "within resolve_after": "回復の確定前",
            "acknowledged": "対応中",
            "the account has left": "解約済みのアカウント",
            "the account has another owner now": "担当者が変わった",
            "merged": "統合済み",
            "nothing stands": "問題なし",
            "it waited, and what was stored of it cannot be read": "保存された内容を読み取れない",
            "late, waits for word that scoring has caught up": "遅延（スコアリングが追いつくのを待機）",
            "recovered, waits until it has held for resolve_after": "回復（継続の確認待ち）",
            "within repeat_interval": "再通知間隔内",
            "gathered into a first look": "初回の確認にまとめて通知",
        },
        failures={
            "rate limited": "送信数の上限",
            "the channel answered that it is not available": "送信先サービスが利用不可",
            "the channel could not be reached": "送信先に接続できない",
            "no answer in time": "応答なし",
            "an answer that the channel does not give": "不正な応答",
            "refused": "拒否",
            "the channel refuses our credentials": "認証情報の拒否",
            "not allowed, or no such address": "許可されていない、または宛先がない",
            "not delivered in the time given": "期限内に届かなかった",
            "cut short": "中断",
            "what is stored of it cannot be read": "保存された内容を読み取れない",
        },
        more_lines="他 {} 件",
        taken="{} が対応中（{} から）",
        resent_by="{} が再送を依頼しました（{}）。",
        resent_on="再送が依頼されました（{}）。",
        note="メモ",
        take="対応する",
        take_of="対応する: {}",
        resend="再送",
        resend_of="再送: {}",
        taken_by_you="{}: あなたが対応中です。悪化するまで再通知されません。",
        taken_before="{}: すでに {} が対応中です。",
        resent="{}: 失敗したメッセージを再判断し、まだ該当する場合は送信します。",
        nothing_failed="{}: 再送するものはありません。すでに再送された可能性があります。",
        unreadable="このアラートは読み取れません。",
        page="{} ページ",
        first_page="最初のページ",
        previous_page="前のページ",
        next_page="次のページ",
    ),
}
