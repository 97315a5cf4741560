"""`routes check` and `routes test`, as an operator and CI use them."""

import argparse
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert

from alerts.commands import routes
from alerts.postgres.schema import alert
from alerts.samples import Sample
from alerts.settings import AlertsSettings
from common.contracts.signals import Facts, Signal
from common.database import engine

SOUND = """\
route:
  receiver: desk
  routes:
    - matchers: ['tier="high"']
      receiver: owner
      repeat_interval: 12h
    - matchers: ['tier="tech"']
      receiver: nobody
receivers:
  - {name: desk, slack: {webhook: cs-desk}}
  - {name: owner, owner: true, else: desk}
  - {name: nobody}
people:
  dana@example.com: {name: Dana, slack: U0DANA, time_zone: Europe/Berlin, back_up: eli@example.com, away: [{from: 2025-08-10, to: 2025-08-24}]}
  eli@example.com: {name: Eli, language: ja}
"""  # noqa: E501

NOWHERE = Path("nowhere.yml")
NO_DATABASE = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "routes.yml"
    path.write_text(SOUND, encoding="utf-8")
    return path


async def _run(*words: str, file: Path = NOWHERE, database_url: str = NO_DATABASE) -> int:
    parser = argparse.ArgumentParser()
    routes.add_arguments(parser)
    settings = AlertsSettings(alerts_routes=file, database_url=database_url)
    return await routes.run(parser.parse_args(words), settings)


async def test_sound_routes_are_summed_up(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await _run("check", str(file)) == 0

    assert capsys.readouterr().out.splitlines() == [
        "every signal -> desk",
        '  tier="high" -> owner',
        '  tier="tech" -> nobody',
        "3 receivers, 2 people",
        "channels: email, slack",
        "messages quote customers and name whom to call",
        "ALERTS_SLACK_WEBHOOKS has to name: cs-desk",
    ]


@pytest.fixture
def silent(file: Path) -> Path:
    """No customer is quoted."""
    file.write_text(f"quote_customer: false\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    return file


async def test_it_is_told_what_messages_leave_out(silent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await _run("check", str(silent)) == 0

    assert "messages do not quote customers and name whom to call" in capsys.readouterr().out.splitlines()


async def test_the_routes_of_the_settings_are_checked_if_no_file_is_named(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _run("check", file=file) == 0

    assert capsys.readouterr().out.startswith("every signal -> desk")


async def test_problems_are_printed_where_editors_and_ci_find_them(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(file, SOUND.replace("receiver: owner", "receiver: owners").replace('tier="tech"', 'teir="tech"'))

    assert await _run("check", str(file)) == 1

    assert capsys.readouterr().out.splitlines() == [
        f"{file}:5:7: route.routes[0].receiver: there is no receiver 'owners', did you mean 'owner'?",
        f"{file}:7:18: route.routes[1].matchers[0]: unknown label 'teir', did you mean 'tier'?",
        f"{file}: 2 problems, not loaded",
    ]


async def test_warnings_do_not_fail_a_check(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _write(file, SOUND.replace("receiver: nobody", "receiver: desk"))

    assert await _run("check", str(file)) == 0

    assert f"{file}:12:5: receivers[2]: warning: no route leads to 'nobody'" in capsys.readouterr().out


async def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await _run("check", str(tmp_path / "nowhere.yml")) == 1

    assert "nowhere.yml: cannot be read" in capsys.readouterr().err


async def test_labels_are_followed_to_every_way(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await _run("test", "tier=high", "owner=dana@example.com", "--on", "2025-08-09", file=file) == 0

    assert capsys.readouterr().out.splitlines() == [
        "labels    tier=high owner=dana@example.com",
        "",
        "receiver  owner",
        'path      every signal > tier="high" > owner Dana > back-up Eli',
        "by        slack:U0DANA  (en, Europe/Berlin)",
        "then      email:dana@example.com  (en, Europe/Berlin)",
        "then      email:eli@example.com  (ja, UTC)",
        "else      desk: webhook:cs-desk",
        "repeat    after 12h",
        "resolve   after 1d",
    ]


async def test_another_day_may_lead_to_another_person(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await _run("test", "tier=high", "owner=dana@example.com", "--on", "2025-08-10T00:00+02:00", file=file) == 0

    out = capsys.readouterr().out
    assert "owner Dana, away to 2025-08-24 > back-up Eli" in out
    assert "slack:U0DANA" not in out


async def test_a_receiver_without_a_channel_is_said_so(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await _run("test", "tier=tech", file=file) == 0

    assert capsys.readouterr().out.splitlines()[-1] == "by        no channel: recorded, not told"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("teir=high",), "unknown label 'teir', did you mean 'tier'?"),
        (("colour=red",), "unknown label 'colour', known: account, tier"),
        (("tier=high", "acme"), "must be one account, or labels such as tier=high: 'acme'"),
        (("acme",), "the database does not answer"),
    ],
)
async def test_what_cannot_be_answered_is_said(
    words: tuple[str, ...], said: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _run("test", *words, file=file) == 1

    assert said in capsys.readouterr().err


async def test_unsound_routes_are_not_asked(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _write(file, "route: {}\nreceivers: [{name: a}]\n")

    assert await _run("test", "tier=high", file=file) == 1

    assert f"{file}:1:1: route: 'receiver' is missing" in capsys.readouterr().err


async def test_an_account_is_followed_by_its_newest_alert(
    database: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older = Sample(account="acme", to="yellow", facts=Facts(tier="tech")).build()
    newer = Sample(account="acme", to="red", after=38.0, facts=Facts(tier="high", owner="eli@example.com")).build()
    other = Sample(account="other", facts=Facts(tier="tech")).build()
    await _record(database, older, newer, other)

    assert await _run("test", "acme", file=file, database_url=database) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"alert     {newer.signal_id}, 2025-03-14 12:00 UTC: red 78>38"
    assert lines[1].startswith(
        "labels    account=acme tier=high owner=eli@example.com kind=band to=red severity=critical"
    )
    assert "by        email:eli@example.com  (ja, UTC)" in lines


async def test_an_account_without_alerts_is_said_so(
    database: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _run("test", "acme", file=file, database_url=database) == 1

    assert capsys.readouterr().err.strip() == "no alert of account 'acme' is recorded"


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


async def _record(url: str, *signals: Signal) -> None:
    connected = engine(url)
    async with connected.begin() as connection:
        for signal in signals:
            await connection.execute(insert(alert).values(_row(signal)))
    await connected.dispose()


def _row(signal: Signal) -> dict[str, Any]:
    return {
        "signal_id": signal.signal_id,
        "partition": 0,
        "account_id": signal.account_id,
        "episode": signal.episode,
        "kind": signal.kind,
        "to": signal.to,
        "severity": signal.severity,
        "stage": signal.after.stage,
        "at": signal.at.timestamp(),
        "recorded": signal.at.timestamp(),
        "history": signal.history,
        "waiting": False,
        "body": msgspec.to_builtins(signal),
    }
