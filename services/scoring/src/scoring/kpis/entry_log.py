"""The entries in columns: one for each field that entries set, sorted by account and event time."""

from array import array
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from scoring.health.moments import day_number
from scoring.partition.kpi_entries import ACCOUNT_ERASED, HEALTH_CHANGED, MONTH_ENDED, PLANNED, REACHED

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

ERASED: Final = "erased"
BAND, SCORED_STAGE, SCORE = "band", "scored_stage", "score"
# A field of a step or of a metric has its name after these.
PLAN_OF, REACHED_OF, USE_OF = f"{PLANNED}:", f"{REACHED}:", "adoption:"
DIMENSION_OF: Final = "dimension:"
# The event's own name, of events about contracts.
CONTRACT_EVENT: Final = "contract_event"
# Fields whose values are texts are stored by the number of the text.
TEXTS: Final = frozenset(
    ["tier", "owner", "segment", "stage", "status", "merged_into", BAND, SCORED_STAGE, CONTRACT_EVENT]
)
_DATES: Final = frozenset(["contract_start", "contract_end"])
_decode: Final = msgspec.json.decode
_NOBODY: Final = -1
_NEVER: Final = float("inf")
_NOTHING: Final = float("nan")


class StoredEntry(NamedTuple):
    """An entry as the table has it; `body` is JSON."""

    account_id: str
    name: str
    at: float
    known_at: float
    key: int | None
    person: bytes | None
    body: str


class Column(NamedTuple):
    """What the entries set of one field, in the order of (account, event time, log).

    `value` is NaN where the field was cleared, and the number of the text where it is one. `place` is the entry's
    place among the entries of all fields. `gone` is when (record time) a retraction took the entry back, infinity if
    none did.
    """

    place: Ints
    account: Ints
    at: Floats
    known_at: Floats
    gone: Floats
    person: Ints
    value: Floats


def rows_of(column: Column, chosen: Flags) -> Column:
    return Column(
        column.place[chosen],
        column.account[chosen],
        column.at[chosen],
        column.known_at[chosen],
        column.gone[chosen],
        column.person[chosen],
        column.value[chosen],
    )


class EntryTable(Struct, frozen=True):
    """All entries at one moment. `accounts` are the ids by their numbers, `texts` the texts by theirs."""

    accounts: list[str]
    texts: list[str]
    columns: Mapping[str, Column]

    def column(self, field: str) -> Column:
        """Empty if no entry ever set the field."""
        return self.columns.get(field, _EMPTY)

    def text_number(self, text: str) -> int:
        """-1 for a text that no entry has."""
        try:
            return self.texts.index(text)
        except ValueError:
            return -1


class EntryLog:
    """Takes entries in the order of the log (within each account)."""

    def __init__(self) -> None:
        self._accounts: dict[str, int] = {}
        self._texts: dict[str, int] = {}
        self._people: dict[bytes, int] = {}
        self._account, self._person = array("i"), array("i")
        self._at, self._known_at = array("d"), array("d")
        self._key = array("q")
        self._has_key = array("b")
        self._fields: dict[str, tuple[array[int], array[float]]] = {}
        self._retractions: list[tuple[int, int, int]] = []  # entry, account, key

    def __len__(self) -> int:
        return len(self._account)

    def extend(self, entries: Iterable[StoredEntry]) -> None:
        for entry in entries:
            self._add(entry)

    def table(self) -> EntryTable:
        """What the entries so far say. It takes seconds for millions of them."""
        account = np.array(self._account, dtype=np.int64)
        at, known_at = np.array(self._at), np.array(self._known_at)
        person = np.array(self._person, dtype=np.int64)
        gone = self._gone(account, known_at)
        order = np.lexsort((at, account))
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        columns = {}
        for field, (entries, values) in self._fields.items():
            entry, value = np.array(entries, dtype=np.int64), np.array(values)
            by_place = np.argsort(place[entry], kind="stable")
            entry, value = entry[by_place], value[by_place]
            columns[field] = Column(
                place[entry], account[entry], at[entry], known_at[entry], gone[entry], person[entry], value
            )
        return EntryTable(list(self._accounts), list(self._texts), columns)

    def _gone(self, account: Ints, known_at: Floats) -> Floats:
        """When each entry was taken back. A retraction takes back what is before it in the log."""
        gone = np.full(len(account), _NEVER)
        if not self._retractions:
            return gone
        key, has_key = np.array(self._key), np.array(self._has_key, dtype=bool)
        named = {each[2] for each in self._retractions}
        found: dict[tuple[int, int], list[int]] = {}
        for entry in np.flatnonzero(has_key & np.isin(key, list(named))).tolist():
            found.setdefault((int(account[entry]), int(key[entry])), []).append(entry)
        for retraction, of_account, of_key in self._retractions:
            for entry in found.get((of_account, of_key), ()):
                if entry < retraction:
                    gone[entry] = min(gone[entry], known_at[retraction])
        return gone

    def _add(self, entry: StoredEntry) -> None:
        number = len(self._account)
        account = self._accounts.setdefault(entry.account_id, len(self._accounts))
        self._account.append(account)
        self._person.append(_NOBODY if entry.person is None else self._person_number(entry.person))
        self._at.append(entry.at)
        self._known_at.append(entry.known_at)
        self._has_key.append(entry.key is not None)
        self._key.append(entry.key or 0)
        body: dict[str, Any] = _decode(entry.body)
        if (retracts := body.get("retracts")) is not None:
            self._retractions.append((number, account, retracts))
            return
        for field, value in _fields_of(entry.name, body):
            entries, values = self._fields.setdefault(field, (array("i"), array("d")))
            entries.append(number)
            values.append(self._number(field, value))

    def _number(self, field: str, value: Any) -> float:
        if value is None:
            return _NOTHING
        if field in TEXTS:
            return float(self._texts.setdefault(value, len(self._texts)))
        if field in _DATES or field.startswith(PLAN_OF):
            return float(day_number(date.fromisoformat(value)))
        return float(value)

    def _person_number(self, person: bytes) -> int:
        return self._people.setdefault(person, len(self._people))


def _fields_of(name: str, body: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """The fields that an entry sets, with their values as JSON has them."""
    if name == HEALTH_CHANGED:
        return ((BAND, body["band"]), (SCORED_STAGE, body["stage"]), (SCORE, body["score"]))
    if name == MONTH_ENDED:
        dimensions = [(f"{DIMENSION_OF}{each}", points) for each, points in body["dimensions"].items()]
        return [(SCORE, body["score"]), *dimensions, *[(f"{USE_OF}{m}", v) for m, v in body["adoption"].items()]]
    if name == PLANNED:
        return ((f"{PLAN_OF}{body['step']}", body["due"]),)
    if name == REACHED:
        return ((f"{REACHED_OF}{body['step']}", 1.0),)
    if name == ACCOUNT_ERASED:
        return ((ERASED, 1.0),)
    if "score" in body:
        return ((name, body["score"]),)
    return [*body.items(), (CONTRACT_EVENT, name)] if name.startswith("contract.") else body.items()


_NO_INTS: Final = np.empty(0, dtype=np.int64)
_NO_FLOATS: Final = np.empty(0)
_EMPTY: Final = Column(_NO_INTS, _NO_INTS, _NO_FLOATS, _NO_FLOATS, _NO_FLOATS, _NO_INTS, _NO_FLOATS)
