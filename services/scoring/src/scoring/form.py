"""In which form the core runs: `make compile` and the image build it with mypyc, everywhere else Python interprets it.

Both forms are made of the same files and give the same bits, so this is for people: a slow worker may be one that was
meant to run the compiled form.
"""

from importlib.machinery import ExtensionFileLoader
from importlib.util import find_spec
from typing import Literal

Form = Literal["compiled", "interpreted"]

# Where an account's events are applied. All modules that are compiled are compiled together.
_SCORER = "scoring.health.scorer"


def core_form() -> Form:
    """Looks where Python finds the scorer, or has found it already."""
    found = find_spec(_SCORER)
    compiled = found is not None and isinstance(found.loader, ExtensionFileLoader)
    return "compiled" if compiled else "interpreted"
