from functools import partial

from local.choosing import chosen


def _has(word: str, message: str) -> bool:
    return word in message


def pick(stories: dict[str, list[str]], *wishes: str) -> dict[str, str]:
    return chosen(stories, [partial(_has, wish) for wish in wishes])


def test_without_wishes_the_first_of_each_story_is_taken_and_a_story_without_any_is_left_out() -> None:
    assert pick({"decline": ["a", "b"], "silence": [], "storm": ["c"]}) == {"decline": "a", "storm": "c"}


def test_a_wish_is_fulfilled_where_it_costs_least() -> None:
    stories = {"decline": ["slack", "slack", "mail"], "storm": ["slack", "mail"]}

    assert pick(stories, "mail") == {"decline": "slack", "storm": "mail"}


def test_one_message_may_fulfil_several_wishes() -> None:
    stories = {"decline": ["slack", "mail ja"], "storm": ["slack", "mail"]}

    assert pick(stories, "mail", "ja", "slack") == {"decline": "mail ja", "storm": "slack"}


def test_a_wish_that_nothing_fulfils_changes_nothing() -> None:
    assert pick({"decline": ["slack", "slack again"]}, "mail") == {"decline": "slack"}
