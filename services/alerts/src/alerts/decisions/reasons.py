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
    WITHDRAWN = "reported by mistake, and told before"
    STANDS = "came back within repeat_interval, and has stood for twice that long"
    HANDED_ON = "handed on, the way before it failed"
    RESENT = "sent again on request, after it had failed"
    FIRST_LOOK = "told in a first look"

    # kept
    HISTORY = "history"
    NO_CHANNEL = "the routes tell nobody"
    OVERTAKEN = "overtaken before told"
    RECOVERED_BEFORE_TOLD = "recovered before told"
    WITHDRAWN_BEFORE_TOLD = "withdrawn before told"
    NOTHING_TOLD = "nothing was told of what is withdrawn"
    NOT_WORSE = "not worse than last told"
    BETTER = "better, but not recovered"
    REPEATED = "told within the repeat interval"
    WITHIN_RESOLVE = "within resolve_after"
    ACKNOWLEDGED = "acknowledged"
    LEFT = "the account has left"
    OTHER_OWNER = "the account has another owner now"
    MERGED = "merged"
    NOTHING_STANDS = "nothing stands"
    UNREADABLE = "it waited, and what was stored of it cannot be read"

    # waits
    LATE = "late, waits for word that scoring has caught up"
    HELD = "recovered, waits until it has held for resolve_after"
    WITHIN_REPEAT = "within repeat_interval"
    GATHERED = "gathered into a first look"

    @property
    def verdict(self) -> DecisionVerdict:
        if self in _TOLD:
            return DecisionVerdict.TELL
        return DecisionVerdict.WAIT if self in _WAITS else DecisionVerdict.KEEP


_TOLD = frozenset(
    {
        DecisionReason.NEW,
        DecisionReason.WORSE,
        DecisionReason.AGAIN,
        DecisionReason.RECOVERED,
        DecisionReason.WITHDRAWN,
        DecisionReason.STANDS,
        DecisionReason.HANDED_ON,
        DecisionReason.RESENT,
        DecisionReason.FIRST_LOOK,
    }
)
_WAITS = frozenset({DecisionReason.LATE, DecisionReason.HELD, DecisionReason.WITHIN_REPEAT, DecisionReason.GATHERED})
