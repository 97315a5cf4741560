"""What is not known is not taken for good."""

from email.message import Message
from typing import Any

import pytest

from security import audit
from security.audit import COPYLEFT, PERMISSIVE, Dependency, Unasked, Vulnerability


def test_one_package_that_nobody_was_asked_about_is_one_too_many() -> None:
    known = Dependency("a", "1", [Vulnerability("X-1", ["2"])])
    assert audit._known([known]) == [known]
    with pytest.raises(Unasked, match="1 of 2 packages: not there"):
        audit._known([known, Dependency("b", skip_reason="not there")])


@pytest.mark.parametrize(
    ("told", "fine"),
    [
        ({"License-Expression": "MIT"}, True),
        ({"Classifier": "License :: OSI Approved :: BSD License"}, True),
        ({"License": "Apache License\nVersion 2.0, with all of its text"}, True),
        ({"License": "AGPL-3.0"}, False),
        ({"License-Expression": "MIT OR GPL-3.0-only"}, False),  # for a person to look at
        ({}, False),
    ],
)
def test_a_licence_is_fine_if_it_says_so(told: dict[str, str], fine: bool) -> None:
    about: Any = Message()
    for name, value in told.items():
        about[name] = value
    text = audit.licence(about)
    assert (bool(PERMISSIVE.search(text)) and not COPYLEFT.search(text)) is fine


def test_everything_that_ships_is_looked_at() -> None:
    assert {"fastapi", "starlette", "asyncpg", "msgspec", "slack-sdk"} <= audit.shipped(audit.MEMBERS)
