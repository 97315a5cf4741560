"""The machine as the report names it: what it is made of, never whose it is."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from bench.children import PEERS_PYTHON
from bench.results import Machine
from local.stack.apache_kafka import POM
from local.stack.postgres import PROGRAMS
from local.stack.processes import package

GIGABYTE = 1_000_000_000
PEERS = ("quixstreams", "bytewax")


def describe() -> Machine:
    found = {
        "Apache Kafka": _kafka(),
        "PostgreSQL": _postgres(),
        "Python": platform.python_version(),
        **{name: version(name) for name in ("aiokafka", "msgspec", "uvloop")},
        **{name: found for name in PEERS if (found := _peer(name)) is not None},
    }
    return Machine(_cpu(), os.cpu_count() or 0, _memory(), _kernel(), found)


def _cpu() -> str:
    named = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return named[1] if named else platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / GIGABYTE:.0f} GB"


def _kernel() -> str:
    """Its number; what a builder adds to it says where it was built."""
    return "Linux " + platform.release().partition("-")[0]


def _kafka() -> str:
    named = re.search(r"<artifactId>kafka_[\d.]+</artifactId>\s*<version>([^<]+)<", POM.read_text())
    return named[1] if named else "unknown"


def _postgres() -> str:
    program = package(PROGRAMS.partition("/")[0]).parent / PROGRAMS / "bin" / "postgres"
    told = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout
    return told.split()[-1]


def _peer(name: str) -> str | None:
    code = f"from importlib.metadata import version; print(version({name!r}))"
    if not PEERS_PYTHON.exists():
        return None
    asked = subprocess.run([str(PEERS_PYTHON), "-c", code], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or None
