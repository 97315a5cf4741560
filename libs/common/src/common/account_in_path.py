"""An account's id from a path as it was sent: an encoded slash belongs to the id."""

from typing import Final
from urllib.parse import unquote

from starlette.requests import Request

from common.problems import Problem

ID_CHARS: Final = 512
_ACCOUNTS: Final = "/v1/accounts/"


def account_in_path(request: Request, *, end: str = "", longest: int = ID_CHARS) -> str:
    """The id is all between `/v1/accounts/` and `end`. Raises the `Problem` to be answered."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    try:
        path = raw.partition(b"?")[0].decode("ascii").removeprefix(_ACCOUNTS).removesuffix(end)
        account_id = unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise Problem(422, "bad_account_id", "the account's id in the path is not percent-encoded UTF-8") from None
    if not 0 < len(account_id) <= longest or "\0" in account_id:
        raise Problem(422, "bad_account_id", f"an account's id has 1 to {longest} characters, and no U+0000")
    return account_id
