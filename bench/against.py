"""An earlier commit beside today's code: a worktree of it while it is measured, and an environment that is kept."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from bench.code import Code
from local.stack.processes import ServerError
from local.stack.servers import CHECKOUT
from local.stack.termination import ignoring_signals

UV = Path(sys.executable).with_name("uv")
LOCK = "requirements.lock"
MEMBERS = ("libs/*/pyproject.toml", "services/*/pyproject.toml", "deploy/local/pyproject.toml")
Command = list[str]


@contextmanager
def checked_out(commit: str | None) -> Iterator[Code | None]:
    """Its code, ready to run, until the block is left. Raises `ServerError` if that cannot be made."""
    if commit is None:
        yield None
        return
    name = _run(resolving(commit)).strip()
    with tempfile.TemporaryDirectory(prefix="bench-against-") as folder:
        tree = Path(folder) / name
        _run(adding(tree, name))
        try:
            print(f"against {name}: its environment", flush=True)
            yield Code(name=name, checkout=tree, python=_installed(tree))
        finally:
            with ignoring_signals():
                _run(removing(tree))


def resolving(commit: str) -> Command:
    return [*_git(), "rev-parse", "--verify", "--short", "--end-of-options", f"{commit}^{{commit}}"]


def adding(tree: Path, name: str) -> Command:
    return [*_git(), "worktree", "add", "--quiet", "--detach", str(tree), name]


def removing(tree: Path) -> Command:
    """What was built there goes too."""
    return [*_git(), "worktree", "remove", "--force", str(tree)]


def environment_of(lock: bytes) -> Path:
    """Where the environment of this lock is kept; another Python has another one."""
    return CHECKOUT / f".venv-against-{sha256(lock + sys.version.encode()).hexdigest()[:12]}"


def pinned(tree: Path, python: Path) -> list[Command]:
    """Makes an environment of everything in the lock, as `make install` does."""
    return [
        [str(UV), "venv", "--quiet", "--no-project", "--clear", "--python", sys.executable, str(python.parents[1])],
        [*_pip(python), "--require-hashes", "-r", str(tree / LOCK)],
    ]


def editable(tree: Path, python: Path) -> Command:
    """Points the environment at this worktree."""
    members = [str(found.parent) for pattern in MEMBERS for found in sorted(tree.glob(pattern))]
    return [*_pip(python), "--no-deps", "--no-build-isolation", *(word for one in members for word in ("-e", one))]


def _installed(tree: Path) -> Path:
    """The Python of the commit's own environment."""
    home = environment_of((tree / LOCK).read_bytes())
    python, done = home / "bin" / "python", home / "installed"
    if not done.exists():
        for command in pinned(tree, python):
            _run(command)
        done.touch()
    _run(editable(tree, python))
    return python


def _git() -> Sequence[str]:
    return ("git", "-C", str(CHECKOUT))


def _pip(python: Path) -> Sequence[str]:
    return (str(UV), "pip", "install", "--quiet", "--python", str(python))


def _run(command: Command) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ServerError(f"`{' '.join(command)}` ended with {done.returncode}:\n{done.stderr.strip()[-2000:]}")
    return done.stdout
