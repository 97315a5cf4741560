"""From what the parts found to Markdown that a person reads. Pure, but for `write`."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench import machine
from bench.children import PEERS_PYTHON
from bench.results import RESULTS, TIMES, Machine, Mark, Part, Row, Whole, load
from local.stack.servers import CHECKOUT

REPORT = Path(__file__).with_name("REPORT.md")
PICTURE = Path(__file__).with_name("report.png")
HEAD = """# What was measured

Made by `make bench`; how it was measured is in [README.md](README.md). Figures are medians over the rounds, with the
range from the worst round to the best. CPU is seconds of the process under test for 100,000 events: what is left of a
figure when the machine is noisy.
"""


def write(names: Sequence[str]) -> str:
    """The report of what is known of these parts, and the picture; says where they are, and what was missed."""
    whole = Whole(machine.describe(), [part for name in names if (part := load(name)) is not None])
    REPORT.write_text(markdown(whole))
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / "whole.json"
    file.write_bytes(msgspec.json.encode(whole))
    lines = [f"{REPORT.name}: {len(whole.parts)} parts", *(f"missed: {line}" for line in missed(whole.parts))]
    return "\n".join([*lines, _drawn(file)])


def markdown(whole: Whole) -> str:
    parts = "\n".join(_part(part) for part in whole.parts)
    picture = f"![medians, ranges and goals]({PICTURE.name})\n"
    return "\n".join([HEAD, _machine(whole.machine), _summary(whole.parts), picture, parts])


def missed(parts: Sequence[Part]) -> list[str]:
    """Every figure that did not reach its mark, and every part that has none."""
    found = []
    for part in parts:
        if part.failure is not None:
            found.append(f"{part.title}: it failed: {part.failure}")
        for row in part.rows:
            if row.mark is not None and (verdict := row.mark.verdict(row.spread.median)) != "reached":
                found.append(
                    f"{part.title}: {row.name}: {figure(row.spread.median)} {row.unit}, {marks(row.mark)}: {verdict}"
                )
    return found


def figure(value: float) -> str:
    """Three digits that say something."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def marks(mark: Mark) -> str:
    sign = "at most" if mark.at_most else "at least"
    named = [(name, line) for name, line in (("goal", mark.goal), ("floor", mark.floor)) if line is not None]
    return ", ".join(f"{name} {sign} {line:,.10g}" for name, line in named)


def _machine(one: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in one.versions.items())
    return f"Machine: {one.cpu}, {one.cores} cores, {one.memory}, {one.kernel}. {versions}.\n"


def _summary(parts: Sequence[Part]) -> str:
    lines = missed(parts)
    if not lines:
        return "Every mark was reached.\n"
    return "\n".join(["Not reached:\n", *(f"- {line}" for line in lines), ""])


def _part(part: Part) -> str:
    title = f"## {part.title}\n"
    if part.failure is not None:
        return f"{title}\nIt failed on {part.taken}, so there are no figures: `{part.failure}`\n"
    rounds = "one round" if part.rounds == 1 else f"{part.rounds} rounds"
    against = "" if part.against is None else f"; today's code against {part.against}"
    setting = f"{part.setting}{against}; {rounds}, {part.taken}.\n"
    ratios = [row for row in part.rows if row.unit == TIMES]
    tables = [_table([row for row in part.rows if row.unit != TIMES], "CPU s / 100,000")]
    if ratios:
        tables += ["The first divided by the second, round by round:\n", _table(ratios, "by CPU time")]
    notes = "".join(f"- {note}\n" for note in part.notes)
    return "\n".join([title, setting, *tables, *([notes] if notes else [])])


def _table(rows: Sequence[Row], cpu: str) -> str:
    """A column is left out where no row has anything to say in it."""
    head = ["", "median", "range"]
    cells = [[one.name, f"{figure(one.spread.median)} {one.unit}".strip(), _range(one)] for one in rows]
    if any(one.cpu for one in rows):
        head.append(cpu)
        for line, one in zip(cells, rows, strict=True):
            line.append(figure(_median_cpu(one)) if one.cpu else "")
    if any(one.mark for one in rows):
        head += ["mark", ""]
        for line, one in zip(cells, rows, strict=True):
            line += [marks(one.mark), one.mark.verdict(one.spread.median)] if one.mark else ["", ""]
    ruler = ["---", *("---:" for _ in head[1:3]), *("---:" if "CPU" in one else "---" for one in head[3:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ruler, *cells]) + "\n"


def _range(row: Row) -> str:
    return f"{figure(row.spread.low)} to {figure(row.spread.high)}" if len(row.values) > 1 else ""


def _median_cpu(row: Row) -> float:
    return msgspec.structs.replace(row, values=row.cpu).spread.median


def _drawn(file: Path) -> str:
    """By matplotlib, which the services' environment does not have."""
    if not PEERS_PYTHON.exists():
        return "no picture: there is no .venv-bench; `make bench` builds it"
    command = [str(PEERS_PYTHON), "-m", "bench.chart", str(file), str(PICTURE)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    return PICTURE.name if done.returncode == 0 else f"no picture: {done.stderr.strip().splitlines()[-1:]}"
