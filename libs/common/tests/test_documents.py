"""YAML files: all errors are reported at once, each with its position."""

from typing import Annotated, ClassVar

import pytest
from pydantic import Field

from common.documents.findings import Finding, Findings, InvalidDocument, InvalidValue, format_findings
from common.documents.json_schema import json_schema
from common.documents.load import Checked, Document, check
from common.documents.model import DocumentModel
from common.documents.value_types import Days, DaysOrNever, DistinctList, Entry, Given, by_shape, choice, text
from common.documents.yaml import parse

Word = Annotated[str, text(r"^[a-z]+$", "a word")]

Capital = Annotated[str, text(r"^[A-Z]$", "a capital letter")]


class Dish(DocumentModel):
    refused: ClassVar = {"cost": "say 'price'"}
    later: ClassVar = ("wine",)
    needs: ClassVar = {"sauce": ("price",)}

    name: Word = Field(description="As on the menu.")
    price: Annotated[float, Field(ge=0, le=1e12)] = 0.0
    sauce: Given[Word] = None
    warm: bool = False
    keeps: DaysOrNever = None
    ripens: Annotated[float, Field(gt=0, le=10)] = 1.0
    sides: DistinctList[Word] = ()
    with_dishes: Annotated["tuple[Entry[Dish], ...]", Field(min_length=1, max_length=2)] = Field((), alias="with")


class Cook(DocumentModel):
    one_of: ClassVar = ("shift", "off")

    shift: Given[Annotated[str, choice("day", "night")]] = None
    off: Given[Days] = None


class Menu(DocumentModel):
    """What there is."""

    dishes: Annotated[tuple[Entry[Dish], ...], Field(min_length=1, max_length=3)] = Field(description="In their order.")
    cook: Given[Annotated[str, choice("ada", "bo")]] = None
    tables: Annotated[int, choice(1, 2)] = 1
    cooks: Annotated[dict[Entry[Capital], Entry[Cook]], Field(max_length=9)] = Field({})
    days: dict[Annotated[str, choice("mon", "tue")], Word] = Field({})
    contact: Given[Annotated[str | Cook, by_shape(dict, Cook, Word)]] = None


def _check(text: str) -> Checked[list[str]]:
    """The names of the dishes, as far as they can be read; one without a price is odd."""

    def convert(file: Document[Menu], found: Findings) -> list[str] | None:
        dishes: tuple[Dish, ...] = file.sections.get("dishes", ())
        for dish in [each for one in dishes for each in (one, *one.with_dishes)]:
            if not dish.price:
                found.warning(dish.where, f"{dish.name} is free")
        return [dish.name for dish in dishes]

    return check(text, Menu, convert, noun="a menu")


def _problems(text: str) -> list[str]:
    return [*map(str, _check(text).problems)]


def test_a_sound_file_becomes_what_it_is_converted_to() -> None:
    checked = _check("dishes:\n  - {name: soup, price: 4}\n  - name: bread\n")

    assert checked.content == ["soup", "bread"]
    assert checked.sound(InvalidDocument, "menu.yml") == ["soup", "bread"]
    assert [*map(str, checked.warnings)] == ["3:5: dishes[1]: bread is free"]


def test_an_invalid_entry_does_not_hide_the_others() -> None:
    checked = _check("dishes:\n  - {name: soup, price: free}\n  - {name: bread}\n  - {price: -1}\ncook: ad\n")

    assert checked.content is None
    assert [*map(str, checked.problems)] == [
        "2:18: dishes[0].price: must be a number, not 'free'",
        "4:5: dishes[2]: 'name' is missing",
        "4:6: dishes[2].price: must be from 0 to 1e+12, not -1",
        "5:1: cook: must be one of ada, bo, not 'ad', did you mean 'ada'?",
    ]
    # The second dish is checked further, and has kept its place in the file.
    assert [*map(str, checked.warnings)] == ["3:5: dishes[1]: bread is free"]
    with pytest.raises(InvalidDocument, match=r"^menu\.yml:2:18: dishes"):
        checked.sound(InvalidDocument, "menu.yml")


def test_a_file_may_need_one_of_its_keys() -> None:
    checked = check("{}", Cook, lambda file, found: file.model, noun="a cook")

    assert [*map(str, checked.problems)] == ["1:1: one of 'shift' or 'off' is needed, and only one"]


def test_what_stands_under_a_wrong_key_has_to_wait() -> None:
    problems = _problems("dishes: [{name: a}]\ncooks: {contact: {phone: 3}, B: {shift: dy}}")

    assert problems == [
        "2:9: cooks.contact: 'contact' must be a capital letter",
        "2:34: cooks.B.shift: must be one of day, night, not 'dy', did you mean 'day'?",
    ]


