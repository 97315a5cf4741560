"""Random trees of routes lead where Alertmanager's own tool says that they lead."""

import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.routing.load import check_routes, load
from alerts.routing.matchers import Matcher, Operator
from support.examples import examples

pytestmark = pytest.mark.skipif(
    shutil.which("amtool") is None, reason="amtool is not here (Debian: prometheus-alertmanager)"
)

NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)
VALUES = {
    "tier": ("high", "low", "tech", "highest"),
    "severity": ("critical", "warning", "info"),
    "to": ("red", 'a "quoted" one', "back\\slash", "new\nline", "ü λ 顧客", "x" * 80, "{a=~b,c}", "5"),
}
PATTERNS = (
    "high", "hi.*", "high|low", "(high|low)", "(?:hi|lo).*", ".*", ".+", "", "|high", "[a-l]+", "[^a-l].*",
    "(?i)RED|HIGH", "crit.*|warn", ".*\\d", "\\w+", "a \"quoted\" one", "back\\\\slash", "new\\nline", "ü .*",
    "x{80}", "x{79}", ".*h.*t",
)  # fmt: skip

names = st.sampled_from(tuple(VALUES))


@st.composite
def matchers(draw: st.DrawFn) -> str:
    name, op = draw(names), draw(st.sampled_from(Operator))
    value = draw(st.sampled_from(PATTERNS if op.by_pattern else (*VALUES[name], "")))
    return str(Matcher(name, op, value))


@st.composite
def routes(draw: st.DrawFn, depth: int = 3) -> str:
    """As flow YAML; receivers are numbers, so that the one that answered can be told from the others."""
    fields = []
    if draw(st.booleans()):
        fields.append(f'receiver: "{draw(st.integers(0, 5))}"')
    if given_matchers := draw(st.lists(matchers(), max_size=2, unique=True)):
        fields.append(f"matchers: [{', '.join(map(_quoted, given_matchers))}]")
    if draw(st.booleans()):
        fields.append("continue: true")
    if depth and (children := draw(st.lists(routes(depth - 1), max_size=3))):
        fields.append(f"routes: [{', '.join(children)}]")
    return f"{{{', '.join(fields)}}}"


@st.composite
def files(draw: st.DrawFn) -> str:
    children = draw(st.lists(routes(), min_size=1, max_size=4))
    receivers = ", ".join(f'{{name: "{number}"}}' for number in range(6))
    return f'route: {{receiver: "0", routes: [{", ".join(children)}]}}\nreceivers: [{receivers}]\n'


signals = st.fixed_dictionaries({}, optional={name: st.sampled_from(("", *values)) for name, values in VALUES.items()})


def _quoted(text: str) -> str:
    """As a YAML string in single quotes, in which only they are special."""
    return "'" + text.replace("'", "''") + "'"


def _by_amtool(file: Path, labels: dict[str, str]) -> list[str]:
    given_labels = [str(Matcher(name, Operator.IS, value)) for name, value in labels.items() if value]
    command = ["amtool", "config", "routes", "test", "--config.file", str(file), *given_labels]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr + file.read_text()
    return run.stdout.strip().split(",")


@settings(
    max_examples=examples(60),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(text=files(), asked=st.lists(signals, min_size=4, max_size=4))
def test_a_random_tree_leads_where_alertmanager_says(text: str, asked: list[dict[str, str]]) -> None:
    assert check_routes(text).problems == ()
    ours = load(text, "routes.yml")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "alertmanager.yml"
        file.write_text(text, encoding="utf-8")
        for labels in asked:
            theirs = _by_amtool(file, labels)

            told = [one.receiver for one in ours.destinations(labels, on=NOON)]

            # A receiver that two routes lead to is told once.
            assert told == list(dict.fromkeys(theirs)), (text, labels)
