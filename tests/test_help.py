"""`--help` answers before it imports what only a command needs."""

import subprocess
import sys

import pytest

# What takes most of the time in which a command starts.
HEAVY = ("sqlalchemy", "fastapi", "aiokafka", "pydantic", "structlog", "numpy")


@pytest.mark.parametrize("service", ["ingest", "scoring", "alerts"])
def test_help_imports_nothing_heavy(service: str) -> None:
    program = f"""
import sys
from {service}.__main__ import main
try:
    main(["--help"])
except SystemExit:
    print([one for one in {HEAVY!r} if one in sys.modules])
"""
    asked = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert asked.stdout.splitlines()[-1] == "[]"
    assert "keys" in asked.stdout
