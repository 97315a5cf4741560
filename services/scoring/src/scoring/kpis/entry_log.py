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
from scoring.partition.kpi_entries import ACCOUNT_ERASED, DECIMALS, HEALTH_CHANGED, MONTH_ENDED, PLANNED, REACHED

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

ERASED: Final = "erased"
BAND, SCORED_STAGE, SCORE = "band", "scored_stage", "score"
MONTH_SCORE, ADOPTION_POINTS = "month score", "adoption points"
# A field of a step or of a metric has its name after these.
PLAN_OF, REACHED_OF, USE_OF = f"{PLANNED}:", f"{REACHED}:", "adoption:"
# The event's own name, of events about contracts.
CONTRACT_EVENT: Final = "contract_event"
# Who answered, beside the fields of answers.
PERSON: Final = "person"
# Fields whose values are texts are stored by the number of the text.
TEXTS: Final = frozenset(
    ["tier", "owner", "segment", "stage", "status", "merged_into", BAND, SCORED_STAGE, CONTRACT_EVENT]
)
_DATES: Final = frozenset(["contract_start", "contract_end"])
_decode: Final = msgspec.json.decode
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


class EntryColumn(NamedTuple):
    """What the entries set of one field, in the order of (account, event time, log).

    `place` is the entry's place among all entries. `value` is NaN where the field was cleared, and the number of the
    text where it is one.
    """

    place: Ints
    account: Ints
    at: Floats
    value: Floats


class Fields(NamedTuple):
    """The places of some entries, sorted, and the values that they set of some fields."""

    place: NDArray[np.int32]
    values: Mapping[str, NDArray[Any]]


class EntryTable(Struct, frozen=True):
    """All entries at one moment, in the order of (account, event time, log).

    `accounts` are the ids by their numbers, `texts` the texts by theirs. `gone` is when (record time) a retraction took
    each entry back, infinity if none did.
    """

    accounts: list[str]
    texts: list[str]
    account: NDArray[np.int32]
    at: Floats
    known_at: Floats
    gone: Floats
    fields: Mapping[str, Fields]

    def column(self, field: str, *, known_at: float) -> EntryColumn:
        """What was known at `known_at` (record time), and not taken back by then. Empty for an unknown field."""
        found = self.fields.get(field)
        if found is None:
            return _EMPTY
        place, value = found.place, found.values[field]
        if known_at != _NEVER or len(self.gone):
            gone = self.gone[place] if len(self.gone) else np.full(len(place), _NEVER)
            known = (self.known_at[place] <= known_at) & ((gone > known_at) | np.isinf(gone))
            place, value = place[known], value[known]
        return EntryColumn(
            place.astype(np.int64), self.account[place].astype(np.int64), self.at[place], _as_written(value)
        )


