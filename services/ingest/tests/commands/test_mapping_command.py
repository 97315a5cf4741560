import json
from pathlib import Path
from typing import Any

import pytest

from ingest.__main__ import main
from ingest.sdk.captured import format_of

DEPLOY = Path(__file__).parents[4] / "deploy"
SHIPPED = ("--file", str(DEPLOY / "mapping.yml"))


def tried(tmp_path: Path, capsys: pytest.CaptureFixture[str], body: Any, *words: str) -> tuple[int, str]:
    file = tmp_path / "body.json"
    file.write_text(body if isinstance(body, str) else json.dumps(body))
    code = main(["mapping", "test", str(file), *(words or SHIPPED)])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_a_captured_body_is_told_message_by_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    group = {
        "type": "group",
        "groupId": "acme",
        "userId": "u-1",
        "traits": {"name": "A", "arr": "many", "industry": "x"},
    }
    track = {
        "type": "track",
        "messageId": "m-1",
        "userId": "u-1",
        "event": "userLoggedIn",
        "properties": {"plan": "pro"},
    }
    code, told = tried(tmp_path, capsys, {"batch": [group, track]})
    assert code == 0
    assert "group -> account.updated" in told
    assert "acme (groupId)" in told
    assert "not used    industry" in told
    assert "left out    properties.arr: wrong_type" in told
    assert "userLoggedIn -> session.started" in told
    assert "acme (as another message tells of its person)" in told
    assert "2 messages of segment: 2 taken, 0 refused, 0 ignored" in told


def test_a_refusal_names_the_line_that_would_mend_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lost = {"type": "track", "event": "Report Exported", "properties": {"workspaceId": "w-1", "tenant": {"id": 7}}}
    strange = {"type": "track", "userId": "u-1", "event": "ありがとう"}
    code, told = tried(tmp_path, capsys, [lost, strange])
    assert code == 1
    assert "account: [properties.workspaceId]" in told
    assert "account: [properties.tenant.id]" in told
    assert 'names: {"ありがとう": object.verbed}' in told
    assert "2 refused" in told


def test_the_line_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(
        "version: 1\nsources:\n  app: {account: [properties.tenant.id], names: {ありがとう: thanks.given}}\n"
    )
    message = {"type": "track", "event": "ありがとう", "properties": {"tenant": {"id": 7}}}
    code, told = tried(tmp_path, capsys, message, "--file", str(mapping), "--source", "app")
    assert (code, "ありがとう -> thanks.given" in told, "7 (properties.tenant.id)" in told) == (0, True, True)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"batch": [], "writeKey": "k"}, "segment"),
        ({"type": "track"}, "segment"),
        ({"api_key": "k", "batch": []}, "posthog"),
        ([{"event": "a", "distinct_id": "u", "properties": {}}], "posthog"),
        ({"api_key": "k", "events": []}, "amplitude"),
        ([{"event": "a", "properties": {"distinct_id": "u"}}], "mixpanel"),
        ([{"$distinct_id": "u", "$set": {}}], "mixpanel"),
        ({"specversion": "1.0"}, "cloudevents"),
        ([{"specversion": "1.0"}], "cloudevents"),
        ({"a": 1}, None),
        (5, None),
        ([], None),
    ],
)
def test_a_body_tells_whose_it_is(body: Any, name: str | None) -> None:
    assert format_of(json.dumps(body).encode()) == name


@pytest.mark.parametrize(
    ("body", "words", "said"),
    [
        ("{", SHIPPED, "not JSON"),
        ('{"a": 1}', SHIPPED, "say --format"),
        ("{}", ("--file", "nowhere.yml"), "cannot be read"),
    ],
)
def test_what_cannot_be_tried_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: str, words: tuple[str, ...], said: str
) -> None:
    code, told = tried(tmp_path, capsys, body, *words)
    assert (code, said in told) == (1, True), told


def test_check_tells_problems_with_their_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mapping.yml"
    file.write_text("version: 1\ndefaults: {acount: [a]}\n")
    assert main(["mapping", "check", str(file)]) == 1
    told = capsys.readouterr().out
    assert f"{file}:2:" in told
    assert "1 problem, not loaded" in told


def test_check_sums_up_what_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mapping", "check", str(DEPLOY / "mapping.yml")]) == 0
    assert "paths of accounts" in capsys.readouterr().out


def test_check_names_the_address_of_each_webhook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mapping.yml"
    file.write_text("version: 1\nwebhooks:\n  billing: {sender: stripe, source: money, currency: EUR}\n")
    assert main(["mapping", "check", str(file)]) == 0
    assert "webhook billing: stripe, source money, posts to /v1/webhooks/billing" in capsys.readouterr().out


def test_schema_prints_the_file_for_editors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mapping", "schema"]) == 0
    assert capsys.readouterr().out == (DEPLOY / "mapping.schema.json").read_text(encoding="utf-8")
