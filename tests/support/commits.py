"""Transactions made by hand, for what goes on between them."""

from scoring.partition.commit import Commit, LogPosition


def commit(
    partition: int,
    last: int,
    writer: str,
    account_id: str,
    *,
    newest: float = 1.0,
    seen: dict[int, bytes] | None = None,
) -> Commit:
    """As poor as a commit can be: nothing but the journal's own row could stop it."""
    return Commit(
        partition=partition,
        last_seq=last,
        writer=writer,
        position=LogPosition(to_offset=9, clock=newest, newest=newest),
        states={account_id: writer.encode()},
        timers={account_id: 5},
        seen=seen or {},
        accounts=(),
        days=(),
        signals=(),
        outbox=(),
    )
