"""`python tests/security/audit.py [--unasked warn]`: known vulnerabilities in what is pinned, licences of what ships.

Exit code 1: something was found. 3: the database of vulnerabilities could not be asked; that is never taken for a yes.
With `--unasked warn` (where there is no way out to it) this is said in capitals and passed over.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

import msgspec
from msgspec import Struct
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements-dev.lock"  # has all of requirements.lock too
ANALYSIS_LOCK = ROOT / "requirements-analysis.lock"
MEMBERS = (
    *("churn-signals-http-guard", "churn-signals-common"),
    *("churn-signals-ingest", "churn-signals-scoring", "churn-signals-alerts"),
)
FOUND, UNASKED = 1, 3
# MPL-2.0 asks for changes to its own files only, and we make none.
PERMISSIVE = re.compile(r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|Zlib|MPL|Mozilla Public", re.I)
COPYLEFT = re.compile(r"GPL|General Public|SSPL|Commons Clause|Business Source", re.I)


class Vulnerability(Struct):
    id: str
    fix_versions: list[str] = []


class Dependency(Struct):
    """`skip_reason`: nothing was said about it."""

    name: str
    version: str = ""
    vulns: list[Vulnerability] = []
    skip_reason: str | None = None


class Report(Struct):
    dependencies: list[Dependency]


class Unasked(Exception):
    pass


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unasked", choices=("fail", "warn"), default="fail")
    arguments = parser.parse_args(words)
    strange = list(licences())
    for text in strange:
        print(f"licence: {text}")
    try:
        pinned = "".join(lock.read_text(encoding="utf-8") for lock in (LOCK, ANALYSIS_LOCK))
        found = list(vulnerabilities(pinned))
    except Unasked as error:
        print(f"audit: NOT ASKED about vulnerabilities: {error}")
        return FOUND if strange else UNASKED if arguments.unasked == "fail" else 0
    for text in found:
        print(f"vulnerable: {text}")
    print(f"audit: {len(found)} vulnerable, {len(strange)} licences to look at")
    return FOUND if found or strange else 0


def vulnerabilities(lock: str) -> Iterator[str]:
    """Raises `Unasked`."""
    pinned = list(dict.fromkeys(re.findall(r"^[A-Za-z0-9._-]+==[^\s;\\]+", lock, re.MULTILINE)))
    # One first: a database that does not know it will not know the others, and need not be asked a hundred times.
    _known(_asked(pinned[:1]))
    for one in _known(_asked(pinned)):
        for flaw in one.vulns:
            yield f"{one.name} {one.version}: {flaw.id}, mended in {', '.join(flaw.fix_versions) or 'no version yet'}"


def _known(dependencies: Iterable[Dependency]) -> list[Dependency]:
    known = list(dependencies)
    if skipped := [one for one in known if one.skip_reason]:
        raise Unasked(f"{len(skipped)} of {len(known)} packages: {skipped[0].skip_reason}")
    return known


def _asked(pinned: Sequence[str]) -> list[Dependency]:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pinned))
        file.flush()
        command = [sys.executable, "-m", "pip_audit", "--requirement", file.name, "--no-deps", "--disable-pip"]
        done = subprocess.run(
            [*command, "--format", "json", "--progress-spinner", "off"], capture_output=True, text=True, check=False
        )
    try:
        return msgspec.json.decode(done.stdout, type=Report).dependencies
    except msgspec.DecodeError:
        last = done.stderr.strip().splitlines() or [f"pip-audit ended with {done.returncode} and said nothing"]
        raise Unasked(last[-1]) from None


def licences() -> Iterator[str]:
    """Of what a service needs at run time, those that are not known to be permissive."""
    for name in sorted(shipped(MEMBERS)):
        told = licence(metadata.metadata(name))
        if COPYLEFT.search(told) or not PERMISSIVE.search(told):
            yield f"{name}: {told or 'none told'}"


def shipped(names: Iterable[str]) -> set[str]:
    """All that they need, and what that needs, as far as it is for this platform."""
    seen: set[tuple[str, str]] = set()
    left = [(name, "") for name in names]
    while left:
        name, extra = left.pop()
        for needed in map(Requirement, metadata.requires(name) or ()):
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                wanted = {(needed.name.lower(), more) for more in ("", *needed.extras)} - seen
                seen |= wanted
                left += wanted
    return {name for name, _ in seen if not name.startswith("churn-signals")}


def licence(about: metadata.PackageMetadata) -> str:
    """What it says of itself; the whole text of a licence counts by its first line."""
    classified = [one.rpartition("::")[2].strip() for one in about.get_all("Classifier", []) if "License ::" in one]
    named = [about[field].strip().partition("\n")[0] for field in ("License-Expression", "License") if field in about]
    return ", ".join(dict.fromkeys(filter(None, (*named, *classified))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
