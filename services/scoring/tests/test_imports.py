"""What a worker's process imports, and so keeps in memory as long as it lives."""

import subprocess
import sys

import pytest

# Each of them is for another process: the read API, a migration.
UNUSED = ("fastapi", "alembic", "mako")


@pytest.mark.servers
def test_a_worker_imports_nothing_that_only_other_processes_use() -> None:
    program = f"import sys, scoring.app; print([one for one in {UNUSED!r} if one in sys.modules])"
    asked = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == "[]"
