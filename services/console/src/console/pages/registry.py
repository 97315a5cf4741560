"""The pages that there are, in the order of the navigation. A page is a folder here, and a line in this list."""

from typing import Final

from console.pages.account.page import ACCOUNT
from console.pages.administration.page import ADMINISTRATION
from console.pages.alerts.page import ALERTS
from console.pages.audit.page import AUDIT
from console.pages.data.page import DATA
from console.pages.dead_letters.page import DEAD_LETTERS
from console.pages.erasures.page import ERASURES
from console.pages.keys.page import KEYS
from console.pages.kpis.page import KPIS
from console.pages.people.page import PEOPLE
from console.pages.portfolio.page import PORTFOLIO
from console.pages.system.page import SYSTEM
from console.web.page import ConsolePage

PAGES: Final[tuple[ConsolePage, ...]] = (
    PORTFOLIO,
    ACCOUNT,
    KPIS,
    ALERTS,
    DATA,
    SYSTEM,
    AUDIT,
    ADMINISTRATION,
    PEOPLE,
    KEYS,
    DEAD_LETTERS,
    ERASURES,
)
