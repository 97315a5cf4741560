"""Plants a bug in a copy and runs the tests that guard against it: a mutant that leaves them green is a failure.

One copy more is tried at a time than there are processors: some of their tests wait more than they compute.

Each `*.patch` says above its diff what it breaks, and which tests must turn red:

    Guarantee 3: a zombie may write.
    red: services/scoring/tests/integration/test_fence.py
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SOURCES = (
    *("libs/http_guard/src", "libs/common/src"),
    *("services/ingest/src", "services/scoring/src", "services/alerts/src", "services/console/src", "deploy/local/src"),
)
FOUND_IS_ENOUGH = ("--hypothesis-profile", "found")  # a shorter example would say no more
RED = 1  # pytest: some tests failed; anything else means that they did not run


def main(names: list[str]) -> int:
    patches = [patch for patch in sorted(HERE.glob("*.patch")) if not names or patch.stem in names]
    with ThreadPoolExecutor(max_workers=(os.cpu_count() or 1) + 1) as threads:
        killed = list(threads.map(_killed, patches))
    survived = [patch.stem for patch, dead in zip(patches, killed, strict=True) if not dead]
    print(f"{len(patches) - len(survived)} of {len(patches)} mutants killed")
    for name in survived:
        print(f"survived: {name}")
    return 1 if survived or not patches else 0


def _killed(patch: Path) -> bool:
    text = patch.read_text(encoding="utf-8")
    tests = re.findall(r"^red: (.+)$", text, flags=re.MULTILINE)
    with tempfile.TemporaryDirectory(prefix="mutant-") as directory:
        copy = Path(directory)
        _copy_to(copy)
        subprocess.run(["git", "apply", "--recount", str(patch)], cwd=copy, check=True)
        started = time.monotonic()
        code, output = _pytest(copy, tests)
    verdict = "red" if code == RED else f"NOT RED (pytest ended with {code})"
    print(f"{patch.stem:34} {verdict:8} {time.monotonic() - started:5.1f} s  {text.splitlines()[0]}", flush=True)
    if code != RED:
        print(output)
    return code == RED


def _copy_to(copy: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)


def _pytest(copy: Path, tests: list[str]) -> tuple[int, str]:
    """The copy's sources come before the installed ones."""
    path = os.pathsep.join(str(copy / source) for source in SOURCES)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *FOUND_IS_ENOUGH, *tests],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout[-3000:] + done.stderr[-1000:]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
