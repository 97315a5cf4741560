"""Our code as a process runs it: of which checkout, by which Python, interpreted or compiled."""

import os
import subprocess
import sys
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from local.stack.servers import CHECKOUT

CORE = "scoring.health.scorer"  # compiled if anything is
COMPILED = CHECKOUT / ".compiled"
COMPILED_FROM = ("services/scoring/src/scoring", "libs/common/src/common/contracts")
# `deploy` is for earlier commits, where the package `local` was not installed.
SOURCES = (
    "deploy/local/src", "deploy", ".", "libs/http_guard/src", "libs/common/src", "services/scoring/src",
    "services/console/src",
)  # fmt: skip


class Code(Struct, frozen=True, kw_only=True):
    """`name` is what rows call it: the form that runs, or a commit. `compiled` is the folder of compiled modules."""

    name: str
    checkout: Path
    python: Path
    compiled: Path | None = None

    @property
    def card(self) -> Path:
        return self.checkout / "deploy" / "scorecard.yml"

    def command(self, module: str, *arguments: str) -> list[str]:
        # `python -m` looks in its working directory first, so that has to be the checkout as well.
        return ["env", f"--chdir={self.checkout}", str(self.python), "-m", module, *arguments]

    def environment(self) -> dict[str, str]:
        first = [] if self.compiled is None else [self.compiled]
        return {"PYTHONPATH": os.pathsep.join(str(path) for path in [*first, *map(self.checkout.joinpath, SOURCES)])}


INTERPRETED = Code(name="interpreted", checkout=CHECKOUT, python=Path(sys.executable))


class Codes(Struct, frozen=True):
    """Today's code, the compiled form first; without it `lacking` says why. `former` is the commit beside it."""

    today: tuple[Code, ...] = (INTERPRETED,)
    former: Code | None = None
    lacking: str | None = None

    @property
    def used(self) -> Code:
        """What runs where one form of today's code is enough."""
        return self.today[0]

    @property
    def all(self) -> tuple[Code, ...]:
        return self.today if self.former is None else (*self.today, self.former)


def codes(former: Code | None) -> Codes:
    compiled = replace(INTERPRETED, name="compiled", compiled=COMPILED)
    lacking = not_compiled(compiled)
    return Codes((INTERPRETED,) if lacking else (compiled, INTERPRETED), former, lacking)


def not_compiled(code: Code, core: str = CORE) -> str | None:
    """Why a process of this code would run the core interpreted, or None: asked of such a process."""
    built = None if code.compiled is None else code.compiled / "built"
    if built is None or not built.exists():
        return "there is no .compiled; `make compile` builds it where a C compiler is"
    if built.stat().st_mtime < _edited():
        return ".compiled is older than the sources; `make compile` builds it anew"
    command = [str(code.python), "-c", f"import {core} as core; print(core.__file__)"]
    environment = {**os.environ, **code.environment()}
    asked = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        return (asked.stderr.splitlines() or ["its core cannot be imported"])[-1]
    if not asked.stdout.strip().endswith(".so"):
        return f".compiled has no {core} for this Python"
    return None


def _edited() -> float:
    """When the newest of what is compiled was written."""
    return max(file.stat().st_mtime for folder in COMPILED_FROM for file in (CHECKOUT / folder).rglob("*.py"))
