"""Reads what a form posts, bounded in bytes and time, and checks that the form was ours."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, quote

from starlette.requests import Request

from common.json_body import read_bytes
from common.problems import Problem
from console.web.visit import Visit, require_form_token

TOKEN_FIELD: Final = "form_token"
_MOST_BYTES: Final = 20_000
_MOST_FIELDS: Final = 100
_SECONDS: Final = 10.0
_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"


async def read_form(request: Request, *, secret: str | None) -> Mapping[str, str]:
    """The fields of a form, the last value of each. Raises `StaleForm`, or the `Problem` of a body that is no form.

    `secret` is the cookie for which the form's token was made.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise Problem(415, "no_form", f"the body is no {_MEDIA_TYPE}")
    body = await read_bytes(request, most=_MOST_BYTES, seconds=_SECONDS)
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise Problem(422, "bad_form", "the body is not the fields of a form in UTF-8") from error
    found = {name: values[-1] for name, values in fields.items()}
    require_form_token(found.pop(TOKEN_FIELD, None), secret)
    return found


async def posted(request: Request, visit: Visit) -> Mapping[str, str]:
    """The fields of a form of a person who is signed in."""
    return await read_form(request, secret=visit.session)


def local_path(text: str | None) -> str:
    """Where to go on after signing in: a path of this console, and of no other site; else the first page."""
    if text is None or not text.startswith("/") or text.startswith("//") or len(text) > 2_000:
        return "/"
    # A browser takes a backslash for a slash, and drops control characters.
    return "/" if any(character == "\\" or not character.isprintable() for character in text) else text


def own_address(request: Request) -> str:
    """The path and the query of a request, still encoded: an id in a path may have any characters."""
    raw: bytes = request.scope.get("raw_path") or quote(request.url.path).encode()
    return raw.decode("latin-1") + (f"?{request.url.query}" if request.url.query else "")
