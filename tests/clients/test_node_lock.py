"""The lock file names packages and hashes, and never where they come from: that is for each machine to say."""

import json
from pathlib import Path

LOCK = Path(__file__).parent / "node" / "package-lock.json"


def test_the_lock_file_of_the_node_clients_names_no_addresses() -> None:
    assert "://" not in LOCK.read_text(encoding="utf-8")


def test_every_node_package_is_pinned_by_its_hash() -> None:
    packages = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]
    del packages[""]
    assert {name for name, one in packages.items() if not one.get("integrity", "").startswith("sha512-")} == set()
