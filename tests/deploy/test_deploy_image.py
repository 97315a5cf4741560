"""deploy/Dockerfile, and the probe that is in every image."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from common.settings import CommonSettings
from local.stack.processes import free_port
from probe import trouble
from support import deployment
from support.deployment import DOCKERFILE, ROOT

TEXT = DOCKERFILE.read_text()
PROBE = ROOT / "deploy" / "probe.py"


class Answers(BaseHTTPRequestHandler):
    """/readyz is not well, everything else is."""

    def do_GET(self) -> None:
        ready = self.path != "/readyz"
        body = b"fine" if ready else b'{"log": "no Kafka"}'
        self.send_response(200 if ready else 503)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def copied(service: str, text: str = TEXT) -> list[str]:
    """What comes from the checkout."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
    return [source for line in lines for source in line.replace("${SERVICE}", service).split()[:-1]]


def stage(name: str) -> str:
    """Its lines."""
    found = re.search(rf"^FROM \S+ AS {name}\n(.*?)(?=^FROM )", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def script_steps(text: str) -> list[str]:
    """The commands that run a file of ours; the others bring programs that the machine has."""
    commands = re.findall(r"^RUN ((?:.*\\\n)*.*)$", text, re.MULTILINE)
    return [
        re.sub(r"--mount=\S+", "", command.replace("\\\n", "")).strip() for command in commands if "deploy/" in command
    ]


def test_the_image_is_built_by_the_uv_that_the_checkout_uses() -> None:
    makefile = re.search(r"^UV_VERSION := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    image = re.search(r"^ARG UV_VERSION=(.+)$", TEXT, re.MULTILINE)
    assert makefile is not None
    assert image is not None
    assert image[1] == makefile[1]


def test_what_is_copied_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    for source in copied("alerts"):
        assert (ROOT / source).exists(), source
        parts = [source[:end] for end in range(1, len(source) + 1) if end == len(source) or source[end] == "/"]
        assert any(f"!{part}" in ignored for part in parts), source


def test_no_secret_and_no_test_can_get_into_an_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "**/tests" in ignored
    assert not [line for line in ignored if line.startswith("!") and ("env" in line or "local" in line)]


def test_the_compiler_is_where_the_core_is_compiled_and_nowhere_else() -> None:
    assert TEXT.count("apt-get install") == stage("built-scoring").count("apt-get install") == 1
    assert re.findall(r"^COPY --from=(\S+) (\S+)", TEXT, re.MULTILINE) == [("built", "/app/.venv")]


@pytest.mark.compiler
@pytest.mark.timeout(600)
def test_the_steps_of_the_image_leave_a_compiled_core(tmp_path: Path) -> None:
    text = stage("build") + stage("built-scoring")
    for source in copied("scoring", text):
        target = tmp_path / source
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, target)
    steps = script_steps(text)
    assert [Path(step.split(" sh ")[1].split()[0]).name for step in steps] == ["install.sh", "compile.sh"]
    programs = os.pathsep.join([str(ROOT / ".venv" / "bin"), os.environ["PATH"]])
    cache = subprocess.run(
        ["uv", "cache", "dir"], env={**os.environ, "PATH": programs}, capture_output=True, check=True
    )
    for step in steps:
        here = step.replace("/var/cache/uv", cache.stdout.decode().strip()).replace("/app", str(tmp_path))
        given = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment = {**given, "PATH": programs, "PYTHON": sys.executable, "SERVICE": "scoring"}
        done = subprocess.run(["sh", "-c", here], cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
    asked = (
        "from scoring.core_form import core_form; import scoring.health; print(core_form(), scoring.health.__file__)"
    )
    python = tmp_path / ".venv" / "bin" / "python"
    said = subprocess.run([python, "-I", "-c", asked], capture_output=True, check=True, text=True).stdout
    assert said.startswith(f"compiled {tmp_path / '.venv'}")


def test_all_processes_listen_where_the_image_says() -> None:
    said = deployment.image_environment()
    exposed = re.search(r"^EXPOSE (\d+)$", TEXT, re.MULTILINE)
    assert exposed is not None
    ports = {name for name in said if name.endswith("_PORT")}
    assert ports == {"INGEST_PORT", "SCORING_API_PORT", "SCORING_WORKER_PORT", "ALERTS_PORT", "CONSOLE_PORT"}
    assert {said[name] for name in ports} == {exposed[1]}
    assert set(said) & {name.upper() for name in CommonSettings.model_fields} == {"HOST", "LOG_FORMAT"}


def test_the_process_is_not_root() -> None:
    assert re.findall(r"^USER (.+)$", TEXT, re.MULTILINE) == ["10001:10001"]


def test_the_probe_is_content_with_200_alone(port: int) -> None:
    assert trouble("/healthz", port=port) is None
    assert trouble("/readyz", port=port) == '/readyz: 503 {"log": "no Kafka"}'


def test_the_probe_says_when_nobody_answers() -> None:
    assert "ConnectionRefusedError" in str(trouble("/healthz", port=free_port()))


def test_docker_learns_it_from_the_exit_code(port: int) -> None:
    # A proxy that the container was told of is not asked about the container itself.
    told = {"PROBE_PORT": str(port), "http_proxy": "http://127.0.0.1:1", "PATH": ""}

    def probed(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(PROBE), *words]
        return subprocess.run(command, env=told, capture_output=True, text=True, check=False)

    assert probed().returncode == 0
    assert probed("/readyz").returncode == 1
    assert "no Kafka" in probed("/readyz").stderr
