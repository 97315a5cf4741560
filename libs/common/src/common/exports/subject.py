"""Whom an export is about, and the parameters by which statements find their rows."""

import re
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, LargeBinary, Select, Text, and_, any_, bindparam, cast, func
from sqlalchemy.dialects.postgresql import ARRAY

ACCOUNT: Final = bindparam("account", type_=Text)
USER: Final = bindparam("user", type_=Text)
PSEUDONYM: Final = bindparam("pseudonym", type_=LargeBinary)
_USER_IN_JSON: Final = bindparam("user_in_json", type_=Text)


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
            "account_pattern": _pattern(self.account_id),
            "pseudonym": self.pseudonym,
            "user": user_id,
            "user_in_json": f'"{_in_json(user_id)}"',
            "user_text": _in_json(user_id),
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
    return and_(
        func.strpos(text, bindparam(f"{who}_text", type_=Text)) > 0,
        text.regexp_match(bindparam(f"{who}_pattern", type_=Text)),
    )


def _in_json(value: str) -> str:
    return msgspec.json.encode(value).decode()[1:-1]


def _pattern(value: str) -> str:
    """A regular expression of PostgreSQL for the id between characters that no id has."""
    return rf"(^|[^[:alnum:]_.@-]){re.escape(_in_json(value))}($|[^[:alnum:]_@-])"
