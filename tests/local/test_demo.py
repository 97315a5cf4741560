"""The demo as a process: interrupted, it cleans up. That it works to its end is shown by running it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.ledger import Ledger, runs
from local.servers import CHECKOUT, LOCAL


@pytest.fixture
def demo(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "local.demo", "--accounts", "8", "--seconds", "0"],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": "deploy"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)


def output_until(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if text in line:
            return read
    pytest.fail(f"the demo ended without {text!r}:\n{read}")


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_demo_that_is_interrupted_leaves_nothing_behind(
    demo: "subprocess.Popen[str]", sent: signal.Signals, code: int
) -> None:
    output_until(demo, "Ready after")
    home = LOCAL / f"demo-{demo.pid}"
    started = Ledger(home / "processes.json").entries()
    assert [entry.name for entry in started] == ["broker", "scoring worker", "scoring api", "ingest"]

    demo.send_signal(sent)

    assert demo.wait(60) == code
    assert not any(map(runs, started))
    assert not home.exists()
