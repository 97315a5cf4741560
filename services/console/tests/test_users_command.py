"""`python -m console users`: who may sign in."""

import argparse

import pytest

from console.commands import users
from console.settings import ConsoleSettings
from support.console import ConsoleSite


async def run(database: str, *words: str) -> int:
    parser = argparse.ArgumentParser()
    users.add_arguments(parser)
    settings = ConsoleSettings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database,
        console_url="http://console.test",
    )
    return await users.run(parser.parse_args(words), settings)


async def test_create_prints_a_link_and_nothing_else(
    database: str, site: ConsoleSite, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(database, "create", "--email", "Ann@Example.com", "--role", "lead", "--name", "Ann") == 0
    link = capsys.readouterr().out.strip()
    assert link.startswith("http://console.test/sign-in/link/")
    async with site.browser() as browser:
        assert (await browser.get(link)).status_code == 200
    assert await run(database, "list") == 0
    assert "ann@example.com  lead  Ann" in capsys.readouterr().out


async def test_mistakes_are_said(database: str, site: ConsoleSite, capsys: pytest.CaptureFixture[str]) -> None:
    await site.user("ann@example.com")
    assert await run(database, "create", "--email", "ANN@example.com", "--role", "csm") == 1
    assert "there is a user ann@example.com already" in capsys.readouterr().err
    for words in (["link"], ["role", "--role", "lead"], ["disable"], ["enable"]):
        assert await run(database, *words, "--email", "bob@example.com") == 1
        assert "there is no user bob@example.com" in capsys.readouterr().err


async def test_roles_change_and_people_come_and_go(database: str, site: ConsoleSite) -> None:
    await site.user("ann@example.com")
    for words in (["role", "--role", "admin"], ["disable"]):
        assert await run(database, *words, "--email", "ann@example.com") == 0
    found = await site.users.find("ann@example.com")
    assert (found.role, found.disabled_at is None) == ("admin", False)
    assert await run(database, "enable", "--email", "ann@example.com") == 0
    assert (await site.users.find("ann@example.com")).disabled_at is None
