"""What `make demo` installs: how much it is, that it is enough, and that both lock files name the same packages."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Of these the console has 22: signing in by OpenID Connect needs cryptography, Authlib and joserfc.
MOST_MEGABYTES = 310
# All that a process of the demo, of `make up` and of `make replay` imports. What it compiles to byte code stays too.
IMPORTS = """
import importlib, pkgutil, local
for name in ("ingest.app", "scoring.app", "alerts.app", "console.app"):
    importlib.import_module(name)
for module in pkgutil.walk_packages(local.__path__, "local."):
    if module.name != "local.testing" and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def pins(file: str) -> set[str]:
    """Each package with its version, marker and hashes."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return set(text.replace("\\\n", "").splitlines())


def size(folder: Path) -> float:
    """In megabytes, of what the files hold."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file() or file.is_symlink()) / 1e6


def test_the_development_lock_has_every_pin_of_the_runtime_lock() -> None:
    assert len(pins("requirements.lock")) > 50
    assert pins("requirements.lock") <= pins("requirements-dev.lock")
    assert "--hash=" in min(pins("requirements.lock"))


@pytest.mark.servers
def test_what_runs_is_small_and_enough(tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    made = subprocess.run(
        ["make", "--no-print-directory", f"VENV={folder}", str(folder / "installed")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    python = str(folder / "bin" / "python")

    subprocess.run([python, "-c", IMPORTS], cwd=tmp_path, check=True)
    for program in ("local.demo", "local.stack", "local.replay"):
        subprocess.run([python, "-m", program, "--help"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)

    # Byte code that others wrote into the sources of the checkout is not ours to count.
    assert 100 < size(folder) < MOST_MEGABYTES
    assert not (folder / "bin" / "uv").exists()
    assert subprocess.run([python, "-c", "import pytest"], check=False, stderr=subprocess.DEVNULL).returncode != 0
