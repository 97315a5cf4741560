# ruff: noqa: RUF001 (full-width punctuation is what Japanese is written with)
"""The words of the message that tells one person what stands in their accounts after an import."""

from alerts.languages.language import FirstLookCounts
from alerts.languages.numbers import count


class EnglishFirstLook:
    def title(self, counts: FirstLookCounts) -> str:
        found = [f"{count(counts.red, 'en')} red"] if counts.red else []
        found += [f"{count(counts.yellow, 'en')} yellow"] if counts.yellow else []
        found += [f"{count(counts.other, 'en')} with something open"] if counts.other else []
        return f"{count(counts.accounts, 'en')} accounts came in: {', '.join(found)}"

    def title_of_one(self, name: str, what: str) -> str:
        return f"{name} came in: {what}"

    def lead(self) -> str:
        return "This is what stands after the import. Changes from now on are told one by one."

    def worth(self, arr: str, well: int) -> str:
        risk = [f"ARR at risk {arr}"] if arr else []
        return " · ".join([*risk, *([f"{count(well, 'en')} stand well"] if well else [])])

    def rest(self, count: int) -> str:
        return f"And {count:,} more"

    def open_accounts(self) -> str:
        return "Open the accounts"

    def query(self, path: str) -> str:
        return f"The full list: GET {path}"


class JapaneseFirstLook:
    def title(self, counts: FirstLookCounts) -> str:
        found = [f"赤{count(counts.red, 'ja')}件"] if counts.red else []
        found += [f"黄{count(counts.yellow, 'ja')}件"] if counts.yellow else []
        found += [f"その他の要対応{count(counts.other, 'ja')}件"] if counts.other else []
        return f"{count(counts.accounts, 'ja')}アカウントを取り込みました：{'、'.join(found)}"

    def title_of_one(self, name: str, what: str) -> str:
        return f"{name}様を取り込みました：{what}"

    def lead(self) -> str:
        return "取り込み完了時点の状況です。今後の変化は、アカウントごとにお知らせします。"

    def worth(self, arr: str, well: int) -> str:
        risk = [f"リスクのあるARR {arr}"] if arr else []
        return " ｜ ".join([*risk, *([f"問題なし{count(well, 'ja')}件"] if well else [])])

    def rest(self, count: int) -> str:
        return f"ほか{count:,}件"

    def open_accounts(self) -> str:
        return "アカウント一覧を開く"

    def query(self, path: str) -> str:
        return f"全件の一覧：GET {path}"
