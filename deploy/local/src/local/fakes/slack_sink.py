"""Slack as far as our messages go, on this machine: incoming webhooks and chat.postMessage.

It keeps what is posted, holds it to Block Kit's limits, and fails as it is told to.
"""

import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from local.fakes.arrivals import Arrivals
from local.fakes.block_kit import problems
from local.fakes.http_server import HOST, Ending, FakeHttpServer, Reply, Request

LONGEST_TEXT = 40_000
MOST_ATTACHMENTS = 100
_WEBHOOKS = "/services/"
_POST_MESSAGE = "/api/chat.postMessage"
# What Slack answers to a webhook with; everything else is a 400.
_WEBHOOK_STATUS = {"action_prohibited": 403, "channel_not_found": 404, "no_service": 404, "channel_is_archived": 410}


@dataclass(frozen=True)
class SlackReply:
    """One answer, word for word. `taken`: the message is posted all the same."""

    body: str
    status: int = 200
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)
    taken: bool = False


@dataclass(frozen=True)
class SlackError:
    """By the error's name, as Slack says it: in JSON to the bot, as a status and a word to a webhook."""

    error: str


@dataclass(frozen=True)
class SlackEnding:
    """No answer at all. `taken`: the message is posted first, so that only the sender does not know."""

    how: Ending
    taken: bool = False


SlackAnswer = SlackReply | SlackError | SlackEnding


def rate_limited(retry_after: float | str = 1) -> SlackReply:
    body = '{"ok":false,"error":"ratelimited"}'
    return SlackReply(body, status=429, content_type="application/json", headers={"Retry-After": str(retry_after)})


def broken(status: int = 500, *, taken: bool = False) -> SlackReply:
    return SlackReply("<h1>Something went wrong</h1>", status=status, content_type="text/html", taken=taken)


def silence(*, taken: bool = False) -> SlackEnding:
    return SlackEnding(Ending.SILENCE, taken)


def cut(*, taken: bool = False) -> SlackEnding:
    return SlackEnding(Ending.CUT, taken)


@dataclass(frozen=True)
class SlackPost:
    """A message as posted. `to` is the webhook's name, or the channel or member that the bot named.

    `moment` is seconds since the epoch. `ts` is what answers name as their `thread`; a webhook's sender never hears it.
    """

    moment: float
    to: str
    webhook: bool
    text: str
    blocks: tuple[dict[str, Any], ...]
    thread: str | None
    ts: str
    body: dict[str, Any] = field(repr=False)

    @property
    def lane(self) -> str:
        return f"{'webhook' if self.webhook else 'slack'}:{self.to}"


class SlackSink:
    """`posts` has what was posted, `requests` every try. Without a `token` any is good, but there must be one."""

    def __init__(self, *, port: int = 0, token: str | None = None) -> None:
        self._token = token
        self._server = FakeHttpServer(self._answer, port=port)
        self._plan: deque[SlackAnswer] = deque()
        self._always: SlackAnswer | None = None
        self.posts: Arrivals[SlackPost] = Arrivals()
        self.requests: Arrivals[Request] = Arrivals()

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.stop()

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def api_url(self) -> str:
        """What the bot is given in the place of https://slack.com/api/."""
        return f"http://{HOST}:{self.port}/api/"

    def webhook(self, name: str) -> str:
        """The URL of an incoming webhook; every name has one."""
        return f"http://{HOST}:{self.port}{_WEBHOOKS}{name}"

    def plan(self, *answers: SlackAnswer) -> None:
        """The next requests are met by these, one each, in the order in which they come; then all is well again."""
        self._plan.extend(answers)

    def always(self, answer: SlackAnswer | None) -> None:
        """From now on every request that has no planned answer is met by this one; None: all is well again."""
        self._always = answer

    async def _answer(self, request: Request) -> Reply | Ending:
        answer = self._plan.popleft() if self._plan else self._always
        reply = await self._met(request, answer)
        await self.requests.add(request)
        return reply

    async def _met(self, request: Request, answer: SlackAnswer | None) -> Reply | Ending:
        match answer:
            case None:
                return await self._taken(request)
            case SlackError():
                return _refusal(request, answer.error)
            case SlackReply():
                if answer.taken:
                    await self._taken(request)
                return Reply(
                    status=answer.status, body=answer.body, content_type=answer.content_type, headers=answer.headers
                )
            case SlackEnding():
                if answer.taken:
                    await self._taken(request)
                return answer.how

    async def _taken(self, request: Request) -> Reply:
        if request.method != "POST" or not _is_known(request.path):
            return Reply(status=404, body="not found")
        body = _object(request.body)
        if body is None:
            return _refusal(request, "invalid_json" if request.path == _POST_MESSAGE else "invalid_payload")
        found = problems(body["blocks"]) if "blocks" in body else []
        if error := self._wrong(request, body) or ("invalid_blocks" if found else None):
            return _refusal(request, error, found)
        post = self._post(request, body)
        await self.posts.add(post)
        if post.webhook:
            return Reply(body="ok")
        message = {"type": "message", "text": post.text, "ts": post.ts}
        return _json({"ok": True, "channel": post.to, "ts": post.ts, "message": message})

    def _wrong(self, request: Request, body: dict[str, Any]) -> str | None:
        """The error that Slack would name before it looks at the blocks."""
        if request.path == _POST_MESSAGE and (error := self._not_allowed(request) or self._nowhere(body)):
            return error
        if not body.get("text") and not body.get("blocks") and not body.get("attachments"):
            return "no_text"
        if len(body.get("text") or "") > LONGEST_TEXT:
            return "msg_too_long"
        return "too_many_attachments" if len(body.get("attachments") or ()) > MOST_ATTACHMENTS else None

    def _not_allowed(self, request: Request) -> str | None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            return "not_authed"
        return None if self._token in (None, token) else "invalid_auth"

    def _nowhere(self, body: dict[str, Any]) -> str | None:
        channel, thread = body.get("channel"), body.get("thread_ts")
        if not channel:
            return "channel_not_found"
        known = any(post.ts == thread and post.to == channel and not post.webhook for post in self.posts.all)
        return None if thread is None or known else "thread_not_found"

    def _post(self, request: Request, body: dict[str, Any]) -> SlackPost:
        moment = time.time()
        webhook = request.path.startswith(_WEBHOOKS)
        return SlackPost(
            moment=moment,
            to=request.path.removeprefix(_WEBHOOKS) if webhook else body["channel"],
            webhook=webhook,
            text=body.get("text") or "",
            blocks=tuple(body.get("blocks") or ()),
            thread=None if webhook else body.get("thread_ts"),
            ts=f"{int(moment)}.{len(self.posts.all) + 1:06d}",
            body=body,
        )


def _is_known(path: str) -> bool:
    return path == _POST_MESSAGE or (path.startswith(_WEBHOOKS) and path != _WEBHOOKS)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        decoded = json.loads(body)
    except ValueError:
        return None
    return decoded if isinstance(decoded, dict) else None


def _refusal(request: Request, error: str, found: list[str] | None = None) -> Reply:
    if request.path == _POST_MESSAGE:
        messages = {"response_metadata": {"messages": [f"[ERROR] {one}" for one in found]}} if found else {}
        return _json({"ok": False, "error": error, **messages})
    return Reply(status=_WEBHOOK_STATUS.get(error, 400), body=error)


def _json(body: dict[str, Any]) -> Reply:
    return Reply(body=json.dumps(body), content_type="application/json")
