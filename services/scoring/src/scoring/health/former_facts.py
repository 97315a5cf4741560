"""What each fact said before its last writer, so that a retraction can bring it back."""

from typing import Final, final

from msgspec.structs import replace

from common.contracts.signals import Facts

# Who wrote each field: the event's moment, and the hash of its id.
Writers = dict[str, tuple[float, int]]

_UNKNOWN: Final = Facts()


@final
class FormerFacts:
    """By field, the value before the present one: `writers` wrote those of `facts`.

    A field without a writer had no value before.
    """

    __slots__ = ("facts", "writers")

    def __init__(self, facts: Facts = _UNKNOWN, writers: Writers | None = None) -> None:
        self.facts = facts
        self.writers: Writers = {} if writers is None else writers

    def write(
        self, present: Facts, writers: Writers, said: dict[str, object], by: tuple[float, int]
    ) -> dict[str, object]:
        """Notes what an event says, by field; those of its values that count. Updates `writers` in place.

        A value that comes late is kept as the former one if it is newer than that.
        """
        counted: dict[str, object] = {}
        kept: dict[str, object] = {}
        for field, value in said.items():
            last, before = writers.get(field), self.writers.get(field)
            if last is None or last[0] <= by[0]:
                counted[field] = value
                writers[field] = by
                if last is not None:
                    kept[field] = getattr(present, field)
                    self.writers[field] = last
            elif before is None or before[0] <= by[0]:
                kept[field] = value
                self.writers[field] = by
        if kept:
            self.facts = replace(self.facts, **kept)
        return counted

    def take_back(self, present: Facts, writers: Writers, by: int) -> Facts:
        """The facts without what the event with this hash wrote; updates `writers` in place.

        The former value comes back, else the field is as if nobody had written it.
        """
        for field in [field for field, writer in self.writers.items() if writer[1] == by]:
            self._forget(field)
        changes: dict[str, object] = {}
        for field in [field for field, writer in writers.items() if writer[1] == by]:
            changes[field] = getattr(self.facts, field)
            before = self.writers.get(field)
            if before is None:
                del writers[field]
            else:
                writers[field] = before
                self._forget(field)
        return replace(present, **changes) if changes else present

    def dump(self) -> tuple[Facts, list[tuple[float, int, list[str]]]] | None:
        """For the store: most events write several fields, so the writers are grouped by event."""
        fields: dict[tuple[float, int], list[str]] = {}
        for field in sorted(self.writers):
            fields.setdefault(self.writers[field], []).append(field)
        return (self.facts, [(*by, fields[by]) for by in sorted(fields)]) if fields else None

    def _forget(self, field: str) -> None:
        changes: dict[str, object] = {field: getattr(_UNKNOWN, field)}
        self.facts = replace(self.facts, **changes)
        del self.writers[field]
