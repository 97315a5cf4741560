"""`python services/scoring/compile.py --into FOLDER`: a copy of the package `scoring` with its core compiled by mypyc.

FOLDER holds all of the package, the extension modules beside their sources. First on PYTHONPATH, it is what Python
imports. It is built beside FOLDER and takes its place when it is whole. Nothing is built among the sources: there an
extension module would go on hiding a file that was edited since.
"""

import argparse
import os
import shlex
import shutil
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from mypyc.build import mypycify
from setuptools import Distribution
from setuptools.command.build_ext import build_ext

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGE = CHECKOUT / "services" / "scoring" / "src" / "scoring"
CONTRACTS = CHECKOUT / "libs" / "common" / "src"
# Beside the core, `health/`: what every record passes on its way into it.
AROUND = (
    "partition/batch.py",
    "partition/counting.py",
    "partition/dedupe.py",
    "partition/outgoing.py",
    "partition/people.py",
    "partition/records.py",
    "partition/seen/generations.py",
    "partition/seen/bloom_filter.py",
)
# They hold msgspec Structs, whose class keywords (frozen, tag, gc ...) mypyc drops without a word.
INTERPRETED = ("card.py", "definition.py", "view.py", "state_format.py")
# gcc fuses a * b + c on arm64: then compiled and interpreted would differ in the last bit. And a compiler that is newer
# than mypyc may warn of what mypyc generates, which asks for every warning to be an error.
C_OPTIONS = ("-ffp-contract=off", "-Wno-error")
# Carries the time at which the build began, for make: what was edited meanwhile is newer.
STAMP = "built"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, required=True, metavar="FOLDER")
    into: Path = parser.parse_args().into.resolve()
    if missing := find_missing():
        sys.exit(missing)
    began = time.time()
    with tempfile.TemporaryDirectory(prefix=f"{into.name}-", dir=into.parent) as folder:
        work = Path(folder)
        built = work / "built"
        shutil.copytree(PACKAGE, built / "scoring", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        count = compile_core(built, work=work / "c")
        (built / STAMP).touch()
        os.utime(built / STAMP, (began, began))
        # A folder cannot be renamed onto another one that is not empty.
        if into.exists():
            into.rename(work / "former")
        built.rename(into)
    print(f"{count} modules of scoring compiled into {into} in {time.time() - began:.0f} s")


def find_missing() -> str | None:
    """What a C extension cannot be built without, in a sentence; None if all is here."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        return (
            f"A C compiler is needed to compile the core, and there is no `{compiler}` here (Debian: gcc, libc6-dev)."
        )
    headers = Path(sysconfig.get_path("include"))
    if not (headers / "Python.h").exists():
        return f"Python's headers are needed to compile the core, and {headers} has no Python.h (Debian: python3-dev)."
    return None


def modules(package: Path) -> list[Path]:
    """What is compiled of this copy of the package: the core, and what is around it."""
    left_out = {"__init__.py", *INTERPRETED}
    core = [path for path in (package / "health").rglob("*.py") if path.name not in left_out]
    return sorted([*core, *(package / name for name in AROUND)])


def compile_core(root: Path, *, work: Path) -> int:
    """How many modules: each becomes an extension module in `root`, which holds the package."""
    os.environ["MYPYPATH"] = os.pathsep.join([str(root), str(CONTRACTS)])
    # Relative paths go into tracebacks, and Python looks for them along sys.path.
    os.chdir(root)
    sources = [str(path.relative_to(root)) for path in modules(root / "scoring")]
    # `make types` is where style is judged; here nothing may depend on a configuration that lies about.
    options = ["--config-file=", f"--cache-dir={os.devnull}", "--explicit-package-bases", "--namespace-packages"]
    extensions = mypycify(
        [*options, *sources], opt_level="3", debug_level="0", target_dir=str(work), group_name="scoring_core"
    )
    for extension in extensions:
        extension.extra_compile_args = [*extension.extra_compile_args, *C_OPTIONS]
    command = build_ext(Distribution({"name": "scoring-core", "ext_modules": extensions}))
    command.build_lib, command.build_temp = str(root), str(work)
    command.ensure_finalized()
    command.run()
    return len(sources)


if __name__ == "__main__":
    main()
