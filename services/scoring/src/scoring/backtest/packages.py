"""The packages of the extra [analysis]. They are imported here, when something needs them, and nowhere else."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from scoring.backtest.errors import MissingPackages

LEARNED = "learning baselines (logistic regression on 28-day counts, gradient boosting)"
# Package -> what needs it.
_NEEDED_FOR = {
    "sklearn": LEARNED,
    "threadpoolctl": LEARNED,
    "scipy": "`card suggest`",
    "matplotlib": "--png",
    "pyarrow": "a Parquet file",
}
# The name to install where it differs from the one to import.
_INSTALLED_AS = {"sklearn": "scikit-learn"}


def is_installed(package: str) -> bool:
    return find_spec(package) is not None


def load(module: str) -> Any:
    """The module, imported. Raises `MissingPackages`."""
    package = module.split(".")[0]
    if not is_installed(package):
        raise MissingPackages(_INSTALLED_AS.get(package, package), _NEEDED_FOR[package])
    return import_module(module)
