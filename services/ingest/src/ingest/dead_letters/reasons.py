"""What the reason of a dead letter means, and what to do about it, in words. Pure."""

from typing import NamedTuple

from common.contracts.dead_letters import DeadReason


class Explanation(NamedTuple):
    means: str
    do: str


_EXPLANATIONS = {
    DeadReason.CORE_FAILED: Explanation(
        "The scoring core raised an error on this record. The account stayed as it was before it.",
        "Find `core.failed` in the worker's log: it has the traceback. Mend the card or take a newer release, then "
        "send the record again.",
    ),
    DeadReason.UNREADABLE: Explanation(
        "The bytes are no record of this topic: no JSON, another shape, or an account id that nothing can store.",
        "Another program than ingest wrote to the topic: keep it off. The record cannot be sent again; post the event "
        "to ingest instead.",
    ),
    DeadReason.WRONG_PARTITION: Explanation(
        "The event was in another partition than its account's, so another worker owns the account.",
        "Another program than ingest wrote to the topic: keep it off. Sent again, the event goes to its account's "
        "partition.",
    ),
    DeadReason.CARD_CHANGE: Explanation(
        "Somebody wrote an activation of a scorecard to the topic, which this release does not support.",
        "Nothing has to be sent again. See CHANGELOG.md for a release that supports it.",
    ),
    DeadReason.UNKNOWN_TYPE: Explanation(
        "An operator set the record aside with `python -m scoring log skip`, for no release knew its type.",
        "Nothing, unless a newer release knows the type after all.",
    ),
}
_UNKNOWN = Explanation(
    "This release does not know the reason: another release or program wrote it.",
    "See CHANGELOG.md, and use the release that set the record aside.",
)

_OF_INGEST = Explanation(
    "Ingest could make no event of this message. The header `errors` says which field was wrong, and how.",
    "Mend mapping.yml, or tell ingest whose account it is, then `dead resend` takes the message once more.",
)


def explain(reason: str, *, origin: str) -> Explanation:
    """The meaning of a reason, and what to do. `origin` is the service that wrote the letter."""
    if origin == "ingest":
        return _OF_INGEST
    try:
        return _EXPLANATIONS[DeadReason(reason)]
    except ValueError:
        return _UNKNOWN
