"""Transactions made by hand, for what goes on between them."""

from collections.abc import Collection

from common.errors import Unreachable
from scoring.partition.commit import Commit, LogPosition
from scoring.postgres.store import PostgresStore


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


class Hurt(PostgresStore):
    """A database whose next commits fail as the plan says: before or after they were written."""

    def __init__(self, inner: PostgresStore, plan: Collection[str]) -> None:
        self._engine = inner._engine
        self._patience = inner._patience
        self.plan = list(plan)

    async def commit(self, commit: Commit, cluster_id: str) -> None:
        fate = self.plan.pop(0) if self.plan else "well"
        if fate == "before":
            raise Unreachable("the connection broke before the statement")
        await super().commit(commit, cluster_id)
        if fate == "after":
            raise Unreachable("the connection broke during COMMIT")
