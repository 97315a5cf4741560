import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from local.stack.process_list import ListedProcess, ProcessList, runs, start_time, write_private


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True) as process:
        yield process
        process.kill()


def test_what_was_started_is_ended(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    process_list = ProcessList(tmp_path / "processes.json")
    process_list.add("sleeper", sleeper.pid)

    assert ProcessList(tmp_path / "processes.json").end_all() == ["sleeper"]
    assert sleeper.wait(10) != 0
    assert process_list.entries() == []


def test_another_process_of_the_same_number_is_left_alone(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    file = tmp_path / "processes.json"
    write_private(file, msgspec.json.encode([ListedProcess("broker", sleeper.pid, "some other boot 12345")]))

    assert ProcessList(file).end_all() == []
    assert sleeper.poll() is None


def test_a_process_that_has_ended_does_not_run(sleeper: subprocess.Popen[bytes]) -> None:
    entry = ListedProcess("sleeper", sleeper.pid, start_time(sleeper.pid) or "")
    assert runs(entry)

    sleeper.kill()
    sleeper.wait()

    assert not runs(entry)


def test_what_is_kept_is_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "run" / "stack.json"
    former = os.umask(0)
    try:
        write_private(file, b"secret")
        write_private(file, b"another")
    finally:
        os.umask(former)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes() == b"another"
