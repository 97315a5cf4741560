# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""The words of the message that tells one person what stands in their accounts after an import."""


class EnglishFirstLook:
    def title(self, accounts: int, found: str) -> str:
        return f"First look at {accounts:,} accounts: {found}"

    def title_of_one(self, name: str, found: str) -> str:
        return f"First look at {name}: {found}"

    def lead(self) -> str:
        return "What stands now that the data has come in. Changes from here on are told one by one."

    def found(self, *, red: int, yellow: int, other: int, renewals: int) -> str:
        counts = ((red, "red"), (yellow, "yellow"), (other, "with something open"), (renewals, "up for renewal"))
        return ", ".join(f"{count:,} {what}" for count, what in counts if count)

    def band(self, band: str, score: int) -> str:
        return f"{band} {score}"

    def at_risk(self, arr: str) -> str:
        return f"ARR at risk {arr}"

    def well(self, count: int) -> str:
        return f"{count:,} need nothing"

    def rest(self, count: int) -> str:
        return f"And {count:,} more"

    def open_accounts(self) -> str:
        return "Open the accounts"

    def query(self, path: str) -> str:
        return f"All of them: GET {path}"


class JapaneseFirstLook:
    def title(self, accounts: int, found: str) -> str:
        return f"{accounts:,}アカウントの初回チェック：{found}"

    def title_of_one(self, name: str, found: str) -> str:
        return f"{name}様の初回チェック：{found}"

    def lead(self) -> str:
        return "データ取り込み完了時点の状況です。今後の変化は、アカウントごとにお知らせします。"

    def found(self, *, red: int, yellow: int, other: int, renewals: int) -> str:
        counts = ((red, "赤"), (yellow, "黄"), (other, "その他の要対応"), (renewals, "更新間近"))
        return "、".join(f"{what}{count:,}件" for count, what in counts if count)

    def band(self, band: str, score: int) -> str:
        return f"{band}（{score}）"

    def at_risk(self, arr: str) -> str:
        return f"リスクのあるARR {arr}"

    def well(self, count: int) -> str:
        return f"対応不要{count:,}件"

    def rest(self, count: int) -> str:
        return f"ほか{count:,}件"

    def open_accounts(self) -> str:
        return "アカウント一覧を開く"

    def query(self, path: str) -> str:
        return f"全件の一覧：GET {path}"
