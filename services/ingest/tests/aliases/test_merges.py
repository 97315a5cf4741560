"""Which merges are taken, and where chains of them end."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest.aliases.merge import Alias, Merge, decide_merges, last_of_chains
from ingest.errors import FieldErrorReason

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def merge(account_id: str, into: str, *, minutes: int = 0) -> Merge:
    return Merge(account_id, Alias(into, NOON + timedelta(minutes=minutes)), "crm", f"{account_id}>{into}")


def stored(**into: str) -> dict[str, Alias]:
    return {account_id: Alias(other, NOON) for account_id, other in into.items()}


@pytest.mark.parametrize(
    ("before", "asked", "reasons"),
    [
        # Nobody goes on as themselves.
        ({}, [merge("a", "a")], ["merge_cycle"]),
        # The other one goes on as this one, at once or in the end.
        ({"b": "a"}, [merge("a", "b")], ["merge_cycle"]),
        ({"b": "c", "c": "a"}, [merge("a", "b")], ["merge_cycle"]),
        # The first merge of the request closes what the second would make a circle.
        ({}, [merge("a", "b"), merge("b", "a")], ["merge_cycle"]),
        # Merges may follow each other, in any order.
        ({"b": "c"}, [merge("a", "b")], []),
        ({"a": "b"}, [merge("b", "c")], []),
        # The same merge again, and one into yet another account.
        ({"a": "b"}, [merge("a", "b")], []),
        ({"a": "b"}, [merge("a", "c")], []),
    ],
)
def test_a_merge_is_refused_if_it_ends_where_it_began(
    before: dict[str, str], asked: list[Merge], reasons: list[str]
) -> None:
    decided = decide_merges(stored(**before), asked, room=10)
    assert [error.reason.value for error in decided.refused.values()] == reasons
    assert {error.field for error in decided.refused.values()} <= {"properties.into"}
    assert len(decided.written) + len(decided.refused) == len(asked)


def test_the_merge_of_the_latest_time_counts_and_an_older_one_is_no_error() -> None:
    decided = decide_merges(stored(a="b"), [merge("a", "c", minutes=-1)], room=10)
    assert (decided.written, decided.refused) == ({}, {})
    newest = [merge("a", "c", minutes=2), merge("a", "d", minutes=1), merge("a", "e", minutes=2)]
    assert decide_merges({}, newest, room=10).written == {"a": newest[2]}


def test_there_is_an_end_to_how_many_accounts_are_merged_and_others_may_be_merged_again() -> None:
    decided = decide_merges(stored(a="b"), [merge("c", "d"), merge("a", "e", minutes=1)], room=0)
    assert [error.reason for error in decided.refused.values()] == [FieldErrorReason.TOO_MANY_MERGES]
    assert list(decided.written) == ["a"]


def test_a_chain_ends_at_its_last_account() -> None:
    assert last_of_chains(stored(a="b", b="c", x="c", c="d")) == {"a": "d", "b": "d", "x": "d", "c": "d"}
    # Nobody but a hand can store a circle. Every account of it has an end.
    circle = last_of_chains(stored(a="b", b="a", c="a"))
    assert set(circle) <= {"a", "b", "c"}
