"""Whom an export is about, and the parameters by which statements find their rows."""

import re
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, LargeBinary, Select, Text, and_, any_, bindparam, cast, func, or_
from sqlalchemy.dialects.postgresql import ARRAY

ACCOUNT: Final = bindparam("account", type_=Text)
USER: Final = bindparam("user", type_=Text)
PSEUDONYM: Final = bindparam("pseudonym", type_=LargeBinary)
_USER_IN_JSON: Final = bindparam("user_in_json", type_=Text)
_ESCAPE: Final = r"\\(?:[bfnrt]|u[0-9a-f]{4})"


class ExportSubject(Struct, frozen=True):
    """An account, or one of its people. `pseudonym` is the account's, None without ERASURE_KEY."""

    account_id: str
    user_id: str | None = None
    pseudonym: bytes | None = None

    def parameters(self) -> dict[str, Any]:
        user_id = self.user_id or ""
        return {
            "account": self.account_id,
            "account_text": _in_json(self.account_id),
            "account_quoted": _quoted(self.account_id),
            "account_pattern": _pattern(self.account_id),
            "pseudonym": self.pseudonym,
            "user": user_id,
            "user_in_json": f'"{_in_json(user_id)}"',
            "user_text": _in_json(user_id),
            "user_quoted": _quoted(user_id),
            "user_pattern": _pattern(user_id),
        }


def says_user(document: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a JSON text that msgspec wrote has the user's id as one of its strings."""
    return func.strpos(cast(document, Text), _USER_IN_JSON) > 0


def is_one_of(column: ColumnElement[Any], found: Select[Any]) -> ColumnElement[bool]:
    """Like `IN`, but PostgreSQL runs the query first and can use an index even beside OR. For few rows."""
    return column == any_(func.array(found.scalar_subquery(), type_=ARRAY(Text)))


def mentions(document: ColumnElement[Any], who: str) -> ColumnElement[bool]:
    """Whether a JSON text quotes the id of the `account` or `user` as a word: `acme-2` does not mention `acme`."""
    text = cast(document, Text)
    once, twice = (func.strpos(text, bindparam(f"{who}_{name}", type_=Text)) > 0 for name in ("text", "quoted"))
    return and_(or_(once, twice), text.regexp_match(bindparam(f"{who}_pattern", type_=Text)))


def _in_json(value: str) -> str:
    return msgspec.json.encode(value).decode()[1:-1]


def _quoted(value: str) -> str:
    """As it is in a JSON text of which a string quotes it as JSON."""
    return _in_json(_in_json(value))


def _pattern(value: str) -> str:
    """A regular expression of PostgreSQL for the id between characters that no id has, or after an escape."""
    spellings = "|".join(re.escape(one) for one in sorted({_in_json(value), _quoted(value)}))
    return rf"(^|[^[:alnum:]_.@-]|{_ESCAPE})({spellings})($|[^[:alnum:]_@-])"
