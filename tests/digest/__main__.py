"""`python -m digest [PYTHON ..]`: both forms of the core on each of these, and all digests must be equal.

Each Python gets an environment of its own that is thrown away, with what requirements-dev.lock pins; as many are worked
on at a time as there are processors. The one of this process has both already, `.venv` and what `make compile` built.
Without a name python3.11, python3.12 and python3.13 are looked for; one that is not here, or does not start, is named
and left out.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements-dev.lock"
# Together they have every kind of metric.
CARDS = (ROOT / "deploy" / "scorecard.yml", ROOT / "tests" / "digest" / "scorecard.yml")
PYTHONS = ("python3.11", "python3.12", "python3.13")
# What the core, its form, the reading of a card and its name import; then what compiles.
NEEDED = ("msgspec", "numpy", "holidays", "tzdata", "ruamel-yaml", "pydantic", "mypy", "setuptools")
COMMON = ROOT / "libs" / "common" / "src"
SCORING = ROOT / "services" / "scoring"
COMPILED = ROOT / ".compiled"


def main(pythons: Sequence[str]) -> int:
    usable = []
    for python in pythons or PYTHONS:
        if (reason := _why_not(python)) is not None:
            print(f"{python}: left out, {reason}", flush=True)
        else:
            usable.append(python)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
        told = list(threads.map(_digests, usable))
    if None in told:
        return 1
    found = [digest for digests in told if digests for digest in digests]
    if not found:
        print("no Python was found")
        return 1
    if len(set(found)) > 1:
        print("the digests differ")
        return 1
    print(f"{len(found)} runs, one digest")
    return 0


def _why_not(python: str) -> str | None:
    if shutil.which(python) is None:
        return "it is not on PATH"
    # pyenv has a program of the name for every version, and it fails for those that are not switched on.
    started = subprocess.run([python, "-c", ""], capture_output=True, text=True, check=False)
    return (started.stderr.splitlines() or ["it does not start"])[0] if started.returncode else None


def _digests(python: str) -> list[str] | None:
    """Interpreted, then compiled; None if anything failed, which has said why."""
    try:
        if _is_this(python):
            return _both_forms(Path(sys.executable), COMPILED)
        with tempfile.TemporaryDirectory(prefix="digest-") as folder:
            return _both_forms(_made(python, Path(folder)), Path(folder) / "compiled")
    except subprocess.CalledProcessError as error:
        print(f"{python}: {error}", flush=True)
        return None


def _is_this(python: str) -> bool:
    """To the build: a version has more than one."""
    asked = [python, "-c", "import sys; print(sys.version)"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() == sys.version


def _made(python: str, folder: Path) -> Path:
    """The Python of an environment in `folder`, and the core compiled for it beside it."""
    own = folder / "venv" / "bin" / "python"
    uv = Path(sys.executable).with_name("uv")
    _run(uv, "venv", "--quiet", "--no-python-downloads", "--python", python, folder / "venv")
    wanted = folder / "wanted.txt"
    wanted.write_text("\n".join(_pinned(name) for name in NEEDED))
    _run(uv, "pip", "install", "--quiet", "--python", own, "--require-hashes", "--constraint", LOCK, "-r", wanted)
    _run(own, SCORING / "compile.py", "--into", folder / "compiled")
    return own


def _both_forms(python: Path, compiled: Path) -> list[str]:
    return [
        _digest(python, SCORING / "src", form="interpreted"),
        _digest(python, compiled, form="compiled"),
    ]


def _pinned(name: str) -> str:
    """Its lines of the lock, more than one where it depends on the Python."""
    found: list[str] = re.findall(rf"^{name}==[^\\\n]+", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise SystemExit(f"{LOCK.name} does not pin {name}")
    return "\n".join(found)


def _digest(python: Path, source: Path, *, form: str) -> str:
    path = os.pathsep.join(map(str, (source, COMMON, ROOT / "tests")))
    command = [str(python), "-m", "digest.play", *map(str, CARDS)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True, check=True
    )
    print(done.stdout.strip(), flush=True)
    digest, ran, *_ = done.stdout.split()
    # Else two interpreted runs would agree, and prove nothing of the compiled form.
    if ran != form:
        raise SystemExit(f"{source} should have been {form}, and ran {ran}")
    return digest


def _run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
