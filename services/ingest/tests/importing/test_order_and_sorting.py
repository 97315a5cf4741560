"""Late rows are counted, and sorting puts them in order without holding the file in memory."""

from collections.abc import Sequence
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from ingest.importing.errors import RowError
from ingest.importing.order import TimeOrder
from ingest.importing.rows import EventToPost, FileRow, RefusedRow
from ingest.importing.sorting import RowSorter


def event(number: int, account_id: str, at: float) -> EventToPost:
    row = FileRow(number, number + 1, ["a cell", None, {"score": number}])
    return EventToPost(row, account_id, "report.created", at, b"{}")


def order_of(*events: tuple[str, float], most_accounts: int = 10) -> TimeOrder:
    order = TimeOrder(most_accounts=most_accounts)
    for number, (account_id, at) in enumerate(events, 1):
        order.add(event(number, account_id, at))
    return order


def test_a_row_is_late_behind_a_younger_one_of_its_account() -> None:
    order = order_of(("acme", 5.0), ("bolt", 1.0), ("acme", 5.0), ("acme", 2.0), ("acme", 4.0), ("bolt", 3.0))
    assert (order.late, order.most, order.rows, order.accounts) == (2, 3.0, 6, 2)


def test_rows_without_a_time_are_in_order() -> None:
    assert order_of(("acme", -inf), ("acme", -inf)).late == 0


def test_accounts_beyond_the_bound_are_not_looked_at() -> None:
    assert order_of(("acme", 5.0), ("bolt", 5.0), ("bolt", 1.0), ("acme", 1.0), most_accounts=1).late == 1


_times = st.one_of(st.integers(0, 5).map(float), st.just(-inf))
_rows = st.lists(st.tuples(st.sampled_from("abc"), _times, st.booleans()), max_size=40)


@given(rows=_rows)
def test_events_are_sorted_by_account_and_time_and_by_row(rows: Sequence[tuple[str, float, bool]]) -> None:
    """A row's first cell is its account, its second the time, its third whether it is taken."""
    file_rows = [FileRow(number, number + 1, cells, {"x": number}) for number, cells in enumerate(rows, 1)]

    def plan(row: FileRow) -> EventToPost | RefusedRow:
        account_id, at, good = row.cells
        if not good:
            return RefusedRow(row, (RowError("", "missing", "no account"),))
        return EventToPost(row, account_id, "report.created", at, b"{}")

    sorter = RowSorter(iter(file_rows), plan)
    found = [*sorter.outcomes()]

    outcomes = [*map(plan, file_rows)]
    refused = [each for each in outcomes if isinstance(each, RefusedRow)]
    events = [each for each in outcomes if isinstance(each, EventToPost)]
    assert found[: len(refused)] == refused
    in_order = sorted(events, key=lambda each: (each.account_id, each.at, each.row.number))
    assert [(each.row.number, each.row.line, each.row.others) for each in found[len(refused) :]] == [
        (each.row.number, each.row.line, each.row.others) for each in in_order
    ]
    assert sorter.fraction() == (1.0 if events else 0.0)
