"""What Prometheus and Grafana are told to watch: the rules and the dashboard, as their files say."""

import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from support.deployment import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "churn-signals.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def yaml(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path)


RULE_FILES = sorted((PROMETHEUS / "rules").glob("*.yml"))
RULES: list[dict[str, Any]] = [rule for path in RULE_FILES for group in yaml(path)["groups"] for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED: list[str] = [rule["record"] for rule in RULES if "record" in rule]
