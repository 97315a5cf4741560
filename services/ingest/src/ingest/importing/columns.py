"""Says what each column of a file becomes, by its header and by the command line. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from ingest.importing.errors import MappingRefused
from ingest.importing.synonyms import (
    ACCOUNT_FIELDS,
    EVENT_FIELDS,
    EVENT_NAMES,
    FACTS,
    ColumnTarget,
    Shape,
    names_property,
    normal,
    property_name,
)

REPORT_PREFIX: Final = "import."
MOST_COLUMNS: Final = 1000
_PROPERTY: Final = "properties."
_PROPERTY_CHARS: Final = 128
_PLAIN_ID: Final = "id"
_NEEDED: Final[Mapping[Shape, Mapping[ColumnTarget, str]]] = {
    Shape.EVENTS: {
        ColumnTarget.ACCOUNT_ID: "whose event it is",
        ColumnTarget.NAME: "what happened (--event NAME names all rows)",
        ColumnTarget.TIME: "when it happened",
    },
    Shape.ACCOUNTS: {ColumnTarget.ACCOUNT_ID: "which account it is"},
}


class Column(Struct, frozen=True):
    """`name` is the property's name, for `ColumnTarget.PROPERTY`. `why` says why a column becomes nothing.

    `may_be_serial`: its header says `id` and no more, so it may number the rows of a table.
    """

    index: int
    header: str
    target: ColumnTarget
    name: str = ""
    why: str = ""
    may_be_serial: bool = False

    @property
    def becomes(self) -> str:
        return f"{_PROPERTY}{self.name}" if self.target is ColumnTarget.PROPERTY else self.target.value


class ColumnChoices(Struct, frozen=True):
    """What the command line says of columns. A column is named by its header, or by its number as `#3`.

    `event` is the name of the event in all rows.
    """

    shape: Shape | None = None
    fields: Mapping[str, str] = {}
    skipped: Sequence[str] = ()
    event: str | None = None


class ColumnMapping(Struct, frozen=True):
    """All columns of a file, in its order."""

    shape: Shape
    columns: tuple[Column, ...]
    event: str | None = None

    def of(self, target: ColumnTarget) -> Column | None:
        """The column that becomes this field of the event."""
        return next((column for column in self.columns if column.target is target), None)


def map_columns(header: Sequence[str], choices: ColumnChoices) -> ColumnMapping:
    """Raises `MappingRefused` if a column is named twice, is not there, or if one is missing."""
    if len(header) > MOST_COLUMNS:
        raise MappingRefused(f"the file has {len(header):,} columns: at most {MOST_COLUMNS:,}")
    chosen = _chosen(header, choices)
    _refuse_duplicates(header, chosen)
    shape = choices.shape or _shape_of(header, chosen, named=choices.event is not None)
    taken = {column.index: column for column in _by_choice(header, chosen, shape)}
    taken |= _by_synonym(header, taken, shape, named=choices.event is not None)
    columns = tuple(taken.get(index) or _as_property(index, text) for index, text in enumerate(header))
    mapping = ColumnMapping(shape, columns, choices.event)
    _refuse_repeated(mapping)
    for target, meaning in _NEEDED[shape].items():
        if mapping.of(target) is None and not (target is ColumnTarget.NAME and choices.event):
            raise MappingRefused(
                f"no column says {meaning}: --map COLUMN={target.value}; the columns are {_listed(header)}"
            )
    return mapping


def number_of(index: int, header: Sequence[str]) -> str:
    """The number of a column, as `#3`. Columns of the report are not counted, so the file's columns keep theirs."""
    if header[index].startswith(REPORT_PREFIX):
        return ""
    return f"#{sum(not text.startswith(REPORT_PREFIX) for text in header[: index + 1])}"


def _chosen(header: Sequence[str], choices: ColumnChoices) -> dict[int, str]:
    """The field that the command line gives a column, by index; the empty text for a column to skip."""
    wanted = [*((column, "") for column in choices.skipped), *choices.fields.items()]
    found: dict[int, str] = {}
    for column, field in wanted:
        indices = [
            index for index, text in enumerate(header) if column in (text, text.strip(), number_of(index, header))
        ]
        if not indices:
            raise MappingRefused(f"there is no column {column!r}; the columns are {_listed(header)}")
        if field and len(indices) > 1:
            first = number_of(indices[0], header)
            raise MappingRefused(f"{len(indices)} columns are named {column!r}: say which by number, such as {first}")
        found |= dict.fromkeys(indices, field)
    return found


