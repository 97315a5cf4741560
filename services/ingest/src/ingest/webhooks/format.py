"""One webhook as a format of requests: it checks who sent a request, and writes the answer."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from starlette.responses import Response

from common.auth import KeyVerifier, authorize_sdk
from common.keys import Key, Scope
from common.problems import Problem
from ingest.errors import FieldError
from ingest.intake.report import IntakeReport
from ingest.mapping.item import IgnoredReason, IntakeItem
from ingest.mapping.senders.registry import sender_of
from ingest.mapping.senders.section import WebhookSection
from ingest.mapping.senders.sender import WebhookSender
from ingest.mapping.senders.signatures import REPLAY_SECONDS, SignatureFault
from ingest.receiving.post_request import PostRequest
from ingest.webhooks.metrics import WebhookMetrics
from ingest.webhooks.signing_keys import signing_keys

_DETAILS: Final = {
    SignatureFault.MISSING: "a header of the signature is missing: does the sender sign, does a proxy drop it?",
    SignatureFault.MALFORMED: "the signature's headers cannot be read",
    SignatureFault.WRONG: "no secret of this webhook gives this signature",
    SignatureFault.TOO_OLD: f"signed more than {REPLAY_SECONDS:g} s ago",
    SignatureFault.IN_THE_FUTURE: f"signed more than {REPLAY_SECONDS:g} s ahead of our clock",
}


class RefusedAnswer(Struct, frozen=True):
    """A message that went to the dead topic, with the reasons."""

    index: int
    errors: tuple[FieldError, ...]


class WebhookAnswer(Struct, frozen=True):
    """`messages` counts all, `events` those events that Kafka has. `ignored` says why messages make no event."""

    messages: int
    events: int
    refused: tuple[RefusedAnswer, ...] = ()
    ignored: tuple[IgnoredReason, ...] = ()


class WebhookFormat:
    """`signing` has the keys of its secrets; it is empty if the sender authenticates by an API key."""

    def __init__(
        self,
        name: str,
        section: WebhookSection,
        sender: WebhookSender,
        *,
        signing: Sequence[bytes],
        keys: KeyVerifier,
        metrics: WebhookMetrics,
        now: Callable[[], datetime],
    ) -> None:
        self.name = f"webhook:{name}"
        self._webhook = name
        self._source = section.source
        self._sender = sender
        self._signing = signing
        self._keys = keys
        self._metrics = metrics
        self._now = now
        self._own_key = Key(id=self.name, source=section.source, scopes=frozenset([Scope.WEBHOOKS]), created_at=now())

    async def key_of_head(self, request: PostRequest) -> Key | None:
        """The API key, with the source that mapping.yml gives the webhook; None if the sender signs."""
        if self._sender.signature is not None:
            return None
        key = await authorize_sdk(request.header(b"authorization"), self._keys, Scope.WEBHOOKS)
        return replace(key, source=self._source)

    async def key_of_body(self, request: PostRequest, body: bytes) -> Key:
        assert self._sender.signature is not None
        fault = self._sender.signature.check(request, body, keys=self._signing, now=self._now())
        if fault is not None:
            self._metrics.refused(self._webhook, fault)
            raise Problem(401, f"signature_{fault.value}", _DETAILS[fault])
        return self._own_key

    def read(self, body: bytes, request: PostRequest, *, source: str, received_at: datetime) -> Sequence[IntakeItem]:
        return self._sender.read(body, request, received_at=received_at)

    def history(self, request: PostRequest) -> bool:
        return False

    def answer(self, report: IntakeReport) -> Response:
        """200 even with refused messages: the sender could only send the same again."""
        refused = tuple(RefusedAnswer(one.index, one.errors) for one in report.refused)
        answer = WebhookAnswer(report.messages, len(report.events), refused, tuple(report.ignored))
        return Response(msgspec.json.encode(answer), 200, media_type="application/json")

    def problem(self, problem: Problem) -> Response:
        return problem.response()


def webhook_formats(
    sections: Mapping[str, WebhookSection],
    secrets: Mapping[str, Sequence[str]],
    *,
    keys: KeyVerifier,
    metrics: WebhookMetrics,
    now: Callable[[], datetime],
) -> dict[str, WebhookFormat]:
    """The formats of all webhooks in mapping.yml, by name. Raises `UnusableSecrets`."""
    senders = {name: sender_of(name, section) for name, section in sections.items()}
    signing = signing_keys(senders, secrets)
    return {
        name: WebhookFormat(name, sections[name], sender, signing=signing[name], keys=keys, metrics=metrics, now=now)
        for name, sender in senders.items()
    }
