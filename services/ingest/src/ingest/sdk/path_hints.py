"""Says whose path an unknown path looks like, and what its sender should do. Pure."""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from ingest.sdk.paths import SDK_PATHS


class LooksLike(StrEnum):
    """The client whose path it seems to be."""

    SEGMENT = "segment"
    RUDDERSTACK = "rudderstack"
    POSTHOG = "posthog"
    AMPLITUDE = "amplitude"
    MIXPANEL = "mixpanel"
    CLOUDEVENTS = "cloudevents"
    OWN = "own"
    OTHER = "other"


class PathHint(NamedTuple):
    """`text` is for the person who set up the client."""

    looks_like: LooksLike
    text: str


_KNOWN: Final[tuple[tuple[str, LooksLike, str], ...]] = (
    (
        r"/v1/projects/[^/]+/settings",
        LooksLike.SEGMENT,
        "the settings that analytics.js loads from Segment's CDN: point only its API host at us",
    ),
    (
        r"/sourceConfig",
        LooksLike.RUDDERSTACK,
        "the configuration that RudderStack's browser client loads: point only its data plane at us",
    ),
    (
        r"/i/v1/.*",
        LooksLike.POSTHOG,
        "PostHog's capture mode v1: leave the client at its default mode, which posts to /batch/",
    ),
    (
        r"/(array|static|s|surveys|api/(feature_flag|surveys|projects)|i/v0/ai)(/.*)?",
        LooksLike.POSTHOG,
        "a part of PostHog that is not here: only its events are taken (/batch/, /capture/, /e/)",
    ),
    (
        r"/(2/)?(identify|groupidentify)",
        LooksLike.AMPLITUDE,
        "Amplitude's identify API: send $identify and $groupidentify events to /2/httpapi",
    ),
    (r"/(api/)?(v\d+/)?events?(/batch)?", LooksLike.OWN, "our own events go to POST /v1/events"),
    (r"/(v1/)?(ce|cloud-?events?)", LooksLike.CLOUDEVENTS, "CloudEvents go to POST /v1/cloudevents"),
)
_PATTERNS: Final = tuple((re.compile(pattern, re.IGNORECASE), whose, text) for pattern, whose, text in _KNOWN)
# The longest first: /v1/batch ends in /batch.
_SDK_PATHS: Final = sorted(SDK_PATHS, key=len, reverse=True)


def hint_for(path: str) -> PathHint:
    """A hint by the path only."""
    path = path.rstrip("/")
    for pattern, whose, text in _PATTERNS:
        if pattern.fullmatch(path):
            return PathHint(whose, f"this looks like {text}")
    for known in _SDK_PATHS:
        # A single letter could be of any client.
        if len(known) > 3 and path.endswith(known):
            whose = LooksLike(SDK_PATHS[known].make().name)
            prefix = path.removesuffix(known)
            text = f"this looks like {whose}'s {known} behind {prefix}: give the client our address without a path"
            return PathHint(whose, text)
    return PathHint(LooksLike.OTHER, "there is nothing at this path")
