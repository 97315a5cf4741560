"""`make_venv.py run|dev|analysis FOLDER --uv VERSION --lock FILE MEMBER..`: an environment from a lock with hashes.

`run` leaves what the services, the demo and the replay need, removes what installed it, and writes the size of the
folder into its `megabytes`. `dev` adds to the same folder what tests and lints, and keeps `uv`. `analysis` adds what
back-tests learn and draw with. Members are installed as they stand in the checkout. Needs nothing but Python with venv
and pip; a step that takes long says so every few seconds.

All write the byte code of packages, also where PYTHONDONTWRITEBYTECODE is set: else each of the many processes that
start later compiles its imports again, which takes most of its start.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

SAY_SECONDS = 4.0
NEEDED_TO_INSTALL = ("uv", "pip", "setuptools")
# Babel brings 35 MB of locales. Messages are written in English and Japanese, and `root` is what both start from.
LOCALES = ("root", "en", "ja")
# All byte code would be 50 MB, of which most is never imported. Sources of the checkout are left as they are.
WRITE_BYTE_CODE = """
import contextlib, importlib, sys
from importlib.machinery import SourceFileLoader

write = SourceFileLoader.set_data
def set_data(self, path, data, **more):
    if path.startswith(sys.prefix):
        write(self, path, data, **more)

SourceFileLoader.set_data = set_data
sys.dont_write_bytecode = False
for module in sys.argv[1:]:
    with contextlib.suppress(Exception):  # whoever runs it sees why it cannot be imported
        importlib.import_module(module)
"""
PROGRAMS = ("ingest.app", "scoring.app", "alerts.app", "alembic.command", "local.fakes.sinks", "local.demo.__main__")


class Failed(Exception):
    """A step ended with an error, which it has printed itself."""


def make(folder: Path, *, uv: str, lock: Path, members: Sequence[str], keep_uv: bool) -> None:
    """Raises `Failed`."""
    python = str(folder / "bin" / "python")
    if not Path(python).exists():
        step("a virtual environment", [sys.executable, "-m", "venv", "--without-pip", str(folder)])
    if not (folder / "bin" / "uv").exists():
        _install_uv(folder, uv)
    pip = [str(folder / "bin" / "uv"), "pip"]
    install = [*pip, "install", "--quiet", "--python", python]
    byte_code = ["--compile-bytecode"] if keep_uv else []
    editable = [word for member in members for word in ("-e", member)]
    step(f"packages of {lock.name}", [*install, *byte_code, "--require-hashes", "-r", str(lock)])
    step("our own packages", [*install, "--no-deps", "--no-build-isolation", *editable])
    if not keep_uv:
        step("byte code", [python, "-c", WRITE_BYTE_CODE, *PROGRAMS])
        step("removal of what installs", [*pip, "uninstall", "--quiet", "--python", python, *NEEDED_TO_INSTALL])
        _remove_unused_locales(folder)


def _remove_unused_locales(folder: Path) -> None:
    for locale in folder.glob("lib/python*/site-packages/babel/locale-data/*.dat"):
        if locale.stem.partition("_")[0] not in LOCALES:
            locale.unlink()


def _bytes_of(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def step(what: str, command: Sequence[str]) -> None:
    """Runs a command and says every few seconds that it still does. Raises `Failed`."""
    begun = time.monotonic()
    print(f"  {what}", flush=True)
    process = subprocess.Popen(command)
    while True:
        try:
            code = process.wait(SAY_SECONDS)
        except subprocess.TimeoutExpired:
            print(f"  {what}: {time.monotonic() - begun:.0f} s so far", flush=True)
            continue
        if code != 0:
            raise Failed(f"`{' '.join(command)}` ended with {code}")
        return


def _install_uv(folder: Path, version: str) -> None:
    """By the pip of this Python; one that has none or an old one brings its own copy into the environment first."""
    python = str(folder / "bin" / "python")
    install = ["install", "--quiet", "--disable-pip-version-check", f"uv=={version}"]
    try:
        step(f"uv {version}", [sys.executable, "-m", "pip", "--python", python, *install])
    except Failed:
        step("pip", [python, "-m", "ensurepip"])
        step(f"uv {version}", [python, "-m", "pip", *install])


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("purpose", choices=("run", "dev", "analysis"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--uv", required=True, metavar="VERSION")
    parser.add_argument("--lock", type=Path, required=True, metavar="FILE")
    parser.add_argument("members", nargs="+", metavar="MEMBER")
    asked = parser.parse_args(argv)
    print(f"Installing into {asked.folder}, from {asked.lock}:", flush=True)
    try:
        # Where tests are installed already, they are installed again next.
        keep_uv = asked.purpose == "dev" or (asked.folder / "dev-installed").exists()
        make(asked.folder, uv=asked.uv, lock=asked.lock, members=asked.members, keep_uv=keep_uv)
        if asked.purpose == "run" and not keep_uv:
            (asked.folder / "megabytes").write_text(f"{_bytes_of(asked.folder) / 1e6:.0f}\n")
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
