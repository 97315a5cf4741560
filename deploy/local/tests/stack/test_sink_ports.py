from pathlib import Path

import pytest

from alerts.settings import AlertsSettings
from local.stack.processes import ServerError
from local.stack.sinks import SinkPorts, read_routes

ROUTES = """\
route: {receiver: desk}
receivers:
  - {name: desk, slack: {webhook: cs-desk}, email: {to: desk@example.com}}
"""


def test_every_way_that_the_routes_name_leads_to_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "routes.yml"
    file.write_text(ROUTES)

    for name, value in SinkPorts(slack=4001, smtp=4002).environment(read_routes(file)).items():
        monkeypatch.setenv(name, value)
    settings = AlertsSettings()

    hook = settings.alerts_slack_webhooks["cs-desk"].get_secret_value()
    assert hook == "http://127.0.0.1:4001/services/cs-desk"
    assert settings.alerts_slack_api == "http://127.0.0.1:4001/api/"
    assert settings.alerts_slack_token is not None
    assert (settings.alerts_smtp_host, settings.alerts_smtp_port) == ("127.0.0.1", 4002)
    assert settings.alerts_smtp_tls == "none"
    assert (settings.alerts_slack_per_second, settings.alerts_smtp_per_second) == (0, 0)


def test_routes_that_are_not_sound_say_where(tmp_path: Path) -> None:
    file = tmp_path / "routes.yml"
    file.write_text(ROUTES.replace("receiver: desk", "receiver: dekk"))

    with pytest.raises(ServerError, match=r"routes\.yml:1:(.|\n)*dekk"):
        read_routes(file)
    with pytest.raises(ServerError):
        read_routes(tmp_path / "none.yml")
