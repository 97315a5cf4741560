"""The pages that there are, in the order of the navigation. A page is a folder here, and a line in this list."""

from typing import Final

from console.pages.audit.page import AUDIT
from console.pages.kpis.page import KPIS
from console.pages.portfolio.page import PORTFOLIO
from console.web.page import ConsolePage

PAGES: Final[tuple[ConsolePage, ...]] = (PORTFOLIO, KPIS, AUDIT)