def test_an_entry_is_left_out_with_all_that_stands_in_it() -> None:
    soup = "{name: soup, with: [{name: roll, sides: [7]}, {name: oil}]}"

    checked = _check(f"dishes:\n  - {soup}\n  - {{name: tea, sides: [3, milk]}}\n")

    # Of the soup only the roll goes; tea without one of its sides would be another dish.
    assert [*map(str, checked.warnings)] == ["2:5: dishes[0]: soup is free", "2:51: dishes[0].with[1]: oil is free"]
    assert [problem.where for problem in checked.problems] == ["dishes[0].with[0].sides[0]", "dishes[1].sides[0]"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dishes: []", "1:1: dishes: must be a list of 1 to 3 entries, not a list of 0 entries"),
        ("dishes: [{name: a}, {name: b}, {name: c}, {name: d}]", "dishes: must be a list of 1 to 3 entries"),
        ("dishes: {name: a}", "dishes: must be a list of 1 to 3 entries, not a mapping of 1 entry"),
        ("dishes:", "dishes: must be a list of 1 to 3 entries, not nothing"),
        ("dishes: [a]", "1:10: dishes[0]: must be a mapping (name: value), not 'a'"),
        # a word from elsewhere gets its reason, one of a later version its own
        ("dishes: [{name: a, cost: 3}]", "1:20: dishes[0].cost: say 'price'"),
        ("dishes: [{name: a, wine: red}]", "dishes[0].wine: this version does not know 'wine' yet"),
        ("dishes: [{name: a, prise: 3}]", "dishes[0].prise: unknown key 'prise', did you mean 'price'?"),
        # of a model in itself, too, and once
        ("dishes: [{name: a, with: [{name: b, cost: 3}]}]", "dishes[0].with[0].cost: say 'price'"),
        ("dishes: [{name: a, sauce: red}]", "1:20: dishes[0].sauce: 'sauce' needs 'price' beside it"),
        # YAML's other values
        ("dishes: [{name: 3}]", "dishes[0].name: must be a word, not 3"),
        ("dishes: [{name: a, price: true}]", "dishes[0].price: must be a number, not true"),
        ("dishes: [{name: a, price: 0x10}]", "dishes[0].price: must be a number, not '0x10'"),
        ("dishes: [{name: a, price: 1, sauce: }]", "dishes[0].sauce: must be a word, not nothing"),
        ("dishes: [{name: a, warm: 'yes'}]", "dishes[0].warm: must be true or false, not 'yes'"),
        ("dishes: [{name: a, keeps: soon}]", "dishes[0].keeps: must be a duration above zero such as 20s, 90m, 12h,"),
        ("dishes: [{name: a, ripens: 0}]", "dishes[0].ripens: must be more than 0, not 0"),
        ("dishes: [{name: a, sides: [b, c, b]}]", "1:34: dishes[0].sides[2]: 'b' is in the list twice"),
        ("dishes: [{name: a}]\ntables: true", "2:1: tables: must be one of 1, 2, not true"),
        # keys that the author chooses
        ("dishes: [{name: a}]\ncooks: {b: {shift: days}}", "2:9: cooks.b: 'b' must be a capital letter"),
        ("dishes: [{name: a}]\ncooks: {B: {shift: days}}", "cooks.B.shift: must be one of day, night, not 'days'"),
        ("dishes: [{name: a}]\ncooks: {B: {}}", "2:9: cooks.B: one of 'shift' or 'off' is needed, and only one"),
        ("dishes: [{name: a}]\ndays: {tues: a}", "2:8: days.tues: unknown name 'tues', did you mean 'tue'?"),
        # one of two shapes
        ("dishes: [{name: a}]\ncontact: 3", "2:1: contact: must be a word, not 3"),
        ("dishes: [{name: a}]\ncontact: {off: never}", "2:11: contact.off: must be a duration above zero"),
    ],
)
def test_errors_are_reported_with_their_position(text: str, said: str) -> None:
    problems = _problems(text)

    assert len(problems) == 1, problems
    assert problems[0].startswith(said) or said in problems[0]


@pytest.mark.parametrize(
    "text", ["cook: &a ada\n", "cook: !!str ada\n", "%YAML 1.2\n---\ncook: ada\n"], ids=["anchor", "tag", "directive"]
)
def test_what_plain_yaml_does_not_have_is_refused_by_the_name_of_the_document(text: str) -> None:
    found = Findings()

    with pytest.raises(InvalidValue):
        parse(text, found, noun="a menu")

    assert str(found.problems[0]).endswith("not part of a menu")


def test_the_schema_is_as_strict_as_the_loader() -> None:
    schema = json_schema(Menu, "Menu")

    assert (schema["title"], schema["description"]) == ("Menu", "What there is.")
    assert schema["properties"]["dishes"]["description"] == "In their order."
    assert schema["properties"]["cooks"]["propertyNames"] == {"pattern": r"^[A-Z]$"}
    assert schema["properties"]["cooks"]["additionalProperties"] == {"$ref": "#/$defs/Cook"}
    assert schema["$defs"]["Cook"]["oneOf"] == [{"required": ["shift"]}, {"required": ["off"]}]
    assert schema["$defs"]["Dish"]["dependentRequired"] == {"sauce": ["price"]}
    assert schema["$defs"]["Dish"]["required"] == ["name"]
    assert schema["$defs"]["Dish"]["additionalProperties"] is False


def test_findings_are_listed_as_editors_and_ci_read_them() -> None:
    problem, warning = Finding(3, 1, "a.b", "is wrong"), Finding(1, 2, "", "is odd")

    assert format_findings("x.yml", problems=(problem,), warnings=(warning,)) == [
        "x.yml:3:1: a.b: is wrong",
        "x.yml:1:2: warning: is odd",
    ]
    assert str(InvalidDocument("x.yml", (problem,))) == "x.yml:3:1: a.b: is wrong"
