"""The core under test by its public API. Which core that is, and how it is asked when it is due, is said only here."""

from scoring.health.account import Account
from scoring.health.scorer import Scorer
from scoring.health.view import View

__all__ = ["Account", "Scorer", "View", "due_of"]


def due_of(scorer: Scorer, account: Account) -> int | None:
    """The exact whole second at which silence next changes anything; None if it never does."""
    return scorer.find_due(account)
