"""The demo as a process: it plays, tells, stays if asked to, and cleans up, interrupted or not.

That its real time part works is shown by running it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from local.stack.postgres import Postgres
from local.stack.process_list import ProcessList, runs
from local.stack.servers import CHECKOUT, LOCAL

pytestmark = pytest.mark.servers


@pytest.fixture
def demo() -> Iterator["subprocess.Popen[str]"]:
    with started() as process:
        yield process


@contextmanager
def started(*more: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "local.demo", "--accounts", "8", "--seconds", "0", *more],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": "deploy"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=_heeds_ctrl_c,
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)


def _heeds_ctrl_c() -> None:
    """Whoever starts the tests in the background of a script has it ignored, and so would all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def output_until(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if text in line:
            return read
    pytest.fail(f"the demo ended without {text!r}:\n{read}")


def test_a_demo_that_is_interrupted_leaves_nothing_behind(demo: "subprocess.Popen[str]") -> None:
    output_until(demo, "Ready after")
    home = LOCAL / f"demo-{demo.pid}"
    processes = ProcessList(home / "processes.json").entries()
    assert [entry.name for entry in processes] == ["broker", "scoring worker", "alerts", "scoring api", "ingest"]

    demo.send_signal(signal.SIGINT)

    assert demo.wait(60) == 130
    assert not any(map(runs, processes))
    assert not home.exists()


def test_a_demo_that_is_told_to_end_while_it_starts_leaves_nothing_behind(demo: "subprocess.Popen[str]") -> None:
    home = LOCAL / f"demo-{demo.pid}"
    deadline = time.monotonic() + 60
    while not (processes := ProcessList(home / "processes.json").entries()):
        assert time.monotonic() < deadline, "the broker did not start"
        time.sleep(0.05)
    assert Postgres(home / "postgres").running

    demo.send_signal(signal.SIGTERM)

    assert demo.wait(60) == 143
    assert not any(map(runs, processes))
    assert not home.exists()


def time_to_value(told: dict[str, str]) -> float:
    """The KPI over all years of the company, as soon as the read API has its entries."""
    asked = {"kpi": "time_to_value", "from": "2022-01-01", "to": "2025-07-06"}
    key = {"authorization": f"Bearer {told['READ_KEY']}"}
    deadline = time.monotonic() + 60
    while True:
        answer = httpx.get(f"{told['SCORING_URL']}/v1/kpis", params=asked, headers=key).json()
        figure = answer["spans"][0]["groups"][0]["figures"]["time_to_value"]
        if figure["whole"]:
            return float(figure["value"])
        assert time.monotonic() < deadline, answer
        time.sleep(0.5)


def test_a_demo_that_serves_stays_to_be_asked_until_ctrl_c() -> None:
    with started("--serve") as demo:
        said = output_until(demo, "Ctrl-C ends")
        home = LOCAL / f"demo-{demo.pid}"
        told = dict(line.split("=", 1) for line in (home / "env").read_text().splitlines())
        key = {"authorization": f"Bearer {told['ALERTS_KEY']}"}
        answer = httpx.get(f"{told['ALERTS_URL']}/v1/alerts", params={"told": "true"}, headers=key)
        days = time_to_value(told)

        demo.send_signal(signal.SIGINT)

        assert demo.wait(60) == 0
    assert answer.json()["alerts"]
    assert 14 <= days <= 28, "as of a company whose customers were onboarded to plan"
    assert "What the CSMs read" in said
    assert "none of them came twice" in said
    assert not home.exists()
