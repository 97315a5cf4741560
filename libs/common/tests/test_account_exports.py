"""A document is written while it is read: little of it is held, and one that breaks off has no end."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from common.database_errors import DatabaseUnavailable
from common.exports.account_exports import AccountExports
from common.exports.subject import ExportSubject
from common.problems import Problem

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Pages:
    """A section of so many pages of two rows; `away` is the page at which PostgreSQL is gone."""

    about_users = True

    def __init__(self, name: str, count: int, *, away: int | None = None) -> None:
        self.name = name
        self.read = 0
        self._count = count
        self._away = away

    async def pages(self, subject: ExportSubject) -> AsyncIterator[Sequence[Any]]:
        for number in range(self._count):
            if number == self._away:
                raise DatabaseUnavailable("gone")
            self.read += 1
            yield [{"row": 2 * number}, {"row": 2 * number + 1}]


def exports(*sections: Pages) -> AccountExports:
    return AccountExports("scoring", sections, lookup=None, key=None, now=lambda: NOW)


async def take(pieces: AsyncIterator[bytes], written: list[bytes]) -> None:
    async for piece in pieces:
        written.append(piece)


async def test_sections_are_there_without_rows_too() -> None:
    pieces = await exports(Pages("a", 0), Pages("b", 2), Pages("c", 0), Pages("d", 1)).open("acme", None)
    document = json.loads(b"".join([piece async for piece in pieces]))
    rows = [[one["row"] for one in document["sections"][name]] for name in "abcd"]
    assert rows == [[], [0, 1, 2, 3], [], [0, 1]]
    assert (document["as_of"], document["service"]) == ("2026-01-31T12:00:00Z", "scoring")


async def test_a_page_is_read_when_the_one_before_was_taken() -> None:
    section = Pages("a", 1_000)
    pieces = await exports(section).open("acme", None)
    assert section.read == 1, "to know that there is something"
    async for piece in pieces:
        assert section.read <= 20
        assert len(piece) < 200
        if section.read == 20:
            break
    await pieces.aclose()  # type: ignore[attr-defined]
    assert section.read == 20


async def test_one_that_is_away_from_the_start_is_a_503_and_later_the_document_has_no_end() -> None:
    with pytest.raises(Problem) as refused:
        await exports(Pages("a", 0), Pages("b", 1, away=0)).open("acme", None)
    assert refused.value.status == 503
    pieces = await exports(Pages("a", 3, away=2)).open("acme", None)
    written: list[bytes] = []
    with pytest.raises(DatabaseUnavailable):
        await take(pieces, written)
    assert b'{"row":3}' in b"".join(written)
    with pytest.raises(json.JSONDecodeError):
        json.loads(b"".join(written))


async def test_nothing_known_is_a_404() -> None:
    for user, code in ((None, "unknown_account"), ("ann", "unknown_user")):
        with pytest.raises(Problem) as refused:
            await exports(Pages("a", 0)).open("acme", user)
        assert (refused.value.status, refused.value.code) == (404, code)
