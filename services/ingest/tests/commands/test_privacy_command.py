"""`python -m ingest privacy hash ID`: the id to ask an export with."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from common.commands.command_line import parse
from ingest.__main__ import COMMANDS
from ingest.commands import privacy
from ingest.mapping.rules import PrivacyRules
from ingest.privacy.pseudonyms import Pseudonyms
from ingest.settings import IngestSettings

KEY = "a key of thirty-two characters, at least"


def said(tmp_path: Path, mapping: str, key: str | None) -> int:
    file = tmp_path / "mapping.yml"
    file.write_text(mapping, encoding="utf-8")
    secret = None if key is None else SecretStr(key)
    settings = IngestSettings(ingest_mapping=file, ingest_privacy_key=secret)
    return privacy.run(parse("ingest", COMMANDS, ["privacy", "hash", "ann"]), settings)


def test_an_id_is_hashed_as_in_events(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(tmp_path, "version: 1\nprivacy: {users: hashed}", KEY) == 0
    hashed = Pseudonyms(PrivacyRules(users_hashed=True), KEY.encode()).user("ann")
    assert capsys.readouterr().out == f"{hashed}\n"


def test_where_users_are_stored_as_they_come_the_id_is_shown_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(tmp_path, "version: 1", None) == 0
    assert said(tmp_path, "version: 1\nprivacy: {hash: [email]}", KEY) == 0
    assert capsys.readouterr().out == "ann\nann\n"


def test_without_its_key_nothing_is_hashed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(tmp_path, "version: 1\nprivacy: {users: hashed}", None) == 1
    assert "INGEST_PRIVACY_KEY" in capsys.readouterr().err
