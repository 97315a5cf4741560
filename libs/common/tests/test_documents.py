"""YAML files: all errors are reported at once, each with its position."""

import pytest

from common.documents.findings import Finding, Findings, InvalidDocument, InvalidValue, format_findings
from common.documents.mapping_rules import KeyRule, ListEntry, MappingListRule, MappingRule
from common.documents.value_rules import Choice, NamedValues, Number, PatternText
from common.documents.yaml import parse

DISH = MappingRule(
    {
        "name": KeyRule(PatternText(r"^[a-z]+$", "a word"), "As on the menu.", required=True),
        "price": KeyRule(Number(least=0), "What."),
    },
    refused={"cost": "say 'price'"},
    later=("wine",),
)
MENU = MappingRule(
    {"dishes": KeyRule(MappingListRule(DISH, most=3), "What there is."), "cook": KeyRule(Choice(("ada", "bo")), "Who.")}
)


def _read(text: str) -> tuple[dict[str, object], list[str]]:
    found = Findings()
    fields, _ = MENU.read_valid_keys(parse(text, found, noun="a menu"), found)
    return fields, [*map(str, found.problems)]


def test_each_entry_of_a_list_has_its_path() -> None:
    fields, problems = _read("dishes:\n  - {name: soup, price: 4}\n  - name: bread\n")

    assert fields == {
        "dishes": (ListEntry("dishes[0]", {"name": "soup", "price": 4.0}), ListEntry("dishes[1]", {"name": "bread"}))
    }
    assert problems == []


def test_an_invalid_entry_does_not_hide_the_others() -> None:
    fields, problems = _read("dishes:\n  - {name: soup, price: free}\n  - {name: bread}\n  - {price: -1}\ncook: ad\n")

    assert fields == {"dishes": (ListEntry("dishes[1]", {"name": "bread"}),)}
    assert problems == [
        "2:18: dishes[0].price: must be a number, not 'free'",
        "4:5: dishes[2]: 'name' is missing",
        "4:6: dishes[2].price: must be from 0 to 1e+12, not -1",
        "5:1: cook: must be one of ada, bo, not 'ad', did you mean 'ada'?",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dishes: []", "1:1: dishes: must be a list of 1 to 3 entries, not a list of 0 entries"),
        ("dishes: [{name: a}, {name: b}, {name: c}, {name: d}]", "dishes: must be a list of 1 to 3 entries"),
        ("dishes: {name: a}", "dishes: must be a list of 1 to 3 entries, not a mapping of 1 entry"),
        # a word from elsewhere gets its reason, one of a later version its own
        ("dishes: [{name: a, cost: 3}]", "1:20: dishes[0].cost: say 'price'"),
        ("dishes: [{name: a, wine: red}]", "dishes[0].wine: this version does not know 'wine' yet"),
        ("dishes: [{name: a, prise: 3}]", "dishes[0].prise: unknown key 'prise', did you mean 'price'?"),
    ],
)
def test_errors_are_reported_with_their_position(text: str, said: str) -> None:
    _, problems = _read(text)

    assert len(problems) == 1
    assert problems[0].startswith(said) or said in problems[0]


@pytest.mark.parametrize(
    "text", ["cook: &a ada\n", "cook: !!str ada\n", "%YAML 1.2\n---\ncook: ada\n"], ids=["anchor", "tag", "directive"]
)
def test_what_plain_yaml_does_not_have_is_refused_by_the_name_of_the_document(text: str) -> None:
    found = Findings()

    with pytest.raises(InvalidValue):
        parse(text, found, noun="a menu")

    assert str(found.problems[0]).endswith("not part of a menu")


def test_chosen_names_follow_the_rule_of_their_mapping() -> None:
    found = Findings()
    prices = NamedValues(Number(), name=PatternText(r"^[A-Z]$", "a capital letter"))

    read = prices.read(parse('A: 1\nb: 2\n"C\\n": 3\n', found, noun="a list of prices"), found)

    assert read == {"A": 1.0}
    assert [problem.reason for problem in found.problems] == [
        "'b' must be a capital letter",
        "'C\n' must be a capital letter",
    ]
    assert prices.schema()["propertyNames"] == {"pattern": r"^[A-Z]$"}


def test_findings_are_listed_as_editors_and_ci_read_them() -> None:
    problem, warning = Finding(3, 1, "a.b", "is wrong"), Finding(1, 2, "", "is odd")

    assert format_findings("x.yml", problems=(problem,), warnings=(warning,)) == [
        "x.yml:3:1: a.b: is wrong",
        "x.yml:1:2: warning: is odd",
    ]
    assert str(InvalidDocument("x.yml", (problem,))) == "x.yml:3:1: a.b: is wrong"
