"""docs/kpis.md has every KPI, and every KPI is computed by hand in a test."""

from pathlib import Path

from scoring.kpis.kpi_list import KPIS
from scoring.kpis.page import page

DOCS = Path(__file__).parents[4] / "docs"
BY_HAND = Path(__file__).with_name("test_kpis_by_hand.py").read_text(encoding="utf-8")


def test_the_page_is_what_the_command_prints() -> None:
    assert (DOCS / "kpis.md").read_text(encoding="utf-8") == page()


def test_every_kpi_is_computed_by_hand() -> None:
    assert [kpi.name for kpi in KPIS if f'"{kpi.name}"' not in BY_HAND] == []


def test_names_stand_once() -> None:
    names = [kpi.name for kpi in KPIS]
    assert len(set(names)) == len(names)
