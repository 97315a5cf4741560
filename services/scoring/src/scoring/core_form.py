"""Whether the core runs compiled or interpreted: `make compile` and the image compile it with mypyc.

Both forms give the same bits. The form is shown to operators, because a slow worker may run the wrong one.
"""

from importlib.machinery import ExtensionFileLoader
from importlib.util import find_spec
from typing import Literal

Form = Literal["compiled", "interpreted"]

# All compiled modules are compiled together, so one of them stands for all.
_SCORER = "scoring.health.scorer"


def core_form() -> Form:
    """By the loader that Python finds for the scorer."""
    found = find_spec(_SCORER)
    compiled = found is not None and isinstance(found.loader, ExtensionFileLoader)
    return "compiled" if compiled else "interpreted"
