"""What columns become, by their headers and by what the command line says."""

import pytest

from ingest.importing.columns import ColumnChoices, map_columns
from ingest.importing.errors import MappingRefused
from ingest.importing.synonyms import Shape, normal

EVENTS = ("account_id", "event", "time")


def becomes(header: tuple[str, ...], choices: ColumnChoices | None = None) -> list[str]:
    return [column.becomes for column in map_columns(header, choices or ColumnChoices()).columns]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        # Our own names.
        (("event_id", "account_id", "user_id", "name", "time"), ["event_id", "account_id", "user_id", "name", "time"]),
        # As a spreadsheet and as a warehouse write them.
        (("Account ID", "Event Name", "Occurred At"), ["account_id", "name", "time"]),
        (("companyId", "event", "timestamp", "userEmail"), ["account_id", "name", "time", "user_id"]),
        # `account_id` is more certain than `account`, which is left as a property.
        (("account", "account_id", "event", "ts"), ["properties.account", "account_id", "name", "time"]),
        # `event` is what happened, so `name` is not.
        ((*EVENTS, "name"), ["account_id", "name", "time", "properties.name"]),
        # What says that it is a property is one.
        ((*EVENTS, "properties.user_id"), ["account_id", "name", "time", "properties.user_id"]),
        ((*EVENTS, "Plan Name", "größe"), ["account_id", "name", "time", "properties.plan_name", "properties.größe"]),
        # The report's own columns are not the customer's.
        (("import.row", "import.reason", *EVENTS), ["nothing", "nothing", "account_id", "name", "time"]),
        # Columns without a name become nothing.
        ((*EVENTS, "", " "), ["account_id", "name", "time", "nothing", "nothing"]),
    ],
)
def test_columns_of_events_are_known_by_their_headers(header: tuple[str, ...], expected: list[str]) -> None:
    assert becomes(header) == expected
    assert map_columns(header, ColumnChoices()).shape is Shape.EVENTS


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (("account_id", "arr"), ["account_id", "properties.arr"]),
        (("id", "CSM", "Renewal Date"), ["account_id", "properties.owner", "properties.contract_end"]),
        # With an id the company is a name; alone it is the id.
        (("account_id", "company", "seats"), ["account_id", "properties.name", "properties.seats"]),
        (("company", "seats"), ["account_id", "properties.seats"]),
        (("account_id", "tier", "industry"), ["account_id", "properties.tier", "properties.industry"]),
    ],
)  # fmt: skip
def test_columns_of_accounts_are_facts(header: tuple[str, ...], expected: list[str]) -> None:
    assert becomes(header) == expected
    assert map_columns(header, ColumnChoices()).shape is Shape.ACCOUNTS


def test_the_command_line_has_the_last_word() -> None:
    header = ("Customer No", "What", "When", "user", "#", "user_id")
    choices = ColumnChoices(
        fields={"Customer No": "account_id", "What": "name", "When": "time", "#4": "properties.who"}, skipped=("#5",)
    )
    assert becomes(header, choices) == ["account_id", "name", "time", "properties.who", "nothing", "user_id"]


def test_one_name_may_stand_for_all_rows() -> None:
    choices = ColumnChoices(event="session.started")
    assert becomes(("account_id", "date", "name"), choices) == ["account_id", "time", "properties.name"]


@pytest.mark.parametrize(
    ("header", "choices", "said"),
    [
        # One of the two would be lost.
        ((*EVENTS, "plan", "plan"), ColumnChoices(), "2 columns are named 'plan' (#4, #5)"),
        ((*EVENTS, "Plan", "plan"), ColumnChoices(), "'Plan' and 'plan' both become properties.plan"),
        ((*EVENTS, "x"), ColumnChoices(fields={"time": "name", "x": "name"}), "'time' and 'x' both become name"),
        ((*EVENTS, "x", "x"), ColumnChoices(fields={"x": "user_id"}), "say which by number, such as #4"),
        # Nothing says whose, what or when.
        (("event", "time"), ColumnChoices(), "no column says whose event it is: --map COLUMN=account_id"),
        (("account_id", "event"), ColumnChoices(), "no column says when it happened"),
        (("account_id", "time"), ColumnChoices(shape=Shape.EVENTS), "no column says what happened"),
        (("account_id", "colour"), ColumnChoices(), "do not say what a row is"),
        (("arr", "seats"), ColumnChoices(), "no column says which account it is"),
        # More than an event has properties.
        (tuple(f"c{number}" for number in range(1001)), ColumnChoices(), "the file has 1,001 columns: at most 1,000"),
        # A typing error must not make a property.
        (EVENTS, ColumnChoices(fields={"time": "tiem"}), "a column becomes account_id, name, time"),
        (EVENTS, ColumnChoices(skipped=("tiem",)), "no column 'tiem'; the columns are account_id, event, time"),
    ],
)  # fmt: skip
def test_what_could_mean_two_things_is_refused(header: tuple[str, ...], choices: ColumnChoices, said: str) -> None:
    with pytest.raises(MappingRefused) as refused:
        map_columns(header, choices)
    assert said in str(refused.value)


def test_duplicate_columns_may_be_skipped_by_number() -> None:
    header = (*EVENTS, "plan", "plan")
    assert becomes(header, ColumnChoices(skipped=("#5",)))[3:] == ["properties.plan", "nothing"]
    # In the report the columns of the file keep their numbers.
    assert becomes(("import.row", *header), ColumnChoices(skipped=("#5",)))[4:] == ["properties.plan", "nothing"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [("Account ID", "account_id"), ("accountId", "account_id"), (" ACCOUNT-id ", "account_id"), ("$user", "user")],
)
def test_headers_are_compared_by_their_words(header: str, expected: str) -> None:
    assert normal(header) == expected
