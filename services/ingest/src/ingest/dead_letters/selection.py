"""Selects letters of the dead topic. Pure."""

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct

from ingest.dead_letters.letter import DeadLetter, LetterPosition


class LetterSelection(Struct, frozen=True, kw_only=True):
    """A letter is selected if all given conditions hold; with `positions`, only letters at these positions."""

    positions: frozenset[LetterPosition] = frozenset()
    reason: str | None = None
    source: str | None = None
    account: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_everything(self) -> bool:
        return self == LetterSelection()

    def includes(self, letter: DeadLetter) -> bool:
        if self.positions and letter.position not in self.positions:
            return False
        if self.since is not None and letter.at < self.since:
            return False
        if self.until is not None and letter.at >= self.until:
            return False
        asked = ((self.reason, letter.reason), (self.source, letter.source), (self.account, letter.account))
        return all(wanted is None or wanted == found for wanted, found in asked)

    def partitions(self, existing: int) -> Collection[int]:
        """The partitions that can hold selected letters."""
        named = {position.partition for position in self.positions}
        return sorted(named & set(range(existing))) if named else range(existing)

    def first_offset(self, partition: int) -> int:
        """The first offset that may be selected in this partition."""
        return min((position.offset for position in self.positions if position.partition == partition), default=0)