def _refuse_duplicates(header: Sequence[str], chosen: Mapping[int, str]) -> None:
    counts = Counter(text.strip() for index, text in enumerate(header) if text.strip() and index not in chosen)
    for text, count in counts.items():
        if count > 1:
            places = [number_of(index, header) for index, other in enumerate(header) if other.strip() == text]
            raise MappingRefused(
                f"{count} columns are named {text!r} ({', '.join(places)}): rename them, or --skip '{places[-1]}'"
            )


def _shape_of(header: Sequence[str], chosen: Mapping[int, str], *, named: bool) -> Shape:
    names = {normal(text) for index, text in enumerate(header) if chosen.get(index) != ""}
    has_time = "time" in chosen.values() or any(each in names for each in EVENT_FIELDS[ColumnTarget.TIME])
    if named or "name" in chosen.values() or any(each in names for each in EVENT_NAMES):
        return Shape.EVENTS
    facts = {synonym for fact, synonyms in FACTS.items() if fact != "name" for synonym in synonyms}
    if names & facts:
        return Shape.ACCOUNTS
    if has_time and "name" in names:
        return Shape.EVENTS
    raise MappingRefused(f"the columns do not say what a row is: --as events or --as accounts ({_listed(header)})")


def _by_choice(header: Sequence[str], chosen: Mapping[int, str], shape: Shape) -> list[Column]:
    found = []
    for index, field in chosen.items():
        text, fields = header[index], EVENT_FIELDS if shape is Shape.EVENTS else ACCOUNT_FIELDS
        if not field:
            found.append(Column(index, text, ColumnTarget.NOTHING, why="--skip"))
        elif field in fields:
            found.append(Column(index, text, ColumnTarget(field)))
        elif field.startswith(_PROPERTY) and len(field) > len(_PROPERTY):
            found.append(Column(index, text, ColumnTarget.PROPERTY, field.removeprefix(_PROPERTY)))
        elif shape is Shape.ACCOUNTS and field in FACTS:
            found.append(Column(index, text, ColumnTarget.PROPERTY, field))
        else:
            known = [*(target.value for target in fields), *(FACTS if shape is Shape.ACCOUNTS else ())]
            raise MappingRefused(f"--map {text}={field}: a column becomes {', '.join(known)} or properties.NAME")
    return found


def _by_synonym(header: Sequence[str], taken: Mapping[int, Column], shape: Shape, *, named: bool) -> dict[int, Column]:
    """The fields of columns that are known by their headers, except fields that the command line has given."""
    free = {normal(text): index for index, text in reversed([*enumerate(header)]) if _is_free(index, text, taken)}
    found: dict[int, Column] = {}
    has = {column.target for column in taken.values()} | ({ColumnTarget.NAME} if named else set())
    for target, synonyms in (EVENT_FIELDS if shape is Shape.EVENTS else ACCOUNT_FIELDS).items():
        if target not in has and (known := next((each for each in synonyms if each in free), None)):
            index = free.pop(known)
            found[index] = Column(index, header[index], target, may_be_serial=known == _PLAIN_ID)
    if shape is Shape.ACCOUNTS:
        facts = {column.name for column in taken.values()}
        for fact, synonyms in FACTS.items():
            if fact not in facts and (known := next((each for each in synonyms if each in free), None)):
                index = free.pop(known)
                found[index] = Column(index, header[index], ColumnTarget.PROPERTY, fact)
    return found


def _is_free(index: int, text: str, taken: Mapping[int, Column]) -> bool:
    return index not in taken and not names_property(text) and not text.startswith(REPORT_PREFIX)


def _as_property(index: int, text: str) -> Column:
    if text.startswith(REPORT_PREFIX):
        return Column(index, text, ColumnTarget.NOTHING, why="a column of the report")
    name = property_name(text)
    if not name:
        return Column(index, text, ColumnTarget.NOTHING, why="it has no name")
    if len(name) > _PROPERTY_CHARS:
        return Column(index, text, ColumnTarget.NOTHING, why=f"its name has more than {_PROPERTY_CHARS} characters")
    return Column(index, text, ColumnTarget.PROPERTY, name)


def _refuse_repeated(mapping: ColumnMapping) -> None:
    """Two columns may not become the same: one of them would be lost."""
    kept: dict[str, Column] = {}
    for column in mapping.columns:
        if column.target is ColumnTarget.NOTHING:
            continue
        other = kept.setdefault(column.becomes, column)
        if other is not column:
            raise MappingRefused(
                f"{other.header!r} and {column.header!r} both become {column.becomes}: --skip one, or --map it"
            )


def _listed(header: Sequence[str]) -> str:
    shown = [text.strip() or number_of(index, header) for index, text in enumerate(header[:30])]
    return ", ".join(shown) + (" ..." if len(header) > 30 else "")
