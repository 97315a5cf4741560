"""Errors about a setting do not show its value, which may be a secret."""

import pytest
from pydantic import SecretStr, ValidationError

from common.settings import CommonSettings


class Secretive(CommonSettings):
    test_webhooks: dict[str, SecretStr] = {}  # noqa: RUF012 - pydantic copies it


def test_an_error_does_not_show_an_invalid_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_WEBHOOKS", '["https://hooks.example.com/services/SECRET"]')
    with pytest.raises(ValidationError) as error:
        Secretive()
    assert "test_webhooks" in str(error.value)
    assert "SECRET" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://churn:a@b:SECRET@host/churn",  # what follows the colon is taken for a port
        "postgresql+asyncpg://churn:SECRET@host:port/churn",
        "postgres://churn:SECRET@host/churn",
        "SECRET",
    ],
)
def test_an_error_about_the_database_url_shows_the_format_and_not_the_url(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ValidationError) as error:
        CommonSettings()
    assert "percent-encoded" in str(error.value)
    assert "SECRET" not in str(error.value)
