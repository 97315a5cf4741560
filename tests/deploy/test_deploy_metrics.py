"""Dashboard, rules and docs speak of metrics that exist, in PromQL, and Prometheus likes their names."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from common.metrics import exposition
from support.deployment import ROOT
from support.exposed import registries, series
from support.watched import ALERTS, DASHBOARD, PANELS, PROMETHEUS, RECORDED, RULES, yaml

# Prometheus adds `up`, and to every series where it comes from; rules record what they work out.
SERIES = {**series(), "up": frozenset[str](), **dict.fromkeys(RECORDED, frozenset[str]())}
ADDED = {"job", "instance"}

_NAME = re.compile(r"\b(?:churn[_:][\w:]+|process_\w+|up\b)")
_SELECTOR = re.compile(r"\b(?P<name>churn_\w+|process_\w+|up)\{(?P<labels>[^}]*)\}")
_GROUPING = re.compile(r"\bby \((?P<labels>[^)]*)\)")

RUNBOOK = "docs/operations.md"

promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool (Debian: prometheus)")


EXPRESSIONS = [
    *(target["expr"] for panel in PANELS for target in panel["targets"]),
    *(rule["expr"] for rule in RULES),
]


def labels_asked(expression: str) -> set[str]:
    grouped = (found["labels"].split(",") for found in _GROUPING.finditer(expression))
    return {label.strip() for labels in grouped for label in labels}


def checked(*words: str, given: bytes | None = None) -> None:
    done = subprocess.run(["promtool", *words], input=given, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_asks_for_series_and_labels_that_exist(expression: str) -> None:
    names = set(_NAME.findall(expression))
    assert names
    assert names <= set(SERIES)
    assert labels_asked(expression) <= ADDED.union(*(SERIES[name] for name in names))
    for found in _SELECTOR.finditer(expression):
        matched = set(re.findall(r"(\w+)\s*[=!]", found["labels"]))
        assert matched <= SERIES[found["name"]] | ADDED


def test_a_legend_or_summary_names_labels_that_its_expression_keeps() -> None:
    told = [(target["expr"], target["legendFormat"]) for panel in PANELS for target in panel["targets"]]
    for expression, legend in told:
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= labels_asked(expression)
    for rule in ALERTS:
        summary = rule["annotations"]["summary"] + rule["annotations"]["description"]
        assert set(re.findall(r"\$labels\.(\w+)", summary)) <= labels_asked(rule["expr"])


@pytest.mark.parametrize("path", ["docs", "README.md"])
def test_the_docs_name_metrics_that_exist(path: str) -> None:
    pages = sorted((ROOT / path).rglob("*.md")) or [ROOT / path]
    families = {name.removesuffix("_bucket") for name in SERIES}
    for page in pages:
        named = set(re.findall(r"\b(churn[_:][\w:]*\w)", page.read_text()))
        assert named <= families | set(SERIES), page.name


def test_every_rule_is_tried_in_both_ways() -> None:
    silent: set[str] = set()
    fired: set[str] = set()
    for path in sorted((PROMETHEUS / "tests").glob("*.yml")):
        for case in yaml(path)["tests"]:
            for tried in case["alert_rule_test"]:
                (fired if tried["exp_alerts"] else silent).add(tried["alertname"])
    assert {rule["alert"] for rule in ALERTS} == silent == fired


def test_every_rule_has_a_section_that_says_what_to_do_and_every_section_a_rule() -> None:
    page = (ROOT / RUNBOOK).read_text()
    sections = re.split(r"^### ", page[page.index("## When an alert fires") :].split("\n## ")[0], flags=re.MULTILINE)[
        1:
    ]
    titles = [section.partition("\n")[0] for section in sections]
    assert len(titles) == len(set(titles))
    assert set(titles) == {rule["alert"] for rule in ALERTS}
    for section in sections:
        for part in ("**Means.**", "**Customer success notices.**", "**Look.**", "**Do.**", "**Over when.**"):
            assert section.count(part) == 1, (section.partition("\n")[0], part)
    for rule in ALERTS:
        assert rule["annotations"]["runbook_url"] == f"{RUNBOOK}#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("critical", "warning")


@pytest.mark.servers
def test_the_runbook_asks_for_series_labels_and_commands_that_exist() -> None:
    page = (ROOT / RUNBOOK).read_text()
    for found in _SELECTOR.finditer(page):
        matched = set(re.findall(r"(\w+)\s*[=!]", found["labels"]))
        name = found["name"] if found["name"] in SERIES else f"{found['name']}_bucket"
        assert matched <= SERIES[name] | ADDED, found[0]
    commands = set(re.findall(r"python -m (ingest|scoring|alerts) ([a-z]+)(?: ([a-z]+))?", page))
    assert commands
    for service, command, action in commands:
        done = subprocess.run(
            [sys.executable, "-m", service, command, *([action] if action else []), "--help"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (service, command, action, done.stderr)


def test_every_panel_says_what_it_shows_and_stands_alone_in_its_place() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
    for panel in PANELS:
        assert panel["title"]
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]


def test_the_dashboard_is_the_one_that_grafana_opens_with_its_data_source() -> None:
    grafana = ROOT / "deploy" / "grafana"
    (source,) = yaml(grafana / "provisioning" / "datasources" / "prometheus.yml")["datasources"]
    (variable,) = DASHBOARD["templating"]["list"]
    assert (variable["type"], variable["query"], source["type"]) == ("datasource", "prometheus", "prometheus")
    assert {target["datasource"]["uid"] for panel in PANELS for target in panel["targets"]} == {"${datasource}"}
    (provider,) = yaml(grafana / "provisioning" / "dashboards" / "files.yml")["providers"]
    container = yaml(ROOT / "docker-compose.yml")["services"]["grafana"]
    home = container["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/churn-signals.json"
    assert f"./deploy/grafana/dashboards:{provider['options']['path']}:ro" in container["volumes"]


@promtool
@pytest.mark.parametrize("job", registries())
def test_prometheus_has_nothing_to_say_against_our_metrics(job: str) -> None:
    checked("check", "metrics", given=exposition(registries()[job]))


@promtool
def test_every_expression_of_the_dashboard_is_promql(tmp_path: Path) -> None:
    asked = [target["expr"].replace("$__rate_interval", "1m") for panel in PANELS for target in panel["targets"]]
    recorded = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(asked)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": recorded}]}))
    checked("check", "rules", str(file))


@promtool
@pytest.mark.servers
def test_the_rules_fire_as_their_tests_say() -> None:
    checked("check", "config", "--lint=all", "--lint-fatal", str(PROMETHEUS / "prometheus.yml"))
    checked("check", "rules", "--lint=all", "--lint-fatal", *map(str, sorted((PROMETHEUS / "rules").glob("*.yml"))))
    checked("test", "rules", *map(str, sorted((PROMETHEUS / "tests").glob("*.yml"))))