class EntryLog:
    """Takes entries in the order of the log (within each account)."""

    def __init__(self) -> None:
        self._accounts: dict[str, int] = {}
        self._texts: dict[str, int] = {}
        self._people: dict[bytes, int] = {}
        self._account, self._at, self._known_at = array("i"), array("d"), array("d")
        self._sparse: dict[str, _SparseField] = {}
        self._months = _DenseFields()
        self._keys: dict[int, array[int]] = {}  # by account, in pairs: entry, key
        self._retractions: list[tuple[int, int, int]] = []  # entry, account, key

    def __len__(self) -> int:
        return len(self._account)

    def extend(self, entries: Iterable[StoredEntry]) -> None:
        for entry in entries:
            self._add(entry)

    def table(self) -> EntryTable:
        """What the entries so far say. It takes seconds for millions of them."""
        account, at = np.array(self._account, dtype=np.int32), np.array(self._at)
        order = np.lexsort((at, account))
        place = np.empty(len(order), dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        fields = {name: one.sorted(name, place) for name, one in self._sparse.items()}
        of_months = self._months.sorted(place)
        gone = self._gone()
        return EntryTable(
            list(self._accounts),
            list(self._texts),
            account[order],
            at[order],
            np.array(self._known_at)[order],
            gone[order] if len(gone) else gone,
            fields | dict.fromkeys(of_months.values, of_months),
        )

    def _gone(self) -> Floats:
        """When each entry was taken back; empty if none was. A retraction takes back what is before it in the log."""
        gone = np.full(len(self._account) if self._retractions else 0, _NEVER)
        for retraction, account, key in self._retractions:
            pairs = self._keys.get(account, array("q"))
            for entry, of_entry in zip(pairs[::2], pairs[1::2], strict=True):
                if of_entry == key and entry < retraction:
                    gone[entry] = min(gone[entry], self._known_at[retraction])
        return gone

    def _add(self, entry: StoredEntry) -> None:
        number = len(self._account)
        account = self._accounts.setdefault(entry.account_id, len(self._accounts))
        self._account.append(account)
        self._at.append(entry.at)
        self._known_at.append(entry.known_at)
        body: dict[str, Any] = _decode(entry.body)
        if entry.name == MONTH_ENDED:
            self._months.add(number, _values_of_month(body))
            return
        if (retracts := body.get("retracts")) is not None:
            self._retractions.append((number, account, retracts))
            return
        if entry.key is not None:
            self._keys.setdefault(account, array("q")).extend((number, entry.key))
        for field, value in _fields_of(entry, body):
            sparse = self._sparse.get(field)
            if sparse is None:
                sparse = self._sparse[field] = _SparseField()
            sparse.add(number, self._number(field, value))

    def _number(self, field: str, value: Any) -> float:
        if value is None:
            return _NOTHING
        if field in TEXTS:
            return float(self._texts.setdefault(value, len(self._texts)))
        if field in _DATES or field.startswith(PLAN_OF):
            return float(day_number(date.fromisoformat(value)))
        if field.endswith(PERSON):
            return float(self._people.setdefault(value, len(self._people)))
        return float(value)


class _SparseField:
    """What some entries set of one field."""

    def __init__(self) -> None:
        self._entries, self._values = array("i"), array("d")

    def add(self, entry: int, value: float) -> None:
        self._entries.append(entry)
        self._values.append(value)

    def sorted(self, name: str, place: NDArray[np.int32]) -> Fields:
        places = place[np.array(self._entries, dtype=np.int32)]
        order = np.argsort(places, kind="stable")
        return Fields(places[order], {name: np.array(self._values)[order]})


class _DenseFields:
    """What entries of one kind set, which all set the same fields. They are many, and short floats are enough."""

    def __init__(self) -> None:
        self._entries = array("i")
        self._values: dict[str, array[float]] = {}

    def add(self, entry: int, values: Mapping[str, float]) -> None:
        for field in values.keys() - self._values.keys():
            self._values[field] = array("f", [_NOTHING]) * len(self._entries)
        self._entries.append(entry)
        for field, column in self._values.items():
            column.append(values.get(field, _NOTHING))

    def sorted(self, place: NDArray[np.int32]) -> Fields:
        places = place[np.array(self._entries, dtype=np.int32)]
        order = np.argsort(places, kind="stable")
        values = {field: np.array(column, dtype=np.float32)[order] for field, column in self._values.items()}
        return Fields(places[order], values)


def _values_of_month(body: dict[str, Any]) -> dict[str, float]:
    found = {MONTH_SCORE: body["score"], ADOPTION_POINTS: body["dimensions"].get("adoption", _NOTHING)}
    return found | {f"{USE_OF}{metric}": value for metric, value in body["adoption"].items()}


def _fields_of(entry: StoredEntry, body: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """The fields that an entry sets, with their values as JSON has them."""
    name = entry.name
    if name == HEALTH_CHANGED:
        return ((BAND, body["band"]), (SCORED_STAGE, body["stage"]), (SCORE, body["score"]))
    if name == PLANNED:
        return ((f"{PLAN_OF}{body['step']}", body["due"]),)
    if name == REACHED:
        return ((f"{REACHED_OF}{body['step']}", 1.0),)
    if name == ACCOUNT_ERASED:
        return ((ERASED, 1.0),)
    if "score" in body:
        return ((name, body["score"]), (person_of(name), entry.person))
    if name.startswith("contract."):
        return [*body.items(), (CONTRACT_EVENT, name)]
    return body.items()


def person_of(answer: str) -> str:
    """The field of the people who gave these answers; NaN for who is not known."""
    return f"{answer} {PERSON}"


def _as_written(values: NDArray[Any]) -> Floats:
    """Short floats are of values that were written with a few decimals."""
    found = values.astype(np.float64)
    return np.round(found, DECIMALS) if values.dtype == np.float32 else found


_NO_INTS: Final = np.empty(0, dtype=np.int64)
_NO_FLOATS: Final = np.empty(0)
_EMPTY: Final = EntryColumn(_NO_INTS, _NO_INTS, _NO_FLOATS, _NO_FLOATS)
