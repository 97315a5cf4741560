"""`make pictures` makes one of every page in the navigation, and of each kind of page that they lead to."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from console.access.roles import Role
from console.pages.registry import PAGES
from pictures.__main__ import index
from pictures.camera import PageUnavailable, Picture, kind_of, picture_pages
from support.console_browser import ServedConsole
from support.portfolio_double import listed

Opened = Callable[..., Page]
PATHS = [page.path for page in PAGES if page.in_navigation]
PNG = b"\x89PNG\r\n\x1a\n"


def test_every_page_of_the_registry_has_a_picture(console: ServedConsole, chromium: Browser, tmp_path: Path) -> None:
    console.scoring.rows = [listed(number) for number in range(20)]
    found = picture_pages(chromium, console.link_for("a@example.com", Role.ADMIN), paths=PATHS, into=tmp_path)
    assert {kind_of(path) for path in PATHS} <= {one.name for one in found}
    # A page with more sections than one picture has room for has several.
    assert next(one.files for one in found if one.name == "kpis")[:2] == ("kpis.png", "kpis-2.png")
    assert {one.name for one in found} >= {"admin", "admin-users", "admin-keys", "admin-dead-letters", "admin-erasures"}
    files = {name for one in found for name in one.files}
    assert files == {file.name for file in tmp_path.iterdir()}
    for name in files:
        file = (tmp_path / name).read_bytes()
        assert file.startswith(PNG)
        assert int.from_bytes(file[16:20], "big") == 1280
        assert len(file) < 600_000


def test_a_page_that_names_a_service_as_away_is_no_picture(
    console: ServedConsole, chromium: Browser, tmp_path: Path
) -> None:
    console.scoring.failing = {"/v1/portfolio"}
    try:
        with pytest.raises(PageUnavailable, match="The scoring service does not answer"):
            picture_pages(chromium, console.link_for("b@example.com", Role.ADMIN), paths=["/kpis"], into=tmp_path)
        with pytest.raises(PageUnavailable, match="/nowhere: 404"):
            picture_pages(chromium, console.link_for("c@example.com", Role.ADMIN), paths=["/nowhere"], into=tmp_path)
    finally:
        console.scoring.failing = set()


def test_pages_that_only_others_lead_to_are_of_one_kind_by_their_first_segment() -> None:
    assert kind_of("/accounts/acme?tab=people") == kind_of("/accounts/bolt") == "accounts"
    assert kind_of("/kpis?by=tier") == "kpis"
    assert kind_of("/admin/keys?revoked=a") == "admin-keys"
    assert kind_of("/") == ""


def test_the_index_has_each_picture() -> None:
    text = index(
        [Picture("portfolio", "Portfolio", ("portfolio.png",)), Picture("kpis", "KPIs", ("kpis.png", "kpis-2.png"))]
    )
    assert "## Portfolio\n\n![Portfolio](portfolio.png)\n" in text
    assert "## KPIs\n\n![KPIs](kpis.png)\n\n![KPIs](kpis-2.png)\n" in text
