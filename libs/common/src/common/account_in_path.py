"""The id of an account or a user in the path of a request. A percent-encoded slash is a part of the id.

In a route it is written `{account_id:any_text}`.
"""

from typing import Final
from urllib.parse import unquote

from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request

from common.problems import Problem

ID_CHARS: Final = 512


class _AnyText(PathConvertor):
    """Starlette's `path` matches no text with a line feed; this does."""

    regex = r"[\s\S]*"


register_url_convertor("any_text", _AnyText())


def account_in_path(request: Request, *, end: str = "", longest: int = ID_CHARS) -> str:
    """All between `/v1/accounts/` and `end`, decoded. Raises a `Problem` with status 422 for no good id."""
    return _id_in_path(request, "account", end, longest)


def user_in_path(request: Request, *, longest: int = ID_CHARS) -> str:
    """All after `/v1/users/`, decoded. Raises a `Problem` with status 422 for no good id."""
    return _id_in_path(request, "user", "", longest)


def _id_in_path(request: Request, whose: str, end: str, longest: int) -> str:
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    code = f"bad_{whose}_id"
    try:
        path = raw.partition(b"?")[0].decode("ascii").removeprefix(f"/v1/{whose}s/").removesuffix(end)
        found = unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise Problem(422, code, f"the {whose}'s id in the path is not percent-encoded UTF-8") from None
    if not 0 < len(found) <= longest or "\0" in found:
        raise Problem(422, code, f"the {whose}'s id has 1 to {longest} characters, and no U+0000")
    return found
