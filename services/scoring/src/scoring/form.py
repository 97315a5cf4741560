"""In which form the core runs: `make compile` and the image build it with mypyc, everywhere else Python interprets it.

Both forms are made of the same files and give the same bits, so this is for people: a slow worker may be one that was
meant to run the compiled form.
"""

from importlib.machinery import ExtensionFileLoader
from importlib.util import find_spec
from typing import Literal

from prometheus_client import CollectorRegistry, Gauge

Form = Literal["compiled", "interpreted"]

# Where an account's events are applied. All modules that are compiled are compiled together.
_SCORER = "scoring.health.scorer"


def core_form() -> Form:
    """Looks where Python finds the scorer, or has found it already."""
    found = find_spec(_SCORER)
    compiled = found is not None and isinstance(found.loader, ExtensionFileLoader)
    return "compiled" if compiled else "interpreted"


def show_core_form(registry: CollectorRegistry) -> None:
    """Of the worker and of the read API, which looks at accounts with the same core."""
    info = Gauge(
        "churn_scoring_core_info", "Always 1; in which form the scoring core runs.", ("form",), registry=registry
    )
    info.labels(core_form()).set(1)
