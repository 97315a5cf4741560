"""Log lines of a process. Logging is global, so a process of its own writes them."""

import json
import subprocess
import sys
from functools import cache

import pytest

pytestmark = pytest.mark.servers

PROGRAM = """
import logging
import structlog
from common import logs
from common.settings import LogFormat, LogLevel

logs.configure(LogFormat("{form}"), LogLevel.INFO, service="ingest")
log = structlog.get_logger()
log.info("batch.scored", events=512)
log.debug("batch.polled")
logging.getLogger("aiokafka.cluster").error("no %s", "broker")
logging.getLogger("httpx").info("HTTP Request: GET ...")
try:
    key = "cs_" + "secret"
    raise ValueError("broken")
except ValueError:
    log.exception("process.failed")
"""


@cache
def said(form: str) -> list[str]:
    command = [sys.executable, "-c", PROGRAM.format(form=form)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "", "standard output is for what was asked for"
    return done.stderr.splitlines()


def test_json_lines_of_services_and_libraries_have_service_level_and_time() -> None:
    ours, theirs, failure = map(json.loads, said("json"))
    assert (ours["event"], ours["events"], ours["service"], ours["level"]) == (
        "batch.scored",
        512,
        "ingest",
        "info",
    )
    assert ours["timestamp"].endswith("Z")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("no broker", "error", "aiokafka.cluster")
    assert failure["exception"][0]["exc_type"] == "ValueError"


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_exception_shows_where_it_was_and_no_variable(form: str) -> None:
    text = "\n".join(said(form))
    assert "<module>" in text
    assert "cs_secret" not in text


@pytest.mark.parametrize("word", ["batch.scored", "events=512", "no broker", "ValueError: broken"])
def test_the_console_shows_the_same_to_people(word: str) -> None:
    assert any(word in line for line in said("console"))
