"""An earlier commit beside today's code."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest

from bench.against import adding, checked_out, editable, environment_of, pinned, removing, resolving
from local.stack.processes import ServerError
from local.stack.servers import CHECKOUT

TREE = Path("/tmp/there/abc1234")
PYTHON = Path("/checkout/.venv-against-1/bin/python")


def test_the_worktree_belongs_to_no_branch_and_goes_with_what_was_built_in_it() -> None:
    git = ["git", "-C", str(CHECKOUT)]
    assert adding(TREE, "abc1234") == [*git, "worktree", "add", "--quiet", "--detach", str(TREE), "abc1234"]
    assert removing(TREE) == [*git, "worktree", "remove", "--force", str(TREE)]


def test_a_tag_means_its_commit_and_a_dash_no_option() -> None:
    *_, end, name = resolving("--all")
    assert (end, name) == ("--end-of-options", "--all^{commit}")


def test_the_environment_is_that_of_the_commits_own_lock() -> None:
    made, filled = pinned(TREE, PYTHON)
    assert made[-2:] == [sys.executable, "/checkout/.venv-against-1"]
    assert filled[-4:] == [str(PYTHON), "--require-hashes", "-r", f"{TREE}/requirements.lock"]


def test_each_lock_has_an_environment_of_its_own_that_is_not_committed() -> None:
    one, other = environment_of(b"a==1"), environment_of(b"a==2")
    assert one == environment_of(b"a==1") != other
    assert one.parent == CHECKOUT
    assert one.name.startswith(".venv-against-")
    assert ".venv-against-*/" in (CHECKOUT / ".gitignore").read_text().splitlines()


def test_every_member_of_the_worktree_is_installed_from_there(tmp_path: Path) -> None:
    for member in ("libs/common", "services/alerts", "services/scoring"):
        (tmp_path / member).mkdir(parents=True)
        (tmp_path / member / "pyproject.toml").touch()
    command = editable(tmp_path, PYTHON)
    named = [word for flag, word in pairwise(command) if flag == "-e"]
    assert named == [f"{tmp_path}/libs/common", f"{tmp_path}/services/alerts", f"{tmp_path}/services/scoring"]
    assert "--no-deps" in command


def test_without_a_commit_nothing_is_checked_out() -> None:
    with checked_out(None) as former:
        assert former is None


def test_a_commit_that_is_not_there_starts_nothing() -> None:
    with pytest.raises(ServerError, match="rev-parse"), checked_out("no-such-commit"):
        pass
