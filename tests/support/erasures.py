"""Searches every column of every table for words that must be nowhere: plain, in JSON, and in any coding of bytes."""

import base64
import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = :schema ORDER BY table_name, ordinal_position
"""


async def traces(engine: AsyncEngine, schema: str, words: Iterable[str]) -> dict[str, list[str]]:
    """By table and column, the words that were found; empty if there are none."""
    found: dict[str, list[str]] = {}
    wanted = {word: _codings(word) for word in words}
    async with engine.connect() as connection:
        columns = (await connection.execute(text(_COLUMNS), {"schema": schema})).all()
        for table, column in columns:
            rows = (await connection.execute(text(f'SELECT "{column}" FROM "{schema}"."{table}"'))).scalars().all()
            held = b"\0".join(_bytes(value) for value in rows if value is not None)
            hits = [word for word, codings in wanted.items() if any(one in held for one in codings)]
            if hits:
                found[f"{schema}.{table}.{column}"] = hits
    return found


def _codings(word: str) -> Sequence[bytes]:
    """The bytes that a word may be: UTF-8, UTF-16, hexadecimal, Base64 at each of three places, JSON's escapes."""
    plain = word.encode()
    inner = [base64.b64encode(b"\0" * pad + plain)[(4 if pad else 0) : -4] for pad in range(3)]
    return [
        plain,
        word.lower().encode(),
        word.encode("utf-16-le"),
        word.encode("utf-16-be"),
        plain.hex().encode(),
        plain.hex().upper().encode(),
        *(one for one in inner if len(one) >= 4),
        json.dumps(word)[1:-1].encode(),
        json.dumps(word, ensure_ascii=False)[1:-1].encode(),
    ]


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)).encode()
