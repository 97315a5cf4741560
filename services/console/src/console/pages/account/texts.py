"""The texts of the page about an account, by language."""

from collections.abc import Mapping

from console.languages.locale import Locale
from console.pages.account.account_texts import AccountTexts
from console.pages.account.english import ENGLISH
from console.pages.account.japanese import JAPANESE

ACCOUNT_TEXTS: Mapping[Locale, AccountTexts] = {Locale.ENGLISH: ENGLISH, Locale.JAPANESE: JAPANESE}
