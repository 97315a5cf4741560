from functools import partial

from local.demo.selection import select


def _has(word: str, message: str) -> bool:
    return word in message


def pick(scenarios: dict[str, list[str]], *wishes: str) -> dict[str, str]:
    return select(scenarios, [partial(_has, wish) for wish in wishes])


def test_without_wishes_the_first_of_each_story_is_taken_and_a_story_without_any_is_left_out() -> None:
    assert pick({"decline": ["a", "b"], "silence": [], "storm": ["c"]}) == {"decline": "a", "storm": "c"}


def test_a_wish_is_fulfilled_where_it_costs_least() -> None:
    scenarios = {"decline": ["slack", "slack", "mail"], "storm": ["slack", "mail"]}

    assert pick(scenarios, "mail") == {"decline": "slack", "storm": "mail"}


def test_one_message_may_fulfil_several_wishes() -> None:
    scenarios = {"decline": ["slack", "mail ja"], "storm": ["slack", "mail"]}

    assert pick(scenarios, "mail", "ja", "slack") == {"decline": "mail ja", "storm": "slack"}


def test_a_wish_that_nothing_fulfils_changes_nothing() -> None:
    assert pick({"decline": ["slack", "slack again"]}, "mail") == {"decline": "slack"}
