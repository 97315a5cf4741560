"""Which processes are ours: written down as they start, so that a later command ends exactly these."""

import os
import subprocess
from pathlib import Path

import msgspec
from msgspec import Struct

from local.stack.processes import alive, stop_pid


class ListedProcess(Struct, frozen=True):
    """`born` tells a process from a later one with the same number."""

    name: str
    pid: int
    born: str


class ProcessList:
    """A file of entries, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> list[ListedProcess]:
        """In the order of their start."""
        if not self._path.exists():
            return []
        return msgspec.json.decode(self._path.read_bytes(), type=list[ListedProcess])

    def add(self, name: str, pid: int) -> None:
        self._write([*self.entries(), ListedProcess(name, pid, start_time(pid) or "")])

    def put(self, name: str, pid: int) -> None:
        """Adds a process, in the place of the one of this name if there was one."""
        entries, one = self.entries(), ListedProcess(name, pid, start_time(pid) or "")
        places = [place for place, entry in enumerate(entries) if entry.name == name]
        if places:
            entries[places[0]] = one
        else:
            entries.append(one)
        self._write(entries)

    def find(self, name: str) -> ListedProcess | None:
        return next((entry for entry in self.entries() if entry.name == name), None)

    def remove(self, pid: int) -> None:
        self._write([entry for entry in self.entries() if entry.pid != pid])

    def end(self, name: str) -> bool:
        """Ends the process of this name, if it still runs; whether it did."""
        entry = self.find(name)
        if entry is None:
            return False
        ran = runs(entry)
        if ran:
            stop_pid(entry.pid)
        self.remove(entry.pid)
        return ran

    def end_all(self) -> list[str]:
        """Ends what still runs, the youngest first; the names of those."""
        ended = []
        for entry in reversed(self.entries()):
            if runs(entry):
                stop_pid(entry.pid)
                ended.append(entry.name)
            self.remove(entry.pid)
        return ended

    def _write(self, entries: list[ListedProcess]) -> None:
        write_private(self._path, msgspec.json.encode(entries))


def runs(entry: ListedProcess) -> bool:
    """Whether the process is still the one that was written down."""
    return alive(entry.pid) and start_time(entry.pid) == entry.born


def start_time(pid: int) -> str | None:
    """When this process began, in a form that no other process of this number has; None if there is none."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        # Field 22, counted behind the name, which may hold blanks: ticks since the machine started.
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except FileNotFoundError:
        return None if Path("/proc/self").exists() else _birth_by_ps(pid)
    return f"{boot} {ticks}"


def _birth_by_ps(pid: int) -> str | None:
    asked = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or None


def write_private(path: Path, body: bytes) -> None:
    """Whole or not at all, mode 600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(body)
    partial.replace(path)
