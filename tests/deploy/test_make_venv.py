"""What `make demo` installs stays small."""

from pathlib import Path

import pytest

MEGABYTES = Path(__file__).parents[2] / ".venv" / "megabytes"


@pytest.mark.skipif(not MEGABYTES.exists(), reason="this environment was not made by `make`")
def test_what_runs_takes_at_most_300_megabytes() -> None:
    assert int(MEGABYTES.read_text()) <= 300
