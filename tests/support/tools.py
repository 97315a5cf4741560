"""Tests that need more than Python: Chromium, npm's packages, or the packages of the extra `analysis`."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from scoring.backtest.packages import is_installed

Test = TypeVar("Test", bound=Callable[..., Any])


def needs_analysis(package: str) -> Callable[[Test], Test]:
    """`make test-tools` runs the test; elsewhere it is skipped where the package is missing."""
    skipped = pytest.mark.skipif(not is_installed(package), reason="needs the extra [analysis]: make analysis")

    def mark(test: Test) -> Test:
        marked: Test = pytest.mark.tools(skipped(test))
        return marked

    return mark
