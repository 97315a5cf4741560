"""An import that is killed in the middle is given once more: no row is missing, and none counts twice."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.in_memory import NOW
from support.served_ingest import ServedIngest

ROWS = 12_000


@pytest.mark.servers
def test_a_killed_import_goes_on_and_counts_every_row_once(imported: ServedIngest, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    lines = (f"acme-{number % 7},Session Started,{NOW.isoformat()}\n" for number in range(ROWS))
    file.write_text("account_id,event,time\n" + "".join(lines))
    imported.hangs_from = 3
    with _import(file) as process:
        _until_posts(imported, 3)
        process.kill()
    assert 0 < len(imported.events()) < ROWS

    imported.hangs_from = None
    with _import(file) as process:
        shown = process.communicate(timeout=60)[0]
    assert process.returncode == 0, shown
    assert f"{ROWS:,} rows: {ROWS:,} taken, 0 refused" in shown
    found = [event.event_id for event in imported.events()]
    assert len(set(found)) == ROWS
    # Of what had no answer one batch at most was sent twice.
    assert len(found) <= ROWS + 5000


def _import(file: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "ingest", "import", str(file)]
    return subprocess.Popen(words, env=os.environ.copy(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _until_posts(served: ServedIngest, count: int) -> None:
    deadline = time.monotonic() + 60
    while served.posts < count:
        assert time.monotonic() < deadline, f"{served.posts} posts came"
        time.sleep(0.02)
