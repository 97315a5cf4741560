"""A real Prometheus on this machine, with the rules of deploy/, which scrapes processes that a test has started."""

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from local.stack.processes import Process, free_port
from support.watched import PROMETHEUS, RULE_FILES, yaml

MISSING = "no prometheus (Debian: prometheus)"
START_SECONDS = 30.0
EVERY = "1s"
# What Grafana would put in for these: some scrapes.
RATE_INTERVAL = "15s"


def available() -> bool:
    return shutil.which("prometheus") is not None


class Prometheus:
    """Asks every second. `targets` are addresses by the name of their job; jobs and rules are those of deploy/."""

    def __init__(self, directory: Path, *, targets: Mapping[str, list[str]]) -> None:
        self._url = f"http://127.0.0.1:{free_port()}"
        (directory / "rules").mkdir(parents=True)
        for path in RULE_FILES:
            _write(directory / "rules" / path.name, _hurried(yaml(path)))
        _write(directory / "prometheus.yml", _configured(yaml(PROMETHEUS / "prometheus.yml"), targets))
        self._process = Process(
            [
                "prometheus",
                f"--config.file={directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address={self._url.removeprefix('http://')}",
            ],
            log=directory / "prometheus.log",
        )

    def wait_ready(self) -> None:
        self._process.wait_until(self._ready, timeout=START_SECONDS)

    def stop(self) -> None:
        self._process.kill()

    async def numbers(self, http: httpx.AsyncClient, expression: str) -> list[float]:
        """What the expression gives now, series by series; what is no number is left out."""
        query = expression.replace("$__rate_interval", RATE_INTERVAL)
        found = (await self._asked(http, "query", query=query))["result"]
        return [value for series in found if math.isfinite(value := float(series["value"][1]))]

    async def firing(self, http: httpx.AsyncClient) -> set[str]:
        """The names of the alerts that somebody would hear of now."""
        alerts = (await self._asked(http, "alerts"))["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    async def ill(self, http: httpx.AsyncClient) -> list[str]:
        """Rules that could not be worked out, and why."""
        groups = (await self._asked(http, "rules"))["groups"]
        return [f"{rule['name']}: {rule['lastError']}" for group in groups for rule in group["rules"] if _is_ill(rule)]

    async def _asked(self, http: httpx.AsyncClient, what: str, **query: str) -> Any:
        answer = await http.get(f"{self._url}/api/v1/{what}", params=query)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()["data"]

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self._url}/-/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


def _is_ill(rule: Mapping[str, Any]) -> bool:
    return bool(rule["health"] == "err")


def _hurried(rules: Any) -> Any:
    for group in rules["groups"]:
        group.pop("interval", None)
    return rules


def _configured(config: Any, targets: Mapping[str, list[str]]) -> Any:
    assert {job["job_name"] for job in config["scrape_configs"]} == targets.keys()
    return {
        "global": {"scrape_interval": EVERY, "evaluation_interval": EVERY},
        "rule_files": config["rule_files"],
        "scrape_configs": [
            {"job_name": job["job_name"], "static_configs": [{"targets": targets[job["job_name"]]}]}
            for job in config["scrape_configs"]
        ],
    }


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document))  # which is YAML
