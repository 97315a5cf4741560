"""The paths to which clients post, each with its format."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from msgspec import Struct

from common.auth import KeyVerifier
from ingest.intake.format import FormatMaker, RequestFormat
from ingest.mapping.message import MessageKind
from ingest.mapping.rules import MappingRules
from ingest.sdk.amplitude import AmplitudeFormat
from ingest.sdk.cloudevents import CloudEventsFormat
from ingest.sdk.either_format import PostHogOrAmplitude
from ingest.sdk.mixpanel import MIXPANEL, MixpanelContent, MixpanelFormat
from ingest.sdk.posthog import PostHogFormat
from ingest.sdk.sdk_format import SdkFormat
from ingest.sdk.segment import SegmentFormat
from ingest.sdk.wire_format import WireFormat


class SdkPath(Struct, frozen=True):
    """`make` makes the format of one request. `summary` is for the API's document.

    `key_parameter` is the parameter of the address that has the key if no header has it.
    """

    make: Callable[[], WireFormat]
    summary: str
    key_parameter: str | None = None

    @property
    def history(self) -> bool:
        """Whether its requests are imports, unless their parameter `history` or their body says otherwise."""
        return self.make().history

    @property
    def takes_get(self) -> bool:
        """Whether a message may stand in the address: Mixpanel's client for Node posts batches only."""
        return self.make().name == MIXPANEL


# analytics.js writes one letter, as it does for batches.
_KINDS: Final = {path: kind for kind in MessageKind for path in (f"/v1/{kind}", f"/v1/{kind[0]}")}

SDK_PATHS: Final[Mapping[str, SdkPath]] = {
    "/v1/batch": SdkPath(SegmentFormat, "A batch of Segment's or RudderStack's clients."),
    "/v1/b": SdkPath(SegmentFormat, "A batch of Segment's client in browsers."),
    # With `useBeacon` RudderStack's client in browsers sends by sendBeacon, which can set no header.
    "/beacon/v1/batch": SdkPath(
        SegmentFormat, "A batch of RudderStack's client in browsers, as a page is left.", key_parameter="writeKey"
    ),
    # Segment's clients for Ruby, Java and Android post their live batches here.
    "/v1/import": SdkPath(SegmentFormat, "A batch of Segment's clients for Ruby, Java and Android."),
    **{
        path: SdkPath(partial(SegmentFormat, kind), f"One {kind} message in Segment's format.")
        for path, kind in _KINDS.items()
    },
    "/batch": SdkPath(PostHogOrAmplitude, "A batch of PostHog's clients, or of Amplitude's: the body tells."),
    "/capture": SdkPath(PostHogFormat, "One event or a batch in PostHog's format."),
    "/e": SdkPath(PostHogFormat, "Events of PostHog's browser client."),
    "/i/v0/e": SdkPath(PostHogFormat, "Events of PostHog's clients for browsers and phones."),
    "/2/httpapi": SdkPath(AmplitudeFormat, "Events in the format of Amplitude's HTTP API V2."),
    "/track": SdkPath(MixpanelFormat, "Events in Mixpanel's format."),
    "/import": SdkPath(partial(MixpanelFormat, imports=True), "Events in Mixpanel's format of what happened long ago."),
    "/engage": SdkPath(partial(MixpanelFormat, MixpanelContent.PEOPLE), "Profiles of people in Mixpanel's format."),
    "/groups": SdkPath(partial(MixpanelFormat, MixpanelContent.GROUPS), "Profiles of groups in Mixpanel's format."),
    "/v1/cloudevents": SdkPath(CloudEventsFormat, "CloudEvents 1.0: binary, structured, or a batch."),
}


def in_both_spellings(path: str) -> tuple[str, str]:
    """Some clients have a slash at the end. They must not be redirected: Segment's takes a redirect for a success."""
    return path, f"{path}/"


def takes_get(spelled: str) -> bool:
    """Whether a path, in either spelling, takes messages in its address."""
    path = SDK_PATHS.get(spelled.removesuffix("/"))
    return path is not None and path.takes_get


def sdk_formats(keys: KeyVerifier, rules: MappingRules) -> Mapping[str, FormatMaker]:
    """For each path the function that makes the format of one request."""
    return {
        spelled: partial(_format, path, keys, rules)
        for name, path in SDK_PATHS.items()
        for spelled in in_both_spellings(name)
    }


def _format(path: SdkPath, keys: KeyVerifier, rules: MappingRules) -> RequestFormat:
    return SdkFormat(path.make(), keys=keys, rules=rules, key_parameter=path.key_parameter)
