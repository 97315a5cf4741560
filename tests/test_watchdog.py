import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
STUBBORN = """
import threading
from contextlib import suppress

import pytest
from support import watchdog

watchdog.GRACE_SECONDS = 0.1

def test_waits_again():
    with suppress(pytest.fail.Exception):
        threading.Event().wait()
    threading.Event().wait()
"""


def test_a_test_that_goes_on_after_its_timeout_is_named_with_where_it_waits(tmp_path: Path) -> None:
    (tmp_path / "test_stubborn.py").write_text(STUBBORN)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:schemathesis", "-p", "support.watchdog", "--timeout", "0.2"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )
    assert run.returncode == 1
    assert "test_stubborn.py::test_waits_again does not end" in run.stderr
    assert "in test_waits_again" in run.stderr
