"""The command line of a service."""

import pytest

from common.commands.command_line import Command, parse

COMMANDS = {"serve": Command("serve until told to stop"), "keys": Command("manage keys", "common.commands.keys")}


def test_a_command_gets_the_arguments_of_its_module() -> None:
    asked = parse("python -m service", COMMANDS, ["keys", "revoke", "abc"])
    assert (asked.command, asked.action, asked.id) == ("keys", "revoke", "abc")


@pytest.mark.parametrize("words", [["no-such-command"], [], ["serve", "keys"], ["keys", "revoke"]])
def test_what_is_not_valid_ends_with_exit_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse("python -m service", COMMANDS, words)
    assert ended.value.code == 2
    assert "usage: python -m service" in capsys.readouterr().err
