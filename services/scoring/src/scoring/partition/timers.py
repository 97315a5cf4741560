"""The timers of one partition: when to wake each account that stays silent."""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush


class Timers:
    """A heap. A timer that moves leaves its old entry behind, which is skipped when it comes to the top."""

    def __init__(self, due: Mapping[str, int]) -> None:
        self._due = dict(due)
        self._heap = [(moment, account_id) for account_id, moment in self._due.items()]
        heapify(self._heap)

    def __len__(self) -> int:
        return len(self._due)

    def of(self, account_id: str) -> int | None:
        return self._due.get(account_id)

    def set(self, account_id: str, due: int | None) -> None:
        if due is None:
            self._due.pop(account_id, None)
            return
        self._due[account_id] = due
        heappush(self._heap, (due, account_id))
        # Mostly old entries: build the heap anew.
        if len(self._heap) > 2 * len(self._due) + 64:
            self._heap = [(moment, one) for one, moment in self._due.items()]
            heapify(self._heap)

    def earliest(self) -> int | None:
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, until: float) -> list[str]:
        """The accounts due at or before `until`, in the order of (due, account)."""
        found: list[tuple[int, str]] = []
        while (earliest := self.earliest()) is not None and earliest <= until:
            found.append(heappop(self._heap))
        for entry in found:
            heappush(self._heap, entry)
        return list(dict.fromkeys(account_id for _, account_id in found))
