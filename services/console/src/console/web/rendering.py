"""Fills templates. Everything that goes into one is escaped, and a name that it does not know is an error."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse

from console.access.roles import Act
from console.languages.formats import Formats
from console.languages.locale import Locale
from console.web.addresses import account_address
from console.web.forms import TOKEN_FIELD, own_address
from console.web.static_files import static_files
from console.web.texts import LAYOUT
from console.web.visit import Visit, requested_locale

_ROOT = Path(__file__).parents[1]


class NavigationEntry(Struct, frozen=True):
    path: str
    titles: Mapping[Locale, str]
    act: Act | None = None


class PageRenderer:
    """A template is named by its path below the package: `pages/portfolio/portfolio.html`."""

    def __init__(self, navigation: Sequence[NavigationEntry], *, zone: tzinfo) -> None:
        self._navigation = tuple(navigation)
        self._zone = zone
        self._environment = _environment()

    def formats(self, locale: Locale) -> Formats:
        return Formats(locale, self._zone)

    def page(
        self,
        template: str,
        request: Request,
        visit: Visit | None,
        *,
        status: int = 200,
        here: str | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """Inside the layout, in the visit's language; `values` are the template's own names.

        `here` is where the choice of a language leads back to, if that is not the request's own address.
        """
        locale = requested_locale(request) if visit is None else visit.locale
        text = self._environment.get_template(template).render(
            locale=locale,
            layout=LAYOUT[locale],
            formats=self.formats(locale),
            navigation=[] if visit is None else [one for one in self._navigation if visit.may(one.act)],
            path=request.url.path,
            here=here or own_address(request),
            visit=visit,
            **values,
        )
        return HTMLResponse(text, status, headers={"content-language": locale, "vary": "accept-language, cookie"})


@cache
def _environment() -> Environment:
    """One for the process: to compile a template takes longer than to render it."""
    environment = Environment(
        loader=FileSystemLoader(_ROOT),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["static"] = static_files().address
    environment.globals["token_field"] = TOKEN_FIELD
    environment.globals["account_address"] = account_address
    return environment
