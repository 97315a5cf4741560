"""Every yes and no of alerts, by name. The same words are stored, logged, counted and shown by the API."""

from enum import StrEnum


class DecisionVerdict(StrEnum):
    TELL = "tell"
    KEEP = "keep"  # recorded, not told
    WAIT = "wait"


class DecisionReason(StrEnum):
    """Why a signal is told, kept or made to wait; each belongs to one verdict."""

    # told
    NEW = "new"
    WORSE = "worse than last told"
    AGAIN = "told last longer ago than the repeat interval"
    RECOVERED = "recovered"
    HANDED_ON = "handed on, the way before it failed"

    # kept
    HISTORY = "history"
    NO_CHANNEL = "the routes tell nobody"
    OVERTAKEN = "overtaken before told"
    RECOVERED_BEFORE_TOLD = "recovered before told"
    NOT_WORSE = "not worse than last told"
    BETTER = "better, but not recovered"
    REPEATED = "told within the repeat interval"
    ACKNOWLEDGED = "acknowledged"
    LEFT = "the account has left"
    UNREADABLE = "it waited, and what was stored of it cannot be read"

    # waits
    LATE = "late, waits for word that scoring has caught up"

    @property
    def verdict(self) -> DecisionVerdict:
        if self in _TOLD:
            return DecisionVerdict.TELL
        return DecisionVerdict.WAIT if self is DecisionReason.LATE else DecisionVerdict.KEEP


_TOLD = frozenset(
    {
        DecisionReason.NEW,
        DecisionReason.WORSE,
        DecisionReason.AGAIN,
        DecisionReason.RECOVERED,
        DecisionReason.HANDED_ON,
    }
)
