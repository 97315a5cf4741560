"""docker-compose.yml says nothing that the services, the images or this checkout do not know."""

import importlib
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import PurePosixPath
from xml.etree import ElementTree

import pytest
from dotenv import dotenv_values
from ruamel.yaml import YAML

from common.settings import CommonSettings
from support import deployment
from support.deployment import IMAGE_FOLDER, ROOT

OURS = deployment.ours()
PASSWORD = {"POSTGRES_PASSWORD": "0123abcd"}
SECRET = re.compile(r"PASSWORD|TOKEN|WEBHOOK|SECRET|KEY")


def settings_of(service: str) -> type[CommonSettings]:
    module = importlib.import_module(f"{service}.settings")
    found: type[CommonSettings] = getattr(module, f"{service.capitalize()}Settings")
    return found


KNOWN = {
    name.upper() for service in ("ingest", "scoring", "alerts", "console") for name in settings_of(service).model_fields
}


@cache
def commands_of(service: str) -> str:
    asked = [sys.executable, "-m", service, "--help"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def told(name: str, monkeypatch: pytest.MonkeyPatch, chosen: Mapping[str, str] = PASSWORD) -> CommonSettings:
    """The settings that the process in this container has."""
    for setting in KNOWN:
        monkeypatch.delenv(setting, raising=False)
    container = OURS[name]
    for key, value in {**deployment.image_environment(), **deployment.environment(container, chosen)}.items():
        monkeypatch.setenv(key, value)
    return settings_of(deployment.program(container))(_env_file=None)  # type: ignore[call-arg]


@pytest.mark.parametrize("name", OURS)
def test_a_container_is_told_settings_that_its_service_has(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    container = OURS[name]
    known = {field.upper() for field in settings_of(deployment.program(container)).model_fields}
    assert set(container["environment"]) <= known
    settings = told(name, monkeypatch)
    assert settings.host == "0.0.0.0"
    assert settings.database_url == "postgresql+asyncpg://churn:0123abcd@postgres:5432/churn"


def test_mails_go_to_the_catcher_and_nothing_goes_to_slack_until_somebody_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = told("alerts", monkeypatch).model_dump()
    assert settings["alerts_smtp_host"] in deployment.services()
    assert (settings["alerts_smtp_port"], settings["alerts_smtp_tls"]) == (1025, "none")
    assert settings["alerts_smtp_user"] is None
    assert settings["alerts_slack_token"] is None
    assert settings["alerts_slack_webhooks"] == {}


@pytest.mark.parametrize("name", OURS)
def test_a_copy_of_the_example_as_dot_env_changes_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    example = {key: value or "" for key, value in dotenv_values(ROOT / ".env.example", interpolate=False).items()}
    assert told(name, monkeypatch, {**example, **PASSWORD}) == told(name, monkeypatch)


def test_a_token_for_slack_reaches_alerts_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {**PASSWORD, "ALERTS_SLACK_TOKEN": "a token", "ALERTS_SLACK_WEBHOOKS": '{"cs-desk": "an address"}'}
    settings = told("alerts", monkeypatch, chosen).model_dump()
    assert settings["alerts_slack_token"].get_secret_value() == "a token"
    assert settings["alerts_slack_webhooks"]["cs-desk"].get_secret_value() == "an address"
    holders = [name for name, container in OURS.items() if "ALERTS_SLACK_TOKEN" in container["environment"]]
    assert holders == ["alerts"]


def test_each_variable_is_a_setting_a_site_or_the_databases_password() -> None:
    found = {variable.name for variable in deployment.variables(deployment.COMPOSE.read_text())}
    others = {"LIKE_THIS", "POSTGRES_PASSWORD", "INGEST_SITE", "SCORING_SITE", "ALERTS_SITE", "CONSOLE_SITE"}
    assert found >= {*others, "ALERTS_SLACK_TOKEN"}
    assert found - others <= KNOWN


def test_no_secret_has_a_default() -> None:
    found = [v for v in deployment.variables(deployment.COMPOSE.read_text()) if SECRET.search(v.name)]
    assert found
    assert all(variable.required or variable.default == "" for variable in found)


def test_every_secret_comes_from_a_variable() -> None:
    for name, service in deployment.services().items():
        for key, value in service.get("environment", {}).items():
            if SECRET.search(key):
                assert re.fullmatch(r"\$\{\w+:[^}]*\}", str(value)), f"{name}: {key}"


def test_nothing_is_open_to_other_machines() -> None:
    ports = [port for service in deployment.services().values() for port in service.get("ports", ())]
    assert len(ports) == len({port.rsplit(":", 1)[0] for port in ports}) >= 5
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports)


def test_each_image_from_elsewhere_is_pinned_by_its_version() -> None:
    images = {name: service["image"] for name, service in deployment.services().items() if name not in OURS}
    assert set(images) == {"caddy", "grafana", "kafka", "mailpit", "postgres", "prometheus"}
    for image in images.values():
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", image), image


def test_kafka_is_the_version_that_the_tests_run_on() -> None:
    pom = ElementTree.parse(ROOT / "deploy/local/src/local/stack/pom.xml")
    version = pom.findtext(".//{*}dependency/{*}version")
    assert deployment.services()["kafka"]["image"] == f"apache/kafka:{version}"


@pytest.mark.parametrize("name", OURS)
def test_a_container_runs_a_command_that_its_service_has(name: str) -> None:
    container = OURS[name]
    choices = re.search(r"\{([\w,]+)\}", commands_of(deployment.program(container)))
    assert choices is not None
    assert container["command"][0] in choices[1].split(",")


@pytest.mark.parametrize("name", [name for name in OURS if not name.endswith("-migrate")])
def test_a_process_starts_on_its_migrated_schema(name: str) -> None:
    container = OURS[name]
    migration = f"{deployment.program(container)}-migrate"
    assert container["depends_on"][migration] == {"condition": "service_completed_successfully"}
    assert OURS[migration]["command"] == ["migrate"]
    assert OURS[migration]["restart"] == "no"
    assert OURS[migration]["depends_on"]["postgres"] == {"condition": "service_healthy"}


@pytest.mark.parametrize("name", [name for name in OURS if not name.endswith("-migrate")])
def test_a_process_may_finish_what_it_holds_before_it_is_killed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = told(name, monkeypatch)
    assert (
        int(OURS[name]["stop_grace_period"].removesuffix("s")) > settings.drain_notice_seconds + settings.drain_seconds
    )


@pytest.mark.parametrize("name", OURS)
def test_a_container_can_change_nothing_but_what_is_its_to_change(name: str) -> None:
    container = OURS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert all(volume.endswith(":ro") for volume in container.get("volumes", ()))


def test_what_is_mounted_is_there_and_where_it_is_looked_for() -> None:
    for name, service in deployment.services().items():
        for volume in service.get("volumes", ()):
            source, target, *_ = volume.split(":")
            if not source.startswith("./"):
                assert source in deployment.compose()["volumes"]
                continue
            assert (ROOT / source).exists(), f"{name} mounts {source}"
            if name in OURS:
                fields = settings_of(deployment.program(service)).model_fields.values()
                paths = [str(field.default) for field in fields]
                assert str(PurePosixPath(target).relative_to(IMAGE_FOLDER)) in paths


def test_prometheus_asks_each_process_where_it_listens() -> None:
    config = YAML(typ="safe", pure=True).load(ROOT / "deploy" / "prometheus" / "prometheus.yml")
    asked = {job["job_name"]: job["dns_sd_configs"][0] for job in config["scrape_configs"]}
    assert set(asked) == {name for name in OURS if not name.endswith("-migrate")}
    for name, job in asked.items():
        assert job["names"] == [name]
        assert str(job["port"]) == deployment.image_environment()["INGEST_PORT"]
